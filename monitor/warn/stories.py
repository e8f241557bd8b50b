"""Items that report the same event, grouped as they arrive, across feeds and languages.

An item joins the open story that it is most like, if that is at least `SAME`. Alike are the
words, weighed by how rare each is in the news so far (cosine of TF-IDF vectors, Salton and
Buckley 1988), the story being the sum of its items, so that no single odd headline can pull it
away; where the languages differ and a country is shared, the encoder's meaning is asked too. News
of one event comes in a burst and then trickles: likeness to a story falls quickly within hours
and slowly after that. docs/decisions tells why.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from monitor import resources
from monitor.domain import Assessment, Certainty, Item, Judgement, Story

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAME = 0.12  # least likeness at which two headlines tell the same event
OPEN_FOR = timedelta(days=4)  # a story that nobody adds to for so long has ended
MOST_TERMS = 120  # words that a story is recognised by
LASTING, BURST_DAYS, FADE_A_DAY = 0.45, 0.08, 0.05  # likeness kept after the burst, its length, loss a day
RARITY_POWER = 0.7  # of a word's inverse frequency: rare words count, but not for everything
SEEDS_WEIGH = 0.25  # a word in a sentence of the seeds counts so much of one in the news
STEM = 6  # letters by which words of spaced scripts are told apart
ABROAD = 0.2  # least likeness of meaning across languages
MOST_ABROAD = 30  # newest stories of a country in other languages that are compared by meaning

MIDNIGHT = time()  # of a date without a time of day

Meaning = Callable[[str, str], bytes]  # headline, language -> unit vector as float16, or nothing

_WORDS = re.compile(r"[^\W_\u2e80-\u9fff\uac00-\ud7af]+(?:['’][a-z]+)?|[\u2e80-\u9fff]+|[\uac00-\ud7af]{2,}")
_DOTTED = re.compile(r"\b([A-Z])\. ?([A-Z])\.(?=\W|$)")
_PUBLISHER = re.compile(r"\s+[-–—|\[]\s+[^-–—|\[]{2,30}$")
_EMPTY = frozenset(  # words too common to tell stories apart
    word
    for line in (
        "the and for with from that this are was were will has have had its his her their our not but says said say",
        "over after into about amid more than who what how why when may can could would should out off per via is it",
        "in on of to an as at by be or if he she we you do does did no so up all they there them been being most just",
        "also us make makes made get gets take takes took first last year years day days week",
        "des les une der die das und den del los las por con para que est sur dans",
    )
    for word in line.split()
)


def terms_of(title: str) -> tuple[int, ...]:
    """The words of a headline as numbers: stems of spaced scripts, pairs of characters of Chinese and Japanese.

    A publisher's name at the end, as in `Headline - Gazette`, is left out.
    """
    found: list[str] = []
    for word in _WORDS.findall(_DOTTED.sub(r"\1\2", _PUBLISHER.sub("", title)).lower()):
        if "\u2e80" <= word[0] <= "\u9fff":
            found.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif (stem := _stem(word)) and word not in _EMPTY:
            found.append(stem)
    return tuple(dict.fromkeys(crc32(word.encode()) for word in found))


def _stem(word: str) -> str:
    word = re.sub(r"['’]s?", "", word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:STEM] if len(word) > 1 else ""


def story_id(item: Item) -> str:
    """A story is named after its first item, so repeating the work names it the same."""
    return "s" + blake2b(item.ref, digest_size=6).hexdigest()


class Stories:
    """Open stories, found by their words. Feed it items in the order they happened."""

    def __init__(self, known: Iterable[Story] = (), *, meaning: Meaning | None = None) -> None:
        self.by_id: dict[str, Story] = {}
        self.changed: dict[str, None] = {}
        self._meaning = meaning
        self._means: dict[str, npt.NDArray[np.float32]] = {}  # story -> sum of the meanings asked for
        self._terms: dict[str, dict[int, int]] = {}  # story -> term -> items that hold it
        self._lengths: dict[str, float] = {}
        self._holding: dict[int, list[str]] = defaultdict(list)  # term -> stories
        self._at: dict[str, list[str]] = defaultdict(list)  # country -> stories
        self._frequency: Counter[int] = Counter()
        self._items = 0
        self._seeds, self._sentences = _seed_frequencies()
        for story in known:
            self._items += story.item_count
            self._frequency.update(dict(story.terms))
            self._keep(story, dict(story.terms))

    def add(self, item: Item) -> Story:
        """The story of one item, as it stands with that item in it."""
        judgement, assessment = item.judgement or Judgement(), item.assessment or Assessment()
        terms = terms_of(item.title)
        self._items += 1
        self._frequency.update(terms)
        found = self._nearest(terms, item, judgement)
        counts = dict.fromkeys(terms, 1)
        if found is None:
            story = _first(item, judgement, assessment)
        else:
            story = _joined(found, item, judgement, assessment)
            former = self._terms[found.id]
            counts = {term: former.get(term, 0) + counts.get(term, 0) for term in (*former, *counts)}
        story = replace(story, terms=tuple(sorted(counts.items(), key=lambda pair: -pair[1])[:MOST_TERMS]))
        self._keep(story, dict(story.terms))
        self.changed[story.id] = None
        if found is not None and found.id in self._means and self._meaning is not None:
            vector = _vector(self._meaning(item.title, judgement.language))
            self._means[found.id] = self._means[found.id] + vector if len(vector) else self._means[found.id]
        return story

    def _nearest(self, terms: Sequence[int], item: Item, judgement: Judgement) -> Story | None:
        rarities = {term: self._rarity(term) for term in terms}
        length = math.sqrt(sum(weight * weight for weight in rarities.values())) or 1.0
        likeness: dict[str, float] = defaultdict(float)
        for term, weight in rarities.items():
            part = weight * weight / length
            for story in self._holding.get(term, ()):
                likeness[story] += part * self._terms[story].get(term, 0)
        best, most = None, SAME
        for candidate in {*likeness, *self._abroad(judgement)}:
            near = self.by_id[candidate]
            kept = _kept(near.last_seen, item.moment)
            alike = likeness[candidate] / self._lengths[candidate] * kept
            if kept and near.language != judgement.language:
                alike = max(alike, SAME * self._close(near, item, judgement) / ABROAD * kept)
            if alike > most or (alike == most and best is not None and candidate < best.id):
                best, most = near, alike
        return best

    def _close(self, near: Story, item: Item, judgement: Judgement) -> float:
        """Cosine of what the item and a story in another language mean; 0 where no country is shared."""
        if self._meaning is None or not set(near.countries) & set(judgement.countries):
            return 0.0
        one = _vector(self._meaning(item.title, judgement.language))
        if near.id not in self._means:
            self._means[near.id] = _vector(self._meaning(near.title, near.language))
        other = self._means[near.id]
        if not (len(one) and len(other)):
            return 0.0
        return float(one @ other) / math.sqrt(float(other @ other))

    def _abroad(self, judgement: Judgement) -> Iterable[str]:
        """The newest stories about the same countries in other languages."""
        if self._meaning is None:
            return ()
        found: dict[str, None] = {}
        for country in judgement.countries:
            of_country = [s for s in self._at[country][-10 * MOST_ABROAD :] if self._differs(s, judgement)]
            found.update(dict.fromkeys(of_country[-MOST_ABROAD:]))
        return found

    def _differs(self, story: str, judgement: Judgement) -> bool:
        return self.by_id[story].language != judgement.language

    def _rarity(self, term: int) -> float:
        seen = self._frequency[term] + SEEDS_WEIGH * self._seeds.get(term, 0) + 0.5
        every = self._items + SEEDS_WEIGH * self._sentences + 1
        return float(max(math.log(every / seen), 0.05) ** RARITY_POWER)

    def _keep(self, story: Story, terms: dict[int, int]) -> None:
        former = self._terms.get(story.id, {})
        for term in terms:
            if term not in former:
                self._holding[term].append(story.id)
        known = self.by_id.get(story.id)
        for country in story.countries:
            if known is None or country not in known.countries:
                self._at[country].append(story.id)
        self._terms[story.id] = terms
        self._lengths[story.id] = (
            math.sqrt(sum((count * self._rarity(term)) ** 2 for term, count in terms.items())) or 1.0
        )
        self.by_id[story.id] = story


def _kept(last_seen: datetime, moment: datetime) -> float:
    """How much of its likeness a story keeps that was last added to some time ago; 0 once it has ended.

    Two moments of which one is a date alone may lie a day nearer than they look.
    """
    if abs(moment - last_seen) > OPEN_FOR:
        return 0.0
    days = (moment - last_seen).total_seconds() / 86_400
    days = max(0.0, days - (moment.time() == MIDNIGHT or last_seen.time() == MIDNIGHT))
    return (LASTING + (1 - LASTING) * math.exp(-days / BURST_DAYS)) * math.exp(-FADE_A_DAY * days)


def _vector(meaning: bytes) -> npt.NDArray[np.float32]:
    import numpy as np  # costs more to load than a poll that finds nothing new

    return np.frombuffer(meaning, dtype=np.float16).astype(np.float32)


@cache
def _seed_frequencies() -> tuple[Mapping[int, int], int]:
    """In how many sentences of the seeds each word stands: what is common before there is any news."""
    found: Counter[int] = Counter()
    lines = (resources.path("seeds") / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        found.update(terms_of(json.loads(line)["title"]))
    return found, len(lines)


def _first(item: Item, judgement: Judgement, assessment: Assessment) -> Story:
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
    )


def _joined(story: Story, item: Item, judgement: Judgement, assessment: Assessment) -> Story:
    return replace(
        story,
        last_seen=max(story.last_seen, item.moment),
        first_seen=min(story.first_seen, item.moment),
        labels=_both(story.labels, judgement.labels),
        topics=_both(story.topics, judgement.topics)[:6],
        countries=_both(story.countries, judgement.countries)[:6],
        severity=max(story.severity, assessment.severity),
        certainty=_corroborated(_surer(story, assessment), story, item),
        item_count=story.item_count + 1,
        feeds=_both(story.feeds, (item.feed,)),
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


def _corroborated(certainty: Certainty, story: Story, item: Item) -> Certainty:
    """What a second publisher tells in words of its own is no rumour any more; a copy confirms nothing."""
    independent = item.feed not in story.feeds and terms_of(item.title) != terms_of(story.title)
    return Certainty.REPORTED if certainty is Certainty.RUMOUR and independent else certainty


def _both(former: tuple[_T, ...], more: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*former, *more)))
