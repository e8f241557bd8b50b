"""Long work that somebody starts from a page: one at a time, in a process of its own, its words kept."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

    @property
    def busy(self) -> bool:
        """Whether it is at work."""
        return self.code is None


class Jobs:
    """The command line's own verbs, run beside the page so that the page stays small and quick."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._lock = threading.Lock()
        self.last: Job | None = None

    def start(self, name: str, arguments: Sequence[str], *, author: str, language: str) -> bool:
        """Run `monitor ARGUMENTS`, its words in `language`; False while another one runs."""
        with self._lock:
            if self.last is not None and self.last.busy:
                return False
            self.last = Job(name=name, author=author, started=self._shell.clock())
        self._shell.store.note_change(at=self.last.started, author=author, action="model", subject=name)
        threading.Thread(target=self._work, args=(self.last, list(arguments), language), daemon=True).start()
        return True

    def _work(self, job: Job, arguments: list[str], language: str) -> None:
        settings = self._shell.settings
        own = {"MONITOR_DATABASE_URL": str(settings.database), "MONITOR_DATA_DIR": str(settings.folder)}
        own["MONITOR_LANG"] = language
        said, code = "", 1
        try:
            with subprocess.Popen(
                [sys.executable, "-m", "monitor", *arguments],
                env=os.environ | own,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process:
                too_long = threading.Timer(LONGEST_S, process.kill)
                too_long.daemon = True
                too_long.start()
                for line in process.stdout or ():
                    said = (said + line)[-KEPT:]
                    self.last = replace(job, said=said)
                code = process.wait()
                too_long.cancel()
        except OSError as problem:
            said = str(problem)
        self.last = replace(job, ended=self._shell.clock(), code=code, said=said)
