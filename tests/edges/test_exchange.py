"""What one installation gives, another takes: a feed polled by our own ingest, a bundle signed and judged anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.cli import main as monitor
from monitor.config import Settings
from monitor.domain import Assessment, Feed, FeedState, Fetched, Item, Judgement, Profile, Recipient, Severity, Tag
from monitor.errors import BundleError, UsageError
from monitor.exporting import bundle, feed_of, our_key, take_in, told
from monitor.ingest.parse import Parsers
from monitor.shell import Shell
from monitor.store.peers import Peer
from monitor.warn.decide import decide

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
FEED = Feed(name="Harbour Wire", url="https://harbour.example/rss")
TITLE = "Dockers begin indefinite strike, all container terminals closed"
KEYWORD = "terminals"


def a_shell(folder: Path) -> Shell:
    folder.mkdir()
    shell = Shell(settings=Settings(data_dir=folder, mail_from="watch@firm.example"), clock=lambda: NOW)
    profile = Profile(name="secret-profile", keywords=(KEYWORD,), recipients=(Recipient(address="boss@firm.example"),))
    shell.__dict__["profiles"] = (profile,)
    shell.__dict__["feeds"] = (FEED,)
    return shell


@pytest.fixture
def giver(tmp_path: Path) -> Iterator[Shell]:
    shell = a_shell(tmp_path / "giver")
    store = shell.store
    store.sync_feeds(shell.feeds)
    item = Item(
        id=None,
        feed=FEED.name,
        key=b"k" * 16,
        title=TITLE,
        summary="",
        url="https://harbour.example/1",
        published=NOW,
        fetched=NOW,
        judgement=Judgement(labels=(Tag.SUPPLY_CHAIN,), probabilities={Tag.SUPPLY_CHAIN: 0.9}, model="m"),
        assessment=Assessment(severity=Severity.WARNING),
    )
    decision = decide([item], known=store.known(since=NOW, today=NOW), profiles=shell.profiles, now=NOW)
    store.record(updates=[], new=[(store.feed_states(shell.feeds)[0].id, item.key, item)], decision=decision)
    with closing(shell):
        yield shell


@pytest.mark.parametrize("form", ["atom", "json"])
def test_one_installation_reads_the_feed_of_another(giver: Shell, form: str) -> None:
    body = feed_of(giver, "secret-profile", form)
    assert KEYWORD.encode() not in body.replace(TITLE.encode(), b"") and b"boss" not in body
    state = FeedState(id=1, feed=Feed(name="alliance", url="https://watch.firm.example/f/x"))
    with closing(Parsers()) as parsers:
        [(_fetched, parsed)] = parsers.parse_all([Fetched(state=state, status=200, body=body)], now=NOW)
        [(_again, same)] = parsers.parse_all([Fetched(state=state, status=200, body=body)], now=NOW)
    assert parsed.error == "" and [entry.title for entry in parsed.entries] == [TITLE]
    assert parsed.entries[0].url == "https://harbour.example/1" and parsed.entries[0].published == NOW
    assert [entry.key for entry in same.entries] == [entry.key for entry in parsed.entries]


def test_a_bundle_is_judged_anew_with_the_peers_trust_and_kept_in_confidence(giver: Shell, tmp_path: Path) -> None:
    body, left_out = bundle(giver, told(giver), tlp="amber")
    assert left_out == 0 and not any(word in body for word in (b"secret-profile", b"boss@", b"keyword"))
    file = tmp_path / "bundle.json"
    file.write_bytes(body)
    with closing(a_shell(tmp_path / "taker")) as taker:
        with pytest.raises(UsageError, match="peers add"):
            take_in(taker, file, peer="firm")
        taker.store.put_peer(Peer(name="firm", key=our_key(giver), trust=2, added=NOW))
        counts = take_in(taker, file, peer="firm")
        assert (counts["items_new"], counts["alerts_new"]) == (1, 1)
        assert take_in(taker, file, peer="firm")["items_new"] == 0
        [alert] = taker.store.alerts()
        assert alert.title == TITLE and alert.feeds == ("peer firm TLP:AMBER",)
        passed_on, left_out = bundle(taker, told(taker), tlp="green")
        assert left_out == 1 and json.loads(passed_on)["stories"] == []
        file.write_bytes(body.replace(b"Dockers", b"Bankers"))
        with pytest.raises(BundleError):
            take_in(taker, file, peer="firm")
        assert len(taker.store.alerts()) == 1


def test_the_commands_write_files_and_standard_output(
    giver: Shell, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(giver.settings.data_dir))
    monkeypatch.chdir(tmp_path)
    for form, begins in (("cap", b"<?xml"), ("atom", b"<?xml"), ("jsonfeed", b"{"), ("jsonl", b"{"), ("csv", b"id,")):
        assert monitor(["export", "--format", form]) == 0
        assert capfdbinary.readouterr().out.startswith(begins)
    assert monitor(["export", "--format", "csv", "--output", "alerts.csv"]) == 0
    assert (tmp_path / "alerts.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert monitor(["export", "--format", "cap", "--output", "message.xml"]) == 0
    assert (tmp_path / "message.xml").read_bytes().startswith(b"<?xml")
    assert monitor(["export", "--bundle", "--tlp", "purple"]) == 2
    assert monitor(["export", "--alert", "nosuch"]) == 2
    assert monitor(["peers", "add", "firm", "--key", "short"]) == 2
    assert monitor(["outbox", "release", "nobody@example.com"]) == 2
    assert monitor(["outbox", "list", "--json"]) == 0
