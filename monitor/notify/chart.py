"""Levels by country and day as one small picture for mail; the height of a bar says the level too.

Drawn with Pillow at twice the size it is shown at, on a transparent ground, in colours that can
be told apart on white and on black. Country codes and days are all the text in it, so no font
for Chinese is needed: names stand beside the picture and in its alternative text.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from monitor.domain import DayLevel, Level

DAYS = 14
MOST_ROWS = 8
SCALE = 2
WIDTH = 592  # as shown, in pixels
LABEL, ROW, TOP, GAP = 44, 30, 6, 4
AXIS = 20
COLOURS = {Level.RED: "#d92d20", Level.ORANGE: "#ef6820", Level.YELLOW: "#d4a106", Level.BLUE: "#2e90fa"}
INK = "#7d8897"
FAINT = "#7d88973a"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDays:
    """The level of each of the last days, oldest first, by country; None: nothing that day."""

    until: date
    rows: Mapping[str, Sequence[Level | None]]

    def __post_init__(self) -> None:
        if any(len(days) != DAYS for days in self.rows.values()):
            raise ValueError(f"a row has {DAYS} days")

    @property
    def days(self) -> list[date]:
        return [self.until - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def drawn(levels: LevelDays) -> bytes:
    """The picture as PNG; the same levels give the same bytes."""
    from PIL import Image, ImageDraw, ImageFont

    rows = list(levels.rows.items())[:MOST_ROWS]
    height = TOP + ROW * len(rows) + AXIS
    image = Image.new("RGBA", (WIDTH * SCALE, height * SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(12 * SCALE)
    step = (WIDTH - LABEL) / DAYS
    for number, (code, days) in enumerate(rows):
        foot = TOP + ROW * (number + 1) - GAP
        draw.text((0, (foot - 1) * SCALE), code, fill=INK, font=font, anchor="ls")
        draw.line([(LABEL * SCALE, foot * SCALE), (WIDTH * SCALE, foot * SCALE)], fill=FAINT, width=SCALE)
        for day, level in enumerate(days):
            if level is not None:
                left, tall = LABEL + step * day + 3, (ROW - GAP - 4) * int(level) / 4
                box = [(left * SCALE, (foot - tall) * SCALE), ((left + step - 6) * SCALE, foot * SCALE)]
                draw.rounded_rectangle(box, radius=2 * SCALE, fill=COLOURS[level], corners=(True, True, False, False))
    for number, date_ in enumerate(levels.days):
        if (DAYS - 1 - number) % 3 == 0:
            place = ((LABEL + step * (number + 0.5)) * SCALE, (height - 4) * SCALE)
            draw.text(place, f"{date_:%m-%d}", fill=INK, font=font, anchor="ms")
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def of_alerts(alerts: Sequence[tuple[Level, Sequence[str], date]], *, until: date) -> LevelDays | None:
    """The highest level of the alerts (level, countries, day) by country and day; None without any."""
    found: dict[str, list[Level | None]] = {}
    for level, countries, day in alerts:
        back = (until - day).days
        if 0 <= back < DAYS:
            for code in countries or ("··",):
                days = found.setdefault(code, [None] * DAYS)
                days[DAYS - 1 - back] = max(level, days[DAYS - 1 - back] or level)
    ranked = sorted(found.items(), key=lambda row: (-max(map(_height, row[1])), -sum(map(_height, row[1])), row[0]))
    return LevelDays(until=until, rows=dict(ranked[:MOST_ROWS])) if ranked else None


def of_levels(levels: Sequence[DayLevel], *, until: date) -> LevelDays | None:
    """The highest level over the tags by country and day; None without any."""
    return of_alerts([(row.level, (row.country,), row.day) for row in levels if row.level], until=until)


def _height(level: Level | None) -> int:
    return 0 if level is None else int(level)
