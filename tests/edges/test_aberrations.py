"""Levels reckoned after a pass: kept by day, told once when they rise, told in the digest when they ease."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.aberrations import watch
from monitor.config import Settings
from monitor.domain import AlertState, Decision, FeedUpdate, Level
from monitor.gather import level_moves, levels_of
from monitor.reporting import report
from monitor.shell import Shell
from monitor.store import Store

from .test_store import FEED, NOW, an_item

DAY, NOTHING = timedelta(days=1), Decision()
PROFILES = """
profiles:
  - name: kenya
    countries: [KE]
    recipients: [officer@firm.example]
  - name: chile
    countries: [CL]
    recipients: [other@firm.example]
"""


@pytest.fixture
def shell(store: Store, database_url: str, tmp_path: Path) -> Shell:
    """Thirty days of one report each every other day, then six on the day of NOW."""
    file = tmp_path / "profiles.yaml"
    file.write_text(PROFILES)
    found = Shell(settings=Settings(database_url=database_url, data_dir=tmp_path, profiles=file), clock=lambda: NOW)
    found.__dict__["store"], found.__dict__["feeds"] = store, (FEED,)
    store.sync_feeds([FEED])
    began = NOW - 30 * DAY
    store.end_pass(store.start_pass(at=began), at=began, counts={})
    heard(store, began)
    days = [*(NOW - n * DAY for n in range(29, 0, -2)), *[NOW] * 6]
    told(store, *days)
    heard(store, NOW)
    return found


def heard(store: Store, at: datetime) -> None:
    feed_id = store.feed_states([FEED])[0].id
    update = FeedUpdate(feed_id=feed_id, polled=at, next_poll=at + DAY, ok=True)
    store.record(updates=[update], new=[], decision=NOTHING)


def told(store: Store, *days: datetime) -> None:
    feed_id, first = store.feed_states([FEED])[0].id, store.totals()["items"]
    items = [an_item(first + n, published=day, fetched=day) for n, day in enumerate(days)]
    store.record(updates=[], new=[(feed_id, b"c" + item.key[1:], item) for item in items], decision=NOTHING)


def test_a_rise_is_told_once_to_the_profile_it_concerns(shell: Shell) -> None:
    [decision] = watch(shell, now=NOW)
    [alert] = decision.alerts
    assert (alert.profile, alert.countries, alert.level >= Level.ORANGE) == ("kenya", ("KE",), True)
    assert [notice.recipient.address for notice in decision.notices] == ["officer@firm.example"]
    shell.store.change_alert(alert.id, author="x", at=NOW, what="acknowledged", state=AlertState.ACKNOWLEDGED)
    assert list(watch(shell, now=NOW)) == []
    told(shell.store, *[NOW + DAY] * 3)
    assert list(watch(shell, now=NOW + DAY)) == []  # still high: the same run, no new alert
    kept = shell.store.alert(alert.id)
    assert kept is not None and kept.state is AlertState.ACKNOWLEDGED


def test_levels_are_the_same_however_often_they_are_reckoned(shell: Shell) -> None:
    list(watch(shell, now=NOW))
    first = shell.store.level_days(since=(NOW - 40 * DAY).date())
    list(watch(shell, now=NOW))
    assert shell.store.level_days(since=(NOW - 40 * DAY).date()) == first
    assert first[-1].level is not None and first[-1].count == 6


def test_rising_and_easing_are_named_for_the_profile(shell: Shell) -> None:
    list(watch(shell, now=NOW))
    kenya, chile = shell.profile("kenya"), shell.profile("chile")
    [rise] = level_moves(shell.store, kenya, since=NOW - DAY, until=NOW)
    assert (rise.row.country, (rise.row.level or 0) >= Level.ORANGE) == ("KE", True)
    heard(shell.store, NOW + 5 * DAY)
    list(watch(shell, now=NOW + 5 * DAY))
    [ease] = level_moves(shell.store, kenya, since=NOW, until=NOW + 5 * DAY)
    assert (ease.was or 0) >= Level.ORANGE > (ease.row.level or 0)
    assert level_moves(shell.store, chile, since=NOW - DAY, until=NOW) == ()
    assert levels_of(shell.store, chile, since=NOW.date(), until=NOW.date()) == []


def test_the_briefing_draws_the_levels(shell: Shell) -> None:
    list(watch(shell, now=NOW))
    page = report(shell, "KE", shell.profile("kenya"), days=30, language="en", now=NOW)
    assert 'class="day orange"' in page or 'class="day red"' in page
    assert "6 stories" in page
