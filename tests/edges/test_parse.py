"""The parser's real child processes: what they read, and what happens when one misbehaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from monitor.domain import Feed, FeedState, Fetched, ParsedFeed
from monitor.ingest import parse, parse_child
from monitor.ingest.parse import Parsers

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FEEDS = Path(__file__).parents[1] / "data" / "feeds"
# Quadratic in the feed library: a minute of CPU, more than any limit here. The old element leads it there.
SLOW = (
    b'<rss version="2.0"><channel><item><title>x</title><abstract>y</abstract><author>'
    + b"a" * 256_000
    + b"</author></item></channel></rss>"
)


def fetched(name, body=b"", **more):
    feed = Feed(name=name, url="https://harbour.example/rss")
    return Fetched(state=FeedState(id=1, feed=feed), status=200, body=body, url=feed.url, **more)


def good(name):
    body = (
        f'<rss version="2.0"><channel><title>{name}</title><item><title>News of {name}</title></item></channel></rss>'
    )
    return fetched(name, body.encode())


def by_name(answers):
    return {one.state.feed.name: parsed for one, parsed in answers}


@pytest.fixture
def parsers():
    with Parsers(workers=2) as running:
        yield running


def child_processes():
    found = psutil.Process().children()
    return [p for p in found if p.status() != psutil.STATUS_ZOMBIE and "monitor.ingest.parse_child" in p.cmdline()]


@pytest.fixture
def altered(monkeypatch):
    """Starts the real child with a few lines of Python run before it."""

    def alter(lines):
        program = f"import monitor.ingest.parse_child as child\n{lines}\nchild.main()"
        monkeypatch.setattr(parse, "CHILD", ("-P", "-c", program))

    return alter


def test_every_feed_comes_back_with_its_own_items(parsers):
    answers = by_name(parsers.parse_all((good(f"f{n}") for n in range(60)), now=NOW))
    assert {name: parsed.title for name, parsed in answers.items()} == {f"f{n}": f"f{n}" for n in range(60)}
    assert answers["f7"].entries[0].title == "News of f7"


def test_sample_files_are_the_same_through_the_pipe(parsers):
    from monitor.ingest import entries

    samples = [fetched(path.name, path.read_bytes()) for path in sorted(FEEDS.iterdir())]
    answers = by_name(parsers.parse_all(samples, now=NOW))
    for sample in samples:
        name = sample.state.feed.name
        assert answers[name] == entries.parse(sample.body, url=sample.url, now=NOW)
        assert answers[name].entries


def test_answers_without_a_body_need_no_child(parsers):
    unchanged = Fetched(state=good("same").state, status=304)
    failed = Fetched(state=good("down").state, error="refused")
    assert by_name(parsers.parse_all([unchanged, failed], now=NOW)) == {"same": ParsedFeed(), "down": ParsedFeed()}
    assert child_processes() == []


def test_children_stay_warm_and_end_with_close():
    parsers = Parsers(workers=1)
    list(parsers.parse_all([good("a")], now=NOW))
    (before,) = child_processes()
    list(parsers.parse_all([good("b")], now=NOW))
    assert child_processes() == [before]
    parsers.close()
    assert child_processes() == []
    assert by_name(parsers.parse_all([good("c")], now=NOW))["c"].title == "c"
    parsers.close()


def test_a_feed_that_takes_too_long_is_given_up_and_the_others_go_on():
    with Parsers(workers=1, wall_s=6) as parsers:
        answers = by_name(parsers.parse_all([good("a"), fetched("slow", SLOW), good("b"), good("c")], now=NOW))
    assert answers["slow"].error == "parsing took longer than 6 s"
    assert [answers[name].title for name in "abc"] == ["a", "b", "c"]


def test_a_child_that_dies_is_replaced_and_its_feed_told():
    with Parsers(workers=1) as parsers:
        list(parsers.parse_all([good("warm")], now=NOW))
        (child,) = child_processes()
        killer = threading.Timer(0.5, os.kill, (child.pid, signal.SIGKILL))
        killer.start()
        answers = by_name(parsers.parse_all([fetched("victim", SLOW), good("next")], now=NOW))
    assert answers["victim"].error == "the parser stopped on this feed (SIGKILL)"
    assert answers["next"].title == "next"


def test_a_child_whose_parent_was_killed_ends_without_a_word():
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "monitor.ingest.parse_child"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as child:
        theirs.close()
        request = parse._request(good("a"), NOW)
        ours.settimeout(60)
        ours.sendall(len(request).to_bytes(4, "big") + request)
        ours.recv(1, socket.MSG_PEEK)  # the answer, which nobody takes: closing now resets the line
        ours.close()
        assert child.communicate(timeout=60)[1] == b""
        assert child.returncode == 0


def test_the_kernel_ends_a_feed_that_burns_cpu(altered):
    altered("child.CPU_PER_FEED = 0")
    with Parsers(workers=1) as parsers:
        answers = by_name(parsers.parse_all([fetched("hot", SLOW), good("cool")], now=NOW))
    assert answers["hot"].error == "the parser stopped on this feed (too much CPU time)"
    assert answers["cool"].title == "cool"


def test_memory_is_limited_and_running_out_of_it_costs_one_feed(altered):
    altered(
        "import monitor.ingest.entries as e\nreal = e.parse\n"
        "def greedy(body, **more):\n"
        "    return bytearray(1 << 30) if b'greedy' in body else real(body, **more)\n"
        "e.parse = greedy"
    )
    with Parsers(workers=1) as parsers:
        answers = by_name(parsers.parse_all([good("greedy"), good("b")], now=NOW))
    assert answers["greedy"].error == "reading this feed takes more memory than allowed"
    assert answers["b"].title == "b"


def test_what_a_library_prints_does_not_reach_the_pipe(altered):
    altered(
        "import monitor.ingest.entries as e\nreal = e.parse\ne.parse = lambda *a, **k: print('noise') or real(*a, **k)"
    )
    with Parsers(workers=1) as parsers:
        assert by_name(parsers.parse_all([good("a")], now=NOW))["a"].title == "a"


def test_no_connection_and_no_program_can_be_started_inside(altered):
    for act in ("__import__('socket').create_connection(('127.0.0.1', 9))", "__import__('os').system('true')"):
        altered(f"import monitor.ingest.entries as e\ne.parse = lambda *a, **k: {act}")
        with Parsers(workers=1) as parsers:
            error = by_name(parsers.parse_all([good("a")], now=NOW))["a"].error
        assert error == "the parser failed on this feed (PermissionError)"


@pytest.mark.parametrize(
    "entry",
    [
        {"key": b"short", "title": "x"},
        {"key": b"k" * 16, "title": ""},
        {"key": b"k" * 16, "title": "x", "content_digest": b"d" * 16, "url": "javascript:alert(1)"},
        {"key": b"k" * 16, "title": "x\nBcc: y", "content_digest": b"d" * 16},
        {"key": b"k" * 16, "title": 7},
    ],
)
def test_an_answer_that_is_not_valid_is_not_believed(altered, entry):
    altered(
        "import msgspec, os\ndef lie(target, data):\n"
        f"    data = msgspec.msgpack.encode({{'parsed': {{'entries': [{entry!r}]}}}})\n"
        "    os.write(target, len(data).to_bytes(4, 'big') + data)\n"
        "child._write_frame = lie"
    )
    with Parsers(workers=1) as parsers:
        assert "answer is not valid" in by_name(parsers.parse_all([good("a")], now=NOW))["a"].error


def test_a_parser_that_cannot_start_is_a_feeds_error_not_a_hang(monkeypatch):
    monkeypatch.setattr(parse.sys, "executable", "/no/such/python")
    with Parsers(workers=1) as parsers:
        assert "could not be started" in by_name(parsers.parse_all([good("a")], now=NOW))["a"].error


def test_secrets_of_ours_do_not_reach_the_child(monkeypatch):
    monkeypatch.setenv("MONITOR_SMTP_URL", "smtp://user:secret@mail.example")
    with Parsers(workers=1) as parsers:
        list(parsers.parse_all([good("a")], now=NOW))
        (child,) = child_processes()
        assert not [name for name in child.environ() if name.startswith("MONITOR_")]


def test_children_load_neither_database_nor_numbers():
    with Parsers(workers=1) as parsers:
        list(parsers.parse_all([good("a")], now=NOW))
        (child,) = child_processes()
        loaded = {part for mapped in child.memory_maps() for part in Path(mapped.path).parts}
        assert not loaded & {"numpy", "sqlalchemy", "scipy", "sklearn"}
        assert child.memory_info().rss < 60 * 1024 * 1024


def test_after_many_feeds_a_fresh_process_takes_over(altered):
    altered("child.MOST_FEEDS = 2")
    with Parsers(workers=1) as parsers:
        answers = by_name(parsers.parse_all([good(f"f{n}") for n in range(7)], now=NOW))
    assert all(parsed.entries and not parsed.error for parsed in answers.values())
    assert len(answers) == 7


def test_a_caller_that_leaves_early_does_not_meet_old_answers(parsers):
    for _ in parsers.parse_all([good(f"old{n}") for n in range(20)], now=NOW):
        break
    assert set(by_name(parsers.parse_all([good("new")], now=NOW))) == {"new"}


def test_an_answer_that_is_read_does_not_wait_for_a_slow_source(parsers):
    gate = threading.Event()

    def source():
        yield good("quick")
        assert gate.wait(20), "the first answer was kept back"
        yield good("slow")

    answers = parsers.parse_all(source(), now=NOW)
    assert next(answers)[0].state.feed.name == "quick"
    gate.set()
    assert set(by_name(answers)) == {"slow"}


def test_the_source_is_drawn_no_faster_than_the_answers_are_taken(parsers):
    drawn = []

    def source():
        for number in range(500):
            drawn.append(number)
            yield good(f"f{number}")

    answers = parsers.parse_all(source(), now=NOW)
    next(answers)
    time.sleep(0.5)
    assert len(drawn) <= parse.WAITING_FEEDS + 2
    assert len(list(answers)) == 499


def test_trouble_of_the_source_reaches_the_caller(parsers):
    def source():
        yield good("a")
        raise OSError("the network is gone")

    with pytest.raises(OSError, match="the network is gone"):
        list(parsers.parse_all(source(), now=NOW))
    assert by_name(parsers.parse_all([good("b")], now=NOW))["b"].title == "b"


def test_a_document_that_was_cut_off_is_asked_for_in_full_again(parsers):
    whole, cut, moved = (replace(good(name), etag='"1"', last_modified="x") for name in ("whole", "cut", "page"))
    cut = replace(cut, body=cut.body[: -len("</channel></rss>")])
    moved = replace(moved, body=b"<!doctype html><html></html>", moved_to="https://new.example/")
    answers = {one.state.feed.name: (one, parsed) for one, parsed in parsers.parse_all([whole, cut, moved], now=NOW)}
    assert answers["whole"][0] == whole
    assert (answers["cut"][0].etag, answers["cut"][0].last_modified) == ("", "")
    assert [item.title for item in answers["cut"][1].entries] == ["News of cut"]
    assert answers["page"][1].error and answers["page"][0].moved_to == ""


def test_close_answers_what_no_child_has_begun():
    parsers = Parsers(workers=1)
    answers = parsers.parse_all([fetched("slow", SLOW), *(good(f"f{n}") for n in range(5))], now=NOW)
    threading.Timer(0.7, parsers.close).start()
    errors = {name: parsed.error for name, parsed in by_name(answers).items()}
    parsers.close()
    assert len(errors) == 6
    assert "stopped" in errors.pop("slow")
    assert set(errors.values()) <= {"", "parsing was ended before this feed's turn"}


def test_close_does_not_wait_for_a_slow_feed():
    parsers = Parsers(workers=1)
    answers = parsers.parse_all([fetched("slow", SLOW)], now=NOW)
    threading.Timer(0.7, parsers.close).start()
    assert "stopped" in by_name(answers)["slow"].error  # and not that it took too long


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.fork"])
def test_the_fence_refuses_what_a_parser_never_needs(event):
    with pytest.raises(PermissionError, match="may not do this"):
        parse_child._refuse(event, ())
    parse_child._refuse("open", ("/some/file", "r", 0))


def test_parsers_refuse_settings_that_cannot_work():
    with pytest.raises(ValueError, match="at least one worker"):
        Parsers(workers=0)
