"""What a program and all it started use, the tagging process that outlives a pass included."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass
class Tree:
    """`mib`: of all together, `largest_mib`: of the largest one. `tagger_cpu_s`: of the tagging process alone."""

    count: int = 0
    mib: float = 0.0
    largest_mib: float = 0.0
    cpu_s: float = 0.0
    tagger_cpu_s: float = 0.0


def tree(pid: int | None, folder: Path) -> Tree:
    """The tree below `pid`, if any, and the tagging process of the installation in `folder`, as they are now."""
    taggers = set(_taggers(folder))
    found = set(taggers)
    if pid is not None:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            found |= {root, *root.children(recursive=True)}
    told = Tree()
    for one in found:
        with suppress(psutil.NoSuchProcess):
            mib, spent = one.memory_info().rss / 2**20, sum(one.cpu_times()[:2])
            told.count += 1
            told.mib += mib
            told.largest_mib = max(told.largest_mib, mib)
            told.cpu_s += spent
            told.tagger_cpu_s += spent if one in taggers else 0.0
    return told


@contextmanager
def most(pid: int, folder: Path, *, every_s: float = 0.2) -> Iterator[Tree]:
    """The largest sizes seen until the block ends."""
    told, over = Tree(), threading.Event()

    def watch() -> None:
        while not over.wait(every_s):
            now = tree(pid, folder)
            told.mib, told.largest_mib = max(told.mib, now.mib), max(told.largest_mib, now.largest_mib)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join()


def _taggers(folder: Path) -> Iterator[psutil.Process]:
    socket = str(folder / "tagger.sock")
    for process in psutil.process_iter(["cmdline"]):
        if any(socket in word for word in process.info["cmdline"] or ()):
            yield process
