"""Estimators against values worked out by hand, and against R's where its tables are at hand."""

import csv
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import UsageError
from monitor.warn.aberration import ears_c1, ears_c2, ears_c3, estimator, reweighted_ears
from monitor.warn.farrington import Farrington

ORACLES = Path(os.environ.get("EVALUATION_DATA", "")) / "oracles"
Z = 3.090232306167813  # upper 0.001 of the normal
T6 = 2.446911851144969  # upper 0.025 of Student's t with 6 degrees of freedom


def test_c1_compares_today_with_the_week_before():
    found = ears_c1([1, 2, 3, 4, 3, 2, 1, 9])
    assert found.expected == pytest.approx(16 / 7)
    assert found.upper == pytest.approx(16 / 7 + Z * math.sqrt(52 / 42))  # squares about the mean: 44 - 256/7 = 52/7


def test_c2_leaves_out_the_last_two_days_so_that_an_outbreak_does_not_hide_itself():
    week = [1, 2, 3, 4, 3, 2, 1]
    assert ears_c2([*week, 50, 60, 70]) == ears_c1([*week, 70])


def test_c3_remembers_the_excess_of_the_last_two_days():
    quiet = [1, 2, 3, 4, 3, 2, 1, 2, 2, 3, 2]
    assert ears_c3([*quiet, 3]).upper == pytest.approx(3 + Z * math.sqrt(40 / 42))  # no excess: C2's bound over today
    assert ears_c3([*quiet[:-2], 9, 9, 3]).upper < ears_c3([*quiet[:-2], 2, 2, 3]).upper


def test_reweighted_ears_without_outliers_is_a_prediction_interval():
    found = reweighted_ears([2, 3, 2, 3, 2, 3, 2, 9])
    assert found.upper == pytest.approx(17 / 7 + T6 * math.sqrt(2 / 7) * math.sqrt(1 + 1 / 7))


def test_an_outbreak_of_last_week_does_not_hide_one_of_today():
    past = [1, 2, 1, 30, 2, 1, 2]
    told, plain = reweighted_ears([*past, 25]), reweighted_ears([*past, 25], reweight=False)
    assert told.upper < 25 < plain.upper


def test_the_same_weekday_is_compared_where_that_is_asked():
    weekly = [float(day % 7) for day in range(50)]
    assert reweighted_ears(weekly, step=7, reweight=False).expected == weekly[-1]


@pytest.mark.parametrize("name", ["c1", "c2", "c3", "reweighted-ears", "farrington"])
def test_a_past_too_short_gives_no_bound(name):
    assert math.isnan(estimator(name)([1, 2, 3]).upper)


def test_an_unknown_estimator_is_told_with_the_known_ones():
    with pytest.raises(UsageError, match="c1, c2, c3"):
        estimator("c9")


def test_farrington_on_a_constant_past_predicts_it_with_the_poisson_spread():
    found = Farrington(years=2).at([4] * 130)
    assert found.expected == pytest.approx(4)
    assert found.phi == 1
    # y^(2/3) has variance 4/9 mu^(1/3) (phi + se^2/mu); a past without scatter leaves no error of the mean
    spread = math.sqrt(4 / 9 * 4 ** (1 / 3))
    assert found.upper == pytest.approx((4 ** (2 / 3) + 1.6448536269514722 * spread) ** 1.5, rel=1e-6)


def test_farrington_raises_no_alarm_on_a_handful_of_reports():
    sparse = [0] * 129 + [3]
    assert not Farrington(years=2).at(sparse).alarm


def test_farrington_discounts_an_outbreak_of_a_former_year():
    calm = [3, 4, 5, 4] * 33
    sick = list(calm)
    sick[132 - 1 - 52] = 60
    trusting = Farrington(years=2, outlying=1e9)
    assert Farrington(years=2, outlying=1).at(sick).upper < trusting.at(sick).upper


# --- R's own results ---------------------------------------------------------------------------


def _series(file: str) -> dict[str, list[int]]:
    found = defaultdict(list)
    for row in _rows(file):
        found[row["series"]].append(int(row["count"]))
    return found


def _rows(file: str) -> Iterator[dict[str, str]]:
    if not ORACLES.is_dir():
        pytest.skip("EVALUATION_DATA names no folder with oracles/")
    with (ORACLES / file).open() as lines:
        yield from csv.DictReader(lines)


def _equal(ours: float, text: str) -> bool:
    theirs = math.nan if text in ("NA", "NaN") else float(text)
    if math.isnan(theirs) or math.isnan(ours):
        return math.isnan(theirs) and math.isnan(ours)
    return ours == theirs or abs(ours - theirs) <= 1e-6 * max(1.0, abs(theirs) if abs(theirs) > 1e6 else 1.0)


@pytest.mark.evaluation
def test_ears_equals_r():
    series, methods = _series("oracle_series_daily.csv"), {"C1": ears_c1, "C2": ears_c2, "C3": ears_c3}
    for row in _rows("oracle_ears.csv"):
        past = series[row["series"]][: int(row["t"])]
        assert _equal(methods[row["method"]](past, min_sigma=float(row["minSigma"])).upper, row["upperbound"]), row


@pytest.mark.evaluation
def test_reweighted_ears_equals_epitweetr():
    series = _series("oracle_series_daily.csv")
    for row in _rows("oracle_epitweetr.csv"):
        past, step = series[row["series"]][: int(row["t"])], 7 if row["same_weekday"] == "1" else 1
        for column, reweight in (("U0", False), ("U0_dw", True)):
            ours = reweighted_ears(
                past, alpha=float(row["alpha"]), baseline=int(row["no_historic"]), step=step, reweight=reweight
            )
            assert _equal(ours.upper, row[column]), (column, row)


CONFIGS = {
    "original": Farrington(years=4, outlying=1, alpha=0.01),
    "default": Farrington(),
    "muan": Farrington(years=4, periods=10, left_out=26, trend_p=1, method="muan", alpha=0.01),
    "improved": Farrington(years=4, periods=10, left_out=26, trend_p=1, method="nbPlugin", alpha=0.01),
}


@pytest.mark.evaluation
def test_farrington_equals_r():
    series = _series("oracle_series_weekly.csv")
    for row in _rows("oracle_farrington.csv"):
        ours = CONFIGS[row["config"]].at(series[row["series"]][: int(row["t"])])
        for name, value in (
            ("upperbound", ours.upper),
            ("expected", ours.expected),
            ("score", ours.score),
            ("pvalue", ours.pvalue),
            ("trend_slope", ours.trend),
            ("mu0", ours.mu0),
            ("phi", ours.phi),
        ):
            assert _equal(value, row[name]), (name, value, row)
        assert ours.alarm == (row["alarm"] == "1"), row
