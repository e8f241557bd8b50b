"""How many stories tomorrow brings, and how wrong such a forecast has been.

Two plain forecasts are tried on the series' own past, one step ahead: simple exponential smoothing (Brown 1956;
the smoothed level s = ALPHA * y + (1 - ALPHA) * s is the forecast) and the count of the same weekday a week
before (seasonal naive). Told is the one that was less wrong there, with its mean absolute error; no more is
claimed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

ALPHA = 0.2  # of the newest day: a level that half of five days make
WEEK = 7


def forecast(series: Sequence[float]) -> tuple[float, float]:
    """The count expected after the last one, and the mean absolute error of the same forecast over the days before.

    Both are 0 for a series that is too short to say.
    """
    if len(series) <= WEEK:
        return 0.0, 0.0
    return min((_smoothed(series), _weekly(series)), key=lambda told: told[1])


def _smoothed(series: Sequence[float]) -> tuple[float, float]:
    level, errors = fmean(series[:WEEK]), []
    for value in series[WEEK:]:
        errors.append(abs(value - level))
        level += ALPHA * (value - level)
    return level, fmean(errors)


def _weekly(series: Sequence[float]) -> tuple[float, float]:
    errors = [abs(value - before) for before, value in zip(series, series[WEEK:], strict=False)]
    return float(series[-WEEK]), fmean(errors)
