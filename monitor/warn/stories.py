"""Items that report the same event, grouped as they arrive.

An item joins the open story whose words it shares most, weighed by how rare each word
is among open stories (cosine of TF-IDF vectors), if that is at least `SAME`. Salton and
Buckley (1988) for the weighting; single-pass clustering as in topic detection and tracking.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import TypeVar
from zlib import crc32

from monitor.domain import Assessment, Certainty, Item, Judgement, Story

SAME = 0.12  # least likeness at which two headlines tell the same event
LEAST_COMMON = 2  # words that two headlines share at least, however rare one is
OPEN_FOR = timedelta(days=4)  # a story that nobody adds to for so long has ended
MOST_TERMS = 40  # words that a story is recognised by

_WORDS = re.compile(r"[^\W_\u2e80-\u9fff\uac00-\ud7af]{2,}|[\u2e80-\u9fff]+|[\uac00-\ud7af]{2,}")
_PUBLISHER = re.compile(r"\s+[-–—|\[]\s+[^-–—|\[]{2,30}$")
_EMPTY = frozenset(  # words too common to tell stories apart
    word
    for line in (
        "the and for with from that this are was were will has have had its his her their our not but says said say",
        "over after into about amid new more than who what how why when may can could would should out off per via",
        "des les une der die das und den del los las por con para que est sur dans",
    )
    for word in line.split()
)


def terms_of(title: str) -> tuple[int, ...]:
    """The words of a headline as numbers: words of spaced scripts, pairs of characters of Chinese and Japanese.

    A publisher's name at the end, as in `Headline - Gazette`, is left out.
    """
    found: list[str] = []
    for word in _WORDS.findall(_PUBLISHER.sub("", title).lower()):
        if "\u2e80" <= word[0] <= "\u9fff":
            found.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in _EMPTY:
            found.append(word)
    return tuple(dict.fromkeys(crc32(word.encode()) for word in found))


def story_id(item: Item) -> str:
    """A story is named after its first item, so repeating the work names it the same."""
    return "s" + blake2b(item.ref, digest_size=6).hexdigest()


class Stories:
    """Open stories, found by their words. Feed it items in the order they happened."""

    def __init__(self, known: Iterable[Story] = ()) -> None:
        self.by_id: dict[str, Story] = {}
        self.changed: dict[str, None] = {}
        self._holding: dict[int, list[str]] = defaultdict(list)  # term -> stories
        for story in known:
            self._keep(story)

    def add(self, item: Item) -> Story:
        """The story of one item, as it stands with that item in it."""
        judgement, assessment = item.judgement or Judgement(), item.assessment or Assessment()
        terms = terms_of(item.title)
        found = self._nearest(terms, item)
        if found is None:
            story = _first(item, judgement, assessment, terms)
        else:
            story = _joined(found, item, judgement, assessment, terms)
        self._keep(story)
        self.changed[story.id] = None
        return story

    def _nearest(self, terms: Sequence[int], item: Item) -> Story | None:
        scores: dict[str, float] = defaultdict(float)
        common: Counter[str] = Counter()
        own = 0.0
        for term in terms:
            weight = self._rarity(term)
            own += weight
            for story in self._holding.get(term, ()):
                scores[story] += weight
                common[story] += 1
        for candidate, shared in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:20]:
            near = self.by_id[candidate]
            theirs = sum(self._rarity(term) for term in near.terms)
            recent = abs(item.moment - near.last_seen) <= OPEN_FOR
            alike = common[candidate] >= min(LEAST_COMMON, len(terms), len(near.terms))
            if recent and alike and own and theirs and shared / math.sqrt(own * theirs) >= SAME:
                return near
        return None

    def _rarity(self, term: int) -> float:
        return math.log((1 + len(self.by_id)) / (1 + len(self._holding.get(term, ())))) ** 2 + 1.0

    def _keep(self, story: Story) -> None:
        former = self.by_id.get(story.id)
        for term in story.terms:
            if former is None or term not in former.terms:
                self._holding[term].append(story.id)
        self.by_id[story.id] = story


def _first(item: Item, judgement: Judgement, assessment: Assessment, terms: tuple[int, ...]) -> Story:
    return Story(
        id=story_id(item),
        title=item.title,
        url=item.url,
        language=judgement.language,
        first_seen=item.moment,
        last_seen=item.moment,
        labels=judgement.labels,
        topics=judgement.topics,
        countries=judgement.countries,
        severity=assessment.severity,
        urgency=assessment.urgency,
        certainty=assessment.certainty,
        feeds=(item.feed,),
        terms=terms[:MOST_TERMS],
    )


def _joined(story: Story, item: Item, judgement: Judgement, assessment: Assessment, terms: Sequence[int]) -> Story:
    return replace(
        story,
        last_seen=max(story.last_seen, item.moment),
        first_seen=min(story.first_seen, item.moment),
        labels=_both(story.labels, judgement.labels),
        topics=_both(story.topics, judgement.topics)[:6],
        countries=_both(story.countries, judgement.countries)[:6],
        severity=max(story.severity, assessment.severity),
        certainty=_surer(story, assessment),
        item_count=story.item_count + 1,
        feeds=_both(story.feeds, (item.feed,)),
        terms=_both(story.terms, terms)[:MOST_TERMS] if len(story.terms) < MOST_TERMS // 2 else story.terms,
    )


_T = TypeVar("_T")
_LADDER = ("rumour", "reported", "official", "in_force")


def _surer(story: Story, assessment: Assessment) -> Certainty:
    """The newest word counts when it denies or withdraws; otherwise certainty only climbs."""
    if assessment.certainty not in _LADDER:
        return assessment.certainty
    if story.certainty not in _LADDER:
        return assessment.certainty
    return max(story.certainty, assessment.certainty, key=_LADDER.index)


def _both(former: tuple[_T, ...], more: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*former, *more)))
