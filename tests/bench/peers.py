"""Other feed readers, each in a folder of its own, driven through one pass at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_READER = """
import sys
from reader import make_reader
reader = make_reader(sys.argv[1])
for url in open(sys.argv[2]).read().split():
    reader.add_feed(url, exist_ok=True)
if sys.argv[3:] != ["add"]:
    reader.update_feeds(workers=16, scheduled=False)  # or it asks nothing before an hour is over
"""


@dataclass
class Peer:
    """One program. `setup` commands run once and are not counted, `poll` is one pass."""

    name: str
    folder: Path
    poll: Sequence[str]
    setup: Sequence[Sequence[str]] = ()
    env: dict[str, str] = field(default_factory=dict)
    wanting: str = ""  # why it cannot be run here


def monitor(folder: Path, urls: Sequence[str], *, tagging: bool) -> Peer:
    """This project, with every item tagged or with `--fetch-only`."""
    folder.mkdir(parents=True)
    listed = folder / "feeds.yaml"
    listed.write_text("feeds:\n" + "".join(f"  - {{name: f{n}, url: {url}}}\n" for n, url in enumerate(urls)))
    command = [sys.executable, "-m", "monitor", "poll", "--all", "--no-send", "--feeds", str(listed)]
    allowed = urls[0].split("/")[2]
    env = {"MONITOR_DATA_DIR": str(folder), "MONITOR_FETCH_ALLOW": allowed, "MONITOR_MAIL_TO": "a@example.com"}
    return Peer(
        "monitor" if tagging else "monitor --fetch-only", folder, command + ["--fetch-only"] * (not tagging), env=env
    )


def reader(folder: Path, urls: Sequence[str], *, python: str) -> Peer:
    """lemon24's reader, 16 workers."""
    listed = _list(folder, urls)
    command = [python, "-c", _READER, str(folder / "reader.db"), listed]
    return Peer("reader", folder, command, [[*command, "add"]], wanting=_wanting([python, "-c", "import reader"]))


def rss2email(folder: Path, urls: Sequence[str], *, python: str) -> Peer:
    """rss2email, into a maildir, one digest a feed."""
    (folder / "mail").mkdir(parents=True)
    r2e = Path(python).with_name("r2e")
    config = folder / "config"
    head = (
        f"[DEFAULT]\nfrom = a@example.com\nto = b@example.com\nemail-protocol = maildir\nmaildir-path = {folder}/mail\n"
    )
    config.write_text(head + "digest = True\n" + "".join(f"[feed.f{n}]\nurl = {url}\n" for n, url in enumerate(urls)))
    command = [str(r2e), "-c", str(config), "-d", str(folder / "data.json"), "run"]
    return Peer("rss2email", folder, command, wanting=_wanting([str(r2e), "--version"]))


def newsboat(folder: Path, urls: Sequence[str]) -> Peer:
    """newsboat, 16 threads."""
    listed = _list(folder, urls)
    (folder / "config").write_text("reload-threads 16\nmax-items 0\n")
    files = ["-u", listed, "-C", str(folder / "config"), "-c", str(folder / "cache.db")]
    env = {"HOME": str(folder), "LC_ALL": "C.UTF-8"}
    command = ["newsboat", *files, "-x", "reload"]
    return Peer("newsboat", folder, command, env=env, wanting=_wanting(["newsboat", "-v"]))


def _list(folder: Path, urls: Sequence[str]) -> str:
    folder.mkdir(parents=True)
    (folder / "urls").write_text("\n".join(urls) + "\n")
    return str(folder / "urls")


def _wanting(command: Sequence[str]) -> str:
    if not shutil.which(command[0]):
        return f"{command[0]} is not installed"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it does not start"])[-1]
