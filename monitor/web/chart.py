"""Charts as SVG in the page itself: no script, no style attribute, readable in the dark, with a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan

from monitor.warn.aberration import ears_c2
from monitor.web.figures import points

WIDTH, HEIGHT = 720, 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of a chart, in the units of the drawing."""

    day: date
    count: int
    expected: float | None
    upper: float | None
    x: float
    y: float
    height: float
    above: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars of counts, and as points of polygons what their own past let one expect."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    step: float
    band: str
    line: str
    top: float

    @property
    def above(self) -> int:
        """Days above their bound."""
        return sum(bar.above for bar in self.bars)


def counts_chart(rows: Sequence[tuple[date, int]]) -> Chart:
    """Counts a day, oldest first, against the band of EARS C2 (baseline 7 days, guard 2)."""
    counts = [float(count) for _, count in rows]
    bounds = [ears_c2(counts[: i + 1]) for i in range(len(counts))]
    expected = [None if isnan(bound.upper) else bound.expected for bound in bounds]
    upper = [None if isnan(bound.upper) else bound.upper for bound in bounds]
    top = max([*counts, *(value for value in upper if value is not None), 1.0])
    step = WIDTH / max(len(rows), 1)
    bars = tuple(
        Bar(
            day=day,
            count=count,
            expected=expected[i],
            upper=upper[i],
            x=round(i * step, 1),
            y=round(HEIGHT - HEIGHT * count / top, 1),
            height=round(HEIGHT * count / top, 1),
            above=upper[i] is not None and count > (upper[i] or 0),
        )
        for i, (day, count) in enumerate(rows)
    )
    known = [i for i, value in enumerate(upper) if value is not None]
    edge = [f"{(i + 0.5) * step:.1f},{HEIGHT - HEIGHT * (upper[i] or 0) / top:.1f}" for i in known]
    floor = [f"{(i + 0.5) * step:.1f},{HEIGHT}" for i in (known[-1:] + known[:1])]
    middle = [f"{(i + 0.5) * step:.1f},{HEIGHT - HEIGHT * (expected[i] or 0) / top:.1f}" for i in known]
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        bars=bars,
        step=step,
        band=" ".join(edge + floor),
        line=" ".join(middle),
        top=top,
    )


def sparkline(counts: Sequence[float]) -> str:
    """A month in the width of a table's cell."""
    return points(counts, width=90, height=18)
