"""Every command that README, its Chinese mirror and the quick start show is run as a reader would run it.

The blocks of a page are run from top to bottom in one fresh folder, with a site of feeds and a mail server on this
machine in the place of the internet. What cannot be run here is named with its reason. Commands inside sentences
and tables are read by the real parser.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from monitor.cli import _parser
from tests.flow.conftest import FINE, HARMLESS, SANCTIONS, STRIKE, Monitor, Post, Site

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "README.zh.md", "docs/quickstart.md", "docs/quickstart.zh.md"]
NOT_RUN = {
    "git clone": "the address is the reader's; the test begins in the folder it makes",
    "cd monitor": "as above",
    "./dev pytest": "these are the tests",  # and `./dev` itself made the environment they run in
}
PROFILE = re.compile(r"```yaml\n(# profiles\.yaml.*?)```", re.DOTALL)


def blocks(page: str) -> list[str]:
    """The commands of a page's shell blocks, each on one line and without its comment."""
    text = (ROOT / page).read_text(encoding="utf-8")
    joined = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")
    parts = [re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines()]
    return [part.strip() for line in parts for part in line.split("&&") if part.strip()]


def mentioned(page: Path) -> list[str]:
    """The commands that stand inside a page's sentences and tables."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"`(?:\./dev )?monitor ([a-z][^`]*)`", text)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_does_what_it_shows(
    page: str, monitor: Monitor, site: Site, post: Post, free_port: Callable[[], int]
) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, HARMLESS, SANCTIONS]), site.rss("/b.xml", [FINE]))
    reader = Reader(monitor, {"MONITOR_SMTP_URL": post.url}, f"127.0.0.1:{free_port()}")
    if found := PROFILE.search((ROOT / page).read_text(encoding="utf-8")):
        (monitor.folder / "profiles.yaml").write_text(found[1], encoding="utf-8")
    for command in blocks(page):
        if not any(command.startswith(name) for name in NOT_RUN):
            reader.follow(command)
    assert reader.ran


@pytest.mark.parametrize("page", [*PAGES, *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))])
def test_every_command_inside_a_sentence_is_one_that_the_parser_takes(page: str) -> None:
    parser, wrong = _parser([]), []
    for command in mentioned(ROOT / page):
        words = shlex.split(re.sub(r"[…\[\]]", " ", command.partition("|")[0]))
        if "|" in command or "…" in command or "[" in command:
            words = words[:1]  # a form, not a command: its verb at least is one
        try:
            with quiet():
                parser.parse_args([*words, "--help"] if len(words) == 1 else words)
        except SystemExit as end:
            if end.code:
                wrong.append(command)
    assert not wrong


@contextmanager
def quiet() -> Iterator[None]:
    """Argparse prints where we only want to know."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


class Reader:
    """Somebody who types a page's commands one after the other; `export` holds for those after it."""

    def __init__(self, monitor: Monitor, instead: dict[str, str], page_address: str) -> None:
        self._folder, self._instead = monitor.folder, instead
        bin_folder = f"{Path(sys.executable).parent}{os.pathsep}"
        self._env = monitor.env | {"PATH": bin_folder + monitor.env["PATH"], "MONITOR_WEB_ADDRESS": page_address}
        self._page = f"http://{page_address}"
        self.ran: list[str] = []

    def follow(self, command: str) -> None:
        """Do what one command says; it has to end with 0."""
        self.ran.append(command)
        line = command.replace("./dev ", "")
        if command.startswith("export "):
            given = dict(word.split("=", 1) for word in shlex.split(command)[1:])
            self._env |= {name: self._instead.get(name, value) for name, value in given.items()}
        elif line in ("monitor run", "monitor demo", "monitor web"):
            self._until_served(shlex.split(line))
        else:
            done = subprocess.run(
                ["bash", "-c", line], cwd=self._folder, env=self._env, capture_output=True, text=True, timeout=600
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr

    def _until_served(self, words: list[str]) -> None:
        """Start what stays, wait for its page, and end it as a service manager would."""
        started = subprocess.Popen(words, cwd=self._folder, env=self._env, stderr=subprocess.PIPE, text=True)
        for _ in range(1200):
            time.sleep(0.1)
            assert started.poll() is None, started.communicate()[1]
            try:
                with urlopen(f"{self._page}/login", timeout=5) as answer:
                    assert answer.status == 200
                break
            except OSError:
                continue
        started.send_signal(signal.SIGTERM)
        said = started.communicate(timeout=120)[1]
        assert started.returncode == 0, said
