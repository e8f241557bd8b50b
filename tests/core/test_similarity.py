"""Which texts are nearly the same, and which only look so."""

from __future__ import annotations

import random

import pytest

from monitor.text.similarity import bands, nearest, sketch

WIRE = (
    "Dock workers at the main container terminal walked out on Monday, halting loading for a second day",
    "The union said talks over pay had broken down and that no date for new talks had been set by either side.",
)
EDITED = (
    "Dock workers at main container terminal walked out Monday, halting loading for a second day",
    "The union said talks over pay had broken down and that no date for new talks had been set by either side.",
)
CHINESE = (
    "集装箱码头工人周一罢工，装卸作业已连续两天中断",
    "工会表示，薪酬谈判破裂，双方均未确定新的谈判日期，货主须改走其他港口。",
)


def likeness(one, other):
    found = nearest(sketch(*one), {"other": sketch(*other)})
    return found[1] if found else 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [(WIRE, WIRE), (WIRE, EDITED), (CHINESE, CHINESE), (CHINESE, (CHINESE[0] + "（更新）", CHINESE[1]))],
)
def test_one_report_in_two_papers_is_recognised(one, other):
    assert likeness(one, other) >= 0.8
    assert set(bands(sketch(*one))) & set(bands(sketch(*other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WIRE, ("Dock workers at the main container terminal return to work after a deal on pay", WIRE[1][:40])),
        (
            ("M 4.5 earthquake, 20 km south of the city, depth 10 km", ""),
            ("M 6.1 earthquake, 20 km south of the city, depth 10 km", ""),
        ),
        (CHINESE, WIRE),
    ],
)
def test_other_news_is_not_taken_for_the_same(one, other):
    assert likeness(one, other) == 0.0


def test_a_text_too_short_to_be_recognised_is_left_out():
    assert sketch("Update", "") is None


def test_the_same_text_always_has_the_same_bands_and_others_hardly_share_one():
    assert bands(sketch(*WIRE)) == bands(sketch(*WIRE))
    dice = random.Random(1)
    words = [f"{dice.getrandbits(40):x}" for _ in range(400)]
    texts = [sketch(" ".join(dice.choices(words, k=14)), "") for _ in range(60)]
    held = [set(bands(text)) for text in texts]
    shared = sum(bool(a & b) for i, a in enumerate(held) for b in held[:i])
    assert shared < 20
    assert all(0 <= band < 2**63 for own in held for band in own)
