"""Farrington's estimator, flexible as Noufaily et al. (2013) made it: a regression on former years.

The counts of the same weeks of `years` former years, and with `periods` above one of the whole
time between as seasonal levels, are fitted by a quasi-Poisson regression with a trend; former
outbreaks, told by their Anscombe residuals, are given less weight and the regression is fitted
again. Equal to `farringtonFlexible` of the R package surveillance 1.20.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
NAN = math.nan
MOST_STEPS = 25  # of the iteration; R's glm.control
CONVERGED = 1e-8  # relative change of the deviance


@dataclass(frozen=True, slots=True)
class Forecasted:
    """What Farrington's regression says of the last count of a series; NaN where it can say nothing."""

    expected: float = NAN
    upper: float = NAN
    score: float = NAN  # (count - predicted) / (upper - predicted); above 1 is an alarm
    pvalue: float = NAN
    trend: float = NAN  # slope a step, NaN where none was kept
    mu0: float = NAN
    phi: float = NAN  # overdispersion, at least 1
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Farrington:
    """Settings under their meaning; surveillance's names in brackets."""

    years: int = 5  # [b]
    year: int = 52  # steps a year [freq]
    half_window: int = 3  # [w]
    periods: int = 1  # [noPeriods]
    left_out: int | None = None  # last steps not used; half_window unless given [pastWeeksNotIncluded]
    outlying: float = 2.58  # residual from which a past count loses weight [weightsThreshold]
    trend_p: float = 0.05  # [pThresholdTrend]
    method: Literal["delta", "nbPlugin", "muan"] = "delta"  # [thresholdMethod]
    alpha: float = 0.05
    least: tuple[float, int] = (5, 4)  # no alarm under so many in so many steps [limit54]

    def at(self, counts: Sequence[float]) -> Forecasted:
        """The last count of `counts` against all before it."""
        y = np.asarray(counts, dtype=float)
        now = len(y) - 1
        if now - self.years * self.year - self.half_window < 0:
            return Forecasted()
        steps, levels = self._reference(now)
        fit = self._fit(y[steps], steps.astype(float), levels, trend=True)
        keeps = False
        if fit is not None and fit.trend:
            eta, _ = fit.predict(now, self.periods)
            bounded = math.exp(min(eta, 700.0)) <= y[steps].max()
            keeps = self.years >= 3 and fit.trend_p < self.trend_p and bounded
            if not keeps:
                fit = self._fit(y[steps], steps.astype(float), levels, trend=False)
        if fit is None:
            return Forecasted()
        enough = float(y[now - self.least[1] + 1 :].sum()) >= self.least[0]
        return self._judged(fit, float(y[now]), now, keeps=keeps, enough=enough)

    def _reference(self, now: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The past steps that are compared, and the seasonal level of each."""
        w, p = self.half_window, self.periods
        level = np.zeros(now + 1, dtype=np.intp)
        level[max(0, now - w) :] = p
        for back in range(1, self.years + 1):
            at, after = now - back * self.year, now - (back - 1) * self.year
            level[at - w : at + w + 1] = p
            if p > 1:
                between = np.arange(at + w + 1, after - w)
                for number, block in enumerate(np.array_split(between, p - 1), start=1):
                    level[block] = number
        left_out = w if self.left_out is None else self.left_out
        level[max(0, now - left_out) :] = 0
        steps = np.flatnonzero(level)
        return steps, level[steps]

    def _fit(self, y: Array, time: Array, levels: npt.NDArray[np.intp], *, trend: bool) -> _Fit | None:
        seasons = [(levels == number).astype(float) for number in range(2, self.periods + 1)]
        for with_trend in (True, False) if trend else (False,):
            columns = [np.ones_like(y), *([time] if with_trend else []), *seasons]
            design = np.stack(columns, axis=1)
            first = _glm(design, y, np.ones_like(y))
            if first is not None:
                break
        else:
            return None
        mu, covariance, hat, working = first
        freedom = len(y) - design.shape[1]
        phi = max(float((working * ((y - mu) / mu) ** 2).sum()) / freedom, 1.0)
        residuals = 1.5 * (y ** (2 / 3) * mu ** (-1 / 6) - mu**0.5) / (phi**0.5 * np.sqrt(1 - hat))
        outlying = residuals > self.outlying
        weights = np.where(outlying, np.where(outlying, residuals, 1.0) ** -2, 1.0)
        weights *= len(y) / weights.sum()
        again = _glm(design, y, weights, whatever=True)
        if again is None:
            return None
        mu, covariance, _, working = again
        phi = max(float((working * ((y - mu) / mu) ** 2).sum()) / freedom, 1.0)
        # R's predict() finds the outbreak weights where the fit's own were, and so scales by them alone.
        scale = float((weights * ((y - mu) / mu) ** 2).sum()) / freedom
        beta = np.linalg.lstsq(design, np.log(mu), rcond=None)[0]
        return _Fit(beta, covariance * scale, phi, freedom, with_trend)

    def _judged(self, fit: _Fit, count: float, now: int, *, keeps: bool, enough: bool) -> Forecasted:
        eta, se = fit.predict(now, self.periods)
        slope = float(fit.beta[1]) if keeps else NAN
        if self.method == "delta":
            mu = math.exp(eta)
            predicted, upper, pvalue = mu, *_power_bound(mu, mu * se, fit.phi, self.alpha, count)
            mu0 = _exp(mu + _z(self.alpha) * mu * se)  # R takes the mean for its logarithm here
        else:
            mu0 = _exp(eta + (0 if self.method == "nbPlugin" else _z(self.alpha) * se))
            predicted, upper, pvalue = eta, *_negative_binomial_bound(mu0, fit.phi, self.alpha, count)
        score = (count - predicted) / (upper - predicted) if upper != predicted else math.copysign(math.inf, count)
        return Forecasted(
            expected=math.exp(eta) if enough and not math.isnan(upper) else NAN,
            upper=upper if enough else NAN,
            score=score,
            pvalue=pvalue,
            trend=slope,
            mu0=mu0,
            phi=fit.phi,
            alarm=enough and score > 1 and count != 0,
        )


@dataclass(frozen=True, slots=True)
class _Fit:
    beta: Array
    covariance: Array
    phi: float
    freedom: int
    trend: bool

    def predict(self, now: int, periods: int) -> tuple[float, float]:
        """The linear predictor of the present step, and its standard error."""
        row = np.zeros(len(self.beta))
        row[0] = 1.0
        if self.trend:
            row[1] = now
        if periods > 1:
            row[-1] = 1.0
        return float(row @ self.beta), math.sqrt(max(0.0, float(row @ self.covariance @ row)))

    @property
    def trend_p(self) -> float:
        from scipy.special import stdtr

        return 2 * float(stdtr(self.freedom, -abs(self.beta[1]) / math.sqrt(self.covariance[1, 1])))


_Glm = tuple[Array, Array, Array, Array]  # fitted means, (X'WX)^-1, hat values, the last step's own weights


def _glm(design: Array, y: Array, weights: Array, *, whatever: bool = False) -> _Glm | None:
    """Poisson regression with a log link; None if it does not converge.

    Iteratively reweighted least squares, begun and ended as R's glm.fit does, because where a
    level holds no count at all the means go on falling and only the rule says where to stop.
    """
    mu = y + 0.1
    eta = np.log(mu)
    deviance = _deviance(y, mu, weights)
    converged = False
    for _ in range(MOST_STEPS):
        root = np.sqrt(weights * mu)
        q, r = np.linalg.qr(design * root[:, None])
        try:
            beta = np.linalg.solve(r, q.T @ (root * (eta + (y - mu) / mu)))
        except np.linalg.LinAlgError:
            return None
        eta = design @ beta
        mu = np.exp(eta)
        former, deviance = deviance, _deviance(y, mu, weights)
        if not math.isfinite(deviance):
            return None
        converged = abs(deviance - former) / (abs(deviance) + 0.1) < CONVERGED
        if converged:
            break
    if not (converged or whatever):
        return None
    inverse = np.linalg.inv(r)
    return mu, inverse @ inverse.T, (q**2).sum(axis=1), root**2


def _deviance(y: Array, mu: Array, weights: Array) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mu), 0.0) - (y - mu)
    return float(2 * (weights * part).sum())


def _power_bound(mu: float, se: float, phi: float, alpha: float, count: float) -> tuple[float, float]:
    """Upper bound and p-value on the 2/3 power scale, where counts are nearly normal."""
    spread = math.sqrt(4 / 9 * mu ** (1 / 3) * (phi + se**2 / mu))
    bounds = [mu ** (2 / 3) + sign * _z(alpha) * spread for sign in (-1, 1)]
    upper = bounds[1] ** 1.5 if bounds[1] >= 0 else NAN
    return upper, 1 - NormalDist(mu ** (2 / 3), spread).cdf(count ** (2 / 3))


def _negative_binomial_bound(mu: float, phi: float, alpha: float, count: float) -> tuple[float, float]:
    """Upper bound and p-value of a negative binomial with mean mu and variance phi * mu; Poisson where phi is 1."""
    from scipy.special import betainc, gammaincc

    if math.isinf(mu):
        return NAN, NAN
    size = mu / (phi - 1) if phi > 1 else math.inf

    def cdf(k: float) -> float:
        if k < 0:
            return 0.0
        return float(betainc(size, k + 1, 1 / phi) if phi > 1 else gammaincc(k + 1, mu))

    wanted = (1 - alpha) * (1 - 64 * np.finfo(float).eps)
    low, high = -1, max(1, math.ceil(mu))
    while cdf(high) < wanted:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if cdf(middle) >= wanted else (middle, high)
    return float(high), 1 - cdf(count - 1)


def _z(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha)


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf
