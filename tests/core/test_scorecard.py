"""How good we were: shares, intervals, lead time and answers, from plain facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.domain import DeadlineKind, LeadTime, Level, Tag
from monitor.warn.scorecard import acknowledgements, by_feed, lead_of, score, wilson

T0 = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
C, G, S = Tag.COMPLIANCE, Tag.GEOPOLITICAL, Tag.SUPPLY_CHAIN


def test_a_tag_is_right_wrong_or_missed() -> None:
    found = {row.tag: row for row in score([((C,), (C, G), 3), ((), (C,), 1), ((S,), (), 2)])}
    assert [(t.right, t.wrong, t.missed) for t in (found[C], found[G], found[S])] == [(3, 1, 0), (0, 3, 0), (0, 0, 2)]
    assert (found[C].precision, found[S].precision, found[S].interval) == (0.75, None, None)


def test_wilson_agrees_with_the_textbook() -> None:
    assert wilson(15, 20, z=1.96) == pytest.approx((0.531, 0.888), abs=1e-3)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0


def test_a_feed_counts_only_what_it_had_flagged() -> None:
    rows = [("a", (C,), (C,), 2), ("a", (), (C,), 1), ("b", (C,), (), 9), ("c", (G,), (C,), 5)]
    assert [(f.feed, f.precision.right, f.precision.n) for f in by_feed(rows)] == [("c", 0, 5), ("a", 2, 3)]


def test_lead_time_counts_the_dates_of_the_span_and_those_told_too_late() -> None:
    def line(on: date, told: datetime | None) -> LeadTime:
        kind = DeadlineKind.IN_FORCE
        return LeadTime(alert="a", profile="p", title="t", kind=kind, on=on, first_seen=T0, alerted=T0, told=told)

    lines = [line(date(2026, 12, 24), None), line(date(2026, 11, 20), T0), line(date(2027, 6, 1), T0)]
    found = lead_of(lines, since=date(2026, 11, 1), until=date(2026, 12, 31))
    assert (found.median_days, found.in_time.right, found.in_time.n) == (13.0, 1, 2)
    assert lead_of([], since=date(2026, 11, 1), until=date(2026, 12, 31)).median_days is None


def test_answers_are_timed_by_level() -> None:
    red, *rest = acknowledgements({Level.RED: [(T0, T0 + timedelta(hours=2)), (T0, None)]})
    assert (red.acted.right, red.acted.n, red.median_hours) == (1, 2, 2.0)
    assert all(other.acted.n == 0 for other in rest)
