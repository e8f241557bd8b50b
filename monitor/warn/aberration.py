"""Is today's count above what its own past predicts? The estimators that disease surveillance uses.

Counts of news stories behave like counts of cases: few, bunched, with a trend and a season. So
the same estimators serve, under the names that epidemiologists know them by:

- `ears_c1`, `ears_c2`, `ears_c3`: CDC's Early Aberration Reporting System. Hutwagner et al. (2003).
- `reweighted_ears`: epitweetr's modified EARS, which gives past outbreaks less weight. Espinosa et al. (2022).
- `farrington`: quasi-Poisson regression on the same season of former years. Farrington et al. (1996),
  Noufaily et al. (2013).

Each equals the R package surveillance (Salmon, Schumacher and Höhle 2016), or epitweetr, to 1e-6.
A series is a sequence of counts with the present last; where the past is too short, or says
nothing, `upper` is NaN, and a count is never above NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from monitor.errors import UsageError

EARS_ALPHA = 0.001
BASELINE = 7  # days that EARS looks back on
GUARD = 2  # days before the present that C2 and C3 leave out, so that an outbreak does not hide itself
DOWNWEIGHT = 4.0  # power by which an outlying day of the past loses weight
OUTLIER_ALPHA = 0.05

ROUNDING = 1e-12  # less of a sum of squares is nothing

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Bound:
    """What a series' own past predicts for its last count: the mean, and the upper end of the interval."""

    expected: float = NAN
    upper: float = NAN


def ears_c1(
    counts: Sequence[float], *, alpha: float = EARS_ALPHA, baseline: int = BASELINE, min_sigma: float = 0.0
) -> Bound:
    """Mean of the `baseline` days before today plus z(1 - alpha) standard deviations, each at least `min_sigma`."""
    if len(counts) <= baseline:
        return Bound()
    mean, sd = _mean_and_sd(counts[-1 - baseline : -1])
    return Bound(mean, mean + _z(alpha) * max(sd, min_sigma))


def ears_c2(
    counts: Sequence[float], *, alpha: float = EARS_ALPHA, baseline: int = BASELINE, min_sigma: float = 0.0
) -> Bound:
    """As C1, over the `baseline` days that end before the last two."""
    if len(counts) <= baseline + GUARD:
        return Bound()
    mean, sd = _mean_and_sd(counts[-1 - GUARD - baseline : -1 - GUARD])
    return Bound(mean, mean + _z(alpha) * max(sd, min_sigma))


def ears_c3(
    counts: Sequence[float], *, alpha: float = EARS_ALPHA, baseline: int = BASELINE, min_sigma: float = 0.0
) -> Bound:
    """As C2, the bound lowered by how far C2 of the two days before today was above one; at least 0."""
    if len(counts) <= baseline + 2 * GUARD:
        return Bound()
    mean, sd = _mean_and_sd(counts[-1 - GUARD - baseline : -1 - GUARD])
    sd = max(sd, min_sigma)
    excess = [_c2_statistic(counts[: len(counts) - back], baseline, min_sigma) - 1 for back in (1, 2)]
    summed = math.nan if any(math.isnan(e) for e in excess) else sum(max(0.0, e) for e in excess)
    if math.isnan(summed) or (math.isinf(summed) and sd == 0):
        return Bound(mean, NAN)
    return Bound(mean, max(0.0, counts[-1] + sd * (_z(alpha) - summed)))


def _c2_statistic(counts: Sequence[float], baseline: int, min_sigma: float) -> float:
    mean, sd = _mean_and_sd(counts[-1 - GUARD - baseline : -1 - GUARD])
    sd, above = max(sd, min_sigma), counts[-1] - mean
    if sd:
        return above / sd
    return math.copysign(math.inf, above) if above else NAN


def reweighted_ears(
    counts: Sequence[float], *, alpha: float = 0.025, baseline: int = BASELINE, step: int = 1, reweight: bool = True
) -> Bound:
    """Mean of `baseline` past days plus t(1 - alpha) standard errors of prediction.

    `step` 7 compares with the same weekday. A past day whose studentised residual r lies above
    t(1 - 0.05, baseline - 2) = q gets the weight (q / r) ** 4, so that an outbreak of last week
    does not hide one of today.
    """
    n = baseline
    if len(counts) <= n * step:
        return Bound()
    past = [float(counts[-1 - back * step]) for back in range(n, 0, -1)]
    mean, sd = _mean_and_sd(past)
    quantile, wider = _t(1 - alpha, n - 1), math.sqrt(1 + 1 / n)
    if not reweight:
        return Bound(mean, mean + quantile * sd * wider)
    limit = _t(1 - OUTLIER_ALPHA, n - 2)
    weights = []
    squares = sd * sd * (n - 1)
    for value in past:
        residual = value - mean
        left = squares - residual * residual * n / (n - 1)  # of the other days about their own mean
        without = math.sqrt(left / (n - 2)) if left > squares * ROUNDING else 0.0
        if without == 0 and residual == 0:
            return Bound(mean, NAN)
        far = residual / (without * math.sqrt(1 - 1 / n)) if without else math.copysign(math.inf, residual)
        weights.append((limit / far) ** DOWNWEIGHT if far > limit else 1.0)
    scale = n / sum(weights)
    weighted = sum(w * scale * y for w, y in zip(weights, past, strict=True)) / n
    spread = math.sqrt(sum(w * scale * (y - weighted) ** 2 for w, y in zip(weights, past, strict=True)) / (n - 1))
    return Bound(weighted, weighted + quantile * spread * wider)


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    mean = fmean(values)
    return mean, math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


_quantiles: dict[tuple[float, int], float] = {}


def _z(alpha: float) -> float:
    found = _quantiles.get((alpha, 0))
    if found is None:
        found = _quantiles[alpha, 0] = NormalDist().inv_cdf(1 - alpha)
    return found


def _t(level: float, freedom: int) -> float:
    """Quantile of Student's t above one half, by bisection; scipy has it too and weighs more than a daemon should."""
    found = _quantiles.get((level, freedom))
    if found is None:
        low, high = 0.0, 1e4
        while high - low > 1e-13 * max(high, 1.0):
            middle = (low + high) / 2
            low, high = (middle, high) if _above(middle, freedom) > 1 - level else (low, middle)
        found = _quantiles[level, freedom] = (low + high) / 2
    return found


def _above(value: float, freedom: int) -> float:
    """The chance that Student's t exceeds `value`: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(value / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = cosine if odd else 1.0
    for step in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    inside = 2 / math.pi * (angle + (sine * total if freedom > 1 else 0.0)) if odd else sine * total
    return (1 - inside) / 2


def _farrington(counts: Sequence[float]) -> Bound:
    from monitor.warn.farrington import Farrington

    found = Farrington().at(counts)
    return Bound(found.expected, found.upper)


ESTIMATORS: dict[str, Callable[[Sequence[float]], Bound]] = {
    "c1": ears_c1,
    "c2": ears_c2,
    "c3": ears_c3,
    "reweighted-ears": reweighted_ears,
    "farrington": _farrington,
}


def estimator(name: str) -> Callable[[Sequence[float]], Bound]:
    """An estimator by its name. Raises: UsageError that lists the known ones."""
    from monitor.i18n import _

    if name not in ESTIMATORS:
        known = ", ".join(ESTIMATORS)
        raise UsageError(_("no estimator is called {name!r}; known are {known}").format(name=name, known=known))
    return ESTIMATORS[name]
