"""Long work that somebody starts from a page: one at a time, in a process of its own, its words kept."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.shell import Shell

LONGEST_S = 3600
KEPT = 20_000  # characters of what it said


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was started, by whom, and what became of it; `code` is None while it runs."""

    name: str
    author: str
    started: datetime
    ended: datetime | None = None
    code: int | None = None
    said: str = ""


class Jobs:
    """The command line's own verbs, run beside the page so that the page stays small and quick."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._lock = threading.Lock()
        self.last: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether one is at work."""
        return self.last is not None and self.last.code is None

    def start(self, name: str, arguments: Sequence[str], *, author: str, language: str) -> bool:
        """Run `monitor ARGUMENTS`, its words in `language`; False while another one runs."""
        with self._lock:
            if self.busy:
                return False
            self.last = Job(name=name, author=author, started=self._shell.clock())
        self._shell.store.note_change(at=self.last.started, author=author, action="model", subject=name)
        threading.Thread(target=self._work, args=(self.last, list(arguments), language), daemon=True).start()
        return True

    def _work(self, job: Job, arguments: list[str], language: str) -> None:
        settings = self._shell.settings
        own = {"MONITOR_DATABASE_URL": str(settings.database), "MONITOR_DATA_DIR": str(settings.folder)}
        own["MONITOR_LANG"] = language
        try:
            done = subprocess.run(
                [sys.executable, "-m", "monitor", *arguments],
                env=os.environ | own,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LONGEST_S,
            )
            code, said = done.returncode, f"{done.stdout}{done.stderr}"
        except (OSError, subprocess.TimeoutExpired) as problem:
            code, said = 1, str(problem)
        self.last = Job(
            name=job.name,
            author=job.author,
            started=job.started,
            ended=self._shell.clock(),
            code=code,
            said=said[-KEPT:],
        )
