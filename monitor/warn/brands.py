"""Public opinion of a brand: how often it is named, in what tone, and whether that is more than its own past.

Every judged item that names a brand counts, flagged or not. The tone is that of the words near it, by a small
lexicon of ours. A day is a burst when its count passes the bound of EARS C2 (Hutwagner et al., 2003: mean and
deviation of seven days that ended two days before), with the deviation of a rare count never taken as nothing.
Source: 001#III.3 (public opinion is watched), 001#III.2
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from statistics import fmean

from monitor.domain import (
    BrandDay,
    Certainty,
    Item,
    NameKind,
    Profile,
    Severity,
    Story,
    Urgency,
)
from monitor.warn.aberration import BASELINE, GUARD, ears_c2
from monitor.warn.naming import names_of, plain

BACK = timedelta(days=BASELINE + GUARD)
LEAST_DEVIATION = 0.5  # of a brand that is hardly ever named
LEAST_MENTIONS = 4  # a day with fewer is no burst, however quiet the past was
MOSTLY = 0.5  # share of negative mentions from which the tone is bad

_NEGATIVE = re.compile(
    r"\b(?:boycott\w*|recall\w*|scandal\w*|lawsuit\w*|sued|fire|explo\w+|fraud\w*|accus\w+|complain\w*|protest\w*|unsafe|"
    r"danger\w*|fake|ban|bans|banned|fined|probe\w*|leak\w*|defect\w*|injur\w+|died|death\w*|outrage\w*|backlash|slam\w*|"
    r"criticis\w+|criticiz\w+|forced labou?r|counterfeit\w*|toxic|fail\w*|worst|shoddy|angry|anger)\b"
    r"|抵制|召回|丑闻|起诉|起火|爆炸|欺诈|指控|投诉|抗议|不安全|危险|假冒|禁售|禁令|罚款|调查|泄露|缺陷|受伤|死亡|愤怒|谴责|批评|"
    r"强迫劳动|有毒|失败|翻车|质量问题|维权|道歉|下架",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\b(?:award\w*|prais\w+|popular|record sales|best[- ]sell\w+|wins?|won|success\w*|love[ds]?|top[- ]rated|"
    r"welcom\w+|trusted|innovat\w+|celebrat\w+|acclaim\w*|favou?rite)\b"
    r"|获奖|好评|热销|畅销|赞|成功|受欢迎|信赖|创新|领先|口碑",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Burst:
    """A day on which a brand was named more than its past lets expect."""

    day: BrandDay
    expected: float
    upper: float

    @property
    def bad(self) -> bool:
        """Whether most of it is negative."""
        return self.day.negative >= MOSTLY * self.day.mentions


def tone(text: str) -> int:
    """-1 negative, 1 positive, 0 neither: whichever has more words of the lexicon."""
    low = plain(text)
    negative, positive = len(_NEGATIVE.findall(low)), len(_POSITIVE.findall(low))
    return (positive > negative) - (negative > positive)


def brands_in(profile: Profile, item: Item) -> tuple[str, ...]:
    """The profile's brands that an item names."""
    brands = profile.named(NameKind.BRAND)
    if not brands:
        return ()
    return tuple(hit.named.name for hit in names_of(brands).find(f"{item.title} . {item.summary}"))


def mentions(items: Iterable[Item], profiles: Sequence[Profile]) -> tuple[BrandDay, ...]:
    """What judged items add to each brand's days; items that were old when their feed was first read count, too."""
    watched = [profile for profile in profiles if profile.named(NameKind.BRAND)]
    counts: Counter[tuple[str, str, date, str]] = Counter()
    for item in items if watched else ():
        if item.judgement is None:
            continue
        for profile in watched:
            for brand in brands_in(profile, item):
                key = (profile.name, brand, item.moment.date())
                counts[(*key, "mentions")] += 1
                found = tone(f"{item.title} . {item.summary}")
                counts[(*key, "negative")] += found < 0
                counts[(*key, "positive")] += found > 0
    keys = dict.fromkeys(key[:3] for key in counts)
    return tuple(
        BrandDay(
            profile=profile,
            brand=brand,
            day=day,
            **{name: counts[(profile, brand, day, name)] for name in ("mentions", "negative", "positive")},
        )
        for profile, brand, day in keys
    )


def burst(days: Mapping[date, BrandDay], today: date) -> Burst | None:
    """Whether today's mentions pass the bound of the brand's own past; None when they do not."""
    day = days.get(today)
    if day is None or day.mentions < LEAST_MENTIONS:
        return None
    back = [today - timedelta(days=n) for n in range(BACK.days, -1, -1)]
    counts = [days[d].mentions if d in days else 0 for d in back]
    bound = ears_c2(counts, min_sigma=max(math.sqrt(fmean(counts[:BASELINE])), LEAST_DEVIATION))
    return Burst(day, round(bound.expected, 2), round(bound.upper, 2)) if day.mentions > bound.upper else None


def story_of(found: Burst, *, now: datetime, items: Sequence[Item]) -> Story:
    """The burst as a story, named after brand and day: the same day gives the same story, however it grows."""
    day = found.day
    first = min((item.moment for item in items), default=now)
    identity = f"{day.profile}\0{day.brand}\0{day.day.isoformat()}".encode()
    return Story(
        id="b" + blake2b(identity, digest_size=6).hexdigest(),
        title=f"{day.brand}: {day.mentions} mentions on {day.day.isoformat()}",
        url=next((item.url for item in items if item.url), ""),
        language="en",
        first_seen=first,
        last_seen=now,
        labels=(),
        topics=("geopolitical.boycott",) if found.bad else (),
        countries=tuple(dict.fromkeys(c for i in items if i.judgement for c in i.judgement.countries))[:6],
        severity=Severity.WARNING if found.bad else Severity.WATCH,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.REPORTED,
        item_count=len(items),
        feeds=tuple(dict.fromkeys(item.feed for item in items)),
    )


def reasons_of(found: Burst) -> tuple[str, ...]:
    """Why a burst is one, in words."""
    day = found.day
    return (
        f"brand: {day.brand}",
        f"named {day.mentions} times; its own past lets expect {found.expected:g}, at most {found.upper:g}",
        f"tone: {day.negative} negative, {day.positive} positive",
    )
