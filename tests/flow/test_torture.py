"""A hostile server of feeds: each case ends as its manifest says, in one pass, and the sound ones are complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import Monitor

DATA = os.environ.get("EVALUATION_DATA", "")
pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA, reason="EVALUATION_DATA names no hostile server"),
]
PORTS = 5  # plain, no TLS where it is expected, a certificate of its own, closed, never answering
TREE_MB = 512
# An alert alone that says it is a test is rejected with that reason and the source is none to worry about; a feed that
# fails every other time has failed at the first pass.
BY_DESIGN = {"cap_alert", "flapping"}


@pytest.fixture
def hostile(free_port: Callable[[], int]) -> Iterator[str]:
    """Its address."""
    port = free_port()
    command = [sys.executable, str(Path(DATA).resolve() / "torture" / "torture.py"), "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "cases on" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def test_every_case_ends_as_the_manifest_says(monitor: Monitor, hostile: str) -> None:
    cases = {case["name"]: case for case in _asked(f"{hostile}/_manifest")["cases"]}
    port = int(hostile.rpartition(":")[2])
    urls = (case["url"].replace("//127.0.0.1", f"//{n}.localhost") for n, case in enumerate(cases.values()))
    listed = [{"name": name, "url": url} for name, url in zip(cases, urls, strict=True)]  # each a host of its own
    (monitor.folder / "feeds.yaml").write_text(json.dumps({"feeds": listed}))
    monitor.env["MONITOR_FETCH_ALLOW"] = ",".join(f"127.0.0.1:{port + n}" for n in range(PORTS))
    began = time.monotonic()
    most = _most_memory(monitor.start("poll", "--all", "--no-send"), monitor.folder)
    print(f"{len(cases)} cases in one pass of {time.monotonic() - began:.1f} s, at most {most:.0f} MB")  # with -s
    assert most < TREE_MB, "MB of the whole tree of processes"
    states = {feed["name"]: feed for feed in monitor.lines("feeds", "list")}
    items: dict[str, list[Any]] = {}
    for item in monitor.lines("items"):
        items.setdefault(item["feed"], []).append(item)
    assert not {
        name: wrong
        for name, case in cases.items()
        if (wrong := _wrong(case["expect"], states[name], items.get(name, []))) and name not in BY_DESIGN
    }
    assert not [hit for hit in _asked(f"{hostile}/_hits") if "/canary" in str(hit)]


def _wrong(expected: dict[str, Any], state: dict[str, Any], items: list[Any]) -> str:
    """What is not as the manifest wants it; "" if all is."""
    outcome, count, text = expected["outcome"], expected["items"], json.dumps(items, ensure_ascii=False)
    forbidden = [expected.get("forbid_text"), *expected.get("forbid_link", ()), *expected.get("forbid_html", ())]
    if found := [word for word in forbidden if word and word in text]:
        return f"holds {found}"
    if expected.get("match", "") not in text:
        return f"lost {expected['match']}"
    if len(items) > expected.get("max_items", len(items)):
        return f"{len(items)} items"
    if outcome in ("items", "redirected", "unchanged"):
        whole = count is None or (not state["error"] and len(items) == count)  # None: any, refusal included
        return "" if whole else f"{len(items)} items of {count}: {state['error']}"
    return "" if state["error"] and not items else f"no trouble told, {len(items)} items"


def _most_memory(process: subprocess.Popen[str], folder: Path) -> float:
    """The most MB that a run to its end and all it started held together."""
    most, root = 0.0, psutil.Process(process.pid)
    while process.poll() is None:
        tree = [root, *root.children(recursive=True)]
        tree += [p for p in psutil.process_iter(["cmdline"]) if any(str(folder) in w for w in p.info["cmdline"] or ())]
        most = max(most, sum(_size(one) for one in set(tree)))
        time.sleep(0.3)
    assert process.returncode == 0, (folder / "daemon.log").read_text()[-2000:]
    return most


def _size(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _asked(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)
