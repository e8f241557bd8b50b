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
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import cache
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zlib import crc32

from monitor import resources
from monitor.domain import Assessment, Certainty, Item, Judgement, Story

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAME = 0.13  # least likeness at which two headlines tell the same event
OPEN_FOR = timedelta(days=4)  # a story that nobody adds to for so long has ended
HALVED_IN = timedelta(days=2)  # time in which likeness to a story halves that nobody adds to
MOST_TERMS = 120  # words that a story is recognised by
STEM = 6  # letters by which words of spaced scripts are told apart
ABROAD = 0.3  # least likeness of meaning across languages
MOST_ABROAD = 30  # newest stories of a country in other languages that are compared by meaning

LEAST_RARITY = 0.05  # of a word that stands everywhere
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


class _Postings(NamedTuple):
    """Which stories hold a term, by number, and how often; what joins later is appended and counts in addition."""

    stories: array[int]
    counts: array[float]


class Stories:
    """Open stories, found by their words. Feed it items in the order they happened."""

    def __init__(self, known: Iterable[Story] = (), *, meaning: Meaning | None = None) -> None:
        self.by_id: dict[str, Story] = {}
        self.changed: dict[str, None] = {}
        self._meaning = meaning
        self._means: dict[str, npt.NDArray[np.float32]] = {}  # story -> sum of the meanings asked for
        self._number: dict[str, int] = {}  # story -> its place in the lists below
        self._ids: list[str] = []
        self._counts: list[dict[int, int] | None] = []  # term -> items that hold it; None: as its story has it
        self._lengths = array("d")
        self._postings: dict[int, _Postings] = {}
        self._at: dict[str, list[str]] = defaultdict(list)  # country -> stories
        self._seeds, self._sentences = _seed_frequencies()
        self._frequency: Counter[int] = Counter()
        self._items = 0
        self._read([story for story in known if story.terms])  # others are no event that is reported

    def _read(self, stories: Sequence[Story]) -> None:
        """Keep stories that were read from storage, all at once."""
        if not stories:
            return
        import numpy as np  # costs more to load than a poll that finds nothing new

        self._items = sum(story.item_count for story in stories)
        sizes = [len(story.terms) for story in stories]
        pairs = np.fromiter(
            chain.from_iterable(chain.from_iterable(s.terms for s in stories)), np.int64, 2 * sum(sizes)
        )
        of, terms, counts = np.repeat(np.arange(len(stories), dtype=np.int32), sizes), pairs[::2], pairs[1::2]
        distinct, place = np.unique(terms, return_inverse=True)
        sums = np.bincount(place, weights=counts)
        self._frequency.update(dict(zip(distinct.tolist(), sums.astype(int).tolist(), strict=True)))
        rarities = np.array([self._rarity(term) for term in distinct.tolist()])
        squares = np.bincount(of, weights=(counts * rarities[place]) ** 2, minlength=len(stories))
        self._lengths = array("d", np.sqrt(squares).tobytes())
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place)).tolist()
        by_term, times = of[order], counts[order].astype(np.float32)
        for term, start, end in zip(distinct.tolist(), [0, *ends], ends, strict=False):
            self._postings[term] = _Postings(
                array("i", by_term[start:end].tobytes()), array("f", times[start:end].tobytes())
            )
        self._ids = [story.id for story in stories]
        self._number = {story: number for number, story in enumerate(self._ids)}
        self._counts = [None] * len(stories)
        self.by_id = {story.id: story for story in stories}
        for story in stories:
            for country in story.countries:
                self._at[country].append(story.id)

    def add(self, item: Item) -> Story:
        """The story of one item, as it stands with that item in it."""
        judgement, assessment = item.judgement or Judgement(), item.assessment or Assessment()
        terms = terms_of(item.title)
        self._items += 1
        self._frequency.update(terms)
        found = self._nearest(terms, item, judgement)
        story = _joined(found, item, judgement, assessment) if found else _first(item, judgement, assessment)
        counts = self._keep(story, terms)
        story = replace(story, terms=tuple(sorted(counts.items(), key=lambda pair: -pair[1])[:MOST_TERMS]))
        self.by_id[story.id] = story
        self.changed[story.id] = None
        if story.id in self._means and self._meaning is not None:
            known, vector = self._means[story.id], _vector(self._meaning(item.title, judgement.language))
            self._means[story.id] = known + vector if len(known) == len(vector) else vector if len(vector) else known
        return story

    def _nearest(self, terms: Sequence[int], item: Item, judgement: Judgement) -> Story | None:
        likeness = self._alike(terms)
        abroad = self._abroad(judgement)
        best, most = None, SAME
        for candidate in {**likeness, **dict.fromkeys(abroad)}:
            near = self.by_id[candidate]
            if near.countries and judgement.countries and not set(near.countries) & set(judgement.countries):
                continue  # the same words of another country tell another event: told twice is better than missed
            kept = _kept(near.last_seen, item.moment)
            alike = likeness.get(candidate, 0.0) * kept
            if kept and candidate in abroad:
                alike = max(alike, SAME * self._close(near, item, judgement) / ABROAD * kept)
            if alike > most or (alike == most and best is not None and candidate < best.id):
                best, most = near, alike
        return best

    def _alike(self, terms: Sequence[int]) -> dict[str, float]:
        """Stories whose words are at least `SAME` alike, by the cosine of both."""
        import numpy as np

        rarities = [(self._postings[term], self._rarity(term)) for term in terms if term in self._postings]
        if not rarities:
            return {}
        length = math.sqrt(sum(self._rarity(term) ** 2 for term in terms))
        stories = np.concatenate([np.frombuffer(held.stories, dtype=np.int32) for held, _ in rarities])
        parts = [np.frombuffer(held.counts, dtype=np.float32) * (rarity * rarity) for held, rarity in rarities]
        sums = np.bincount(stories, weights=np.concatenate(parts), minlength=len(self._ids))
        cosines = sums / (np.frombuffer(self._lengths) * length)
        return {self._ids[number]: float(cosines[number]) for number in np.flatnonzero(cosines >= SAME)}

    def _close(self, near: Story, item: Item, judgement: Judgement) -> float:
        """Cosine of what the item and a story in another language mean."""
        if self._meaning is None:
            return 0.0
        one = _vector(self._meaning(item.title, judgement.language))
        if near.id not in self._means:
            self._means[near.id] = _vector(self._meaning(near.title, near.language))
        other = self._means[near.id]
        if not (len(one) and len(other)):
            return 0.0
        return float(one @ other) / math.sqrt(float(other @ other))

    def _abroad(self, judgement: Judgement) -> dict[str, None]:
        """The newest stories about the same countries in other languages."""
        found: dict[str, None] = {}
        for country in judgement.countries if self._meaning is not None else ():
            of_country = [s for s in self._at[country][-10 * MOST_ABROAD :] if self._differs(s, judgement)]
            found.update(dict.fromkeys(of_country[-MOST_ABROAD:]))
        return found

    def _differs(self, story: str, judgement: Judgement) -> bool:
        return self.by_id[story].language != judgement.language

    def _rarity(self, term: int) -> float:
        """Inverse frequency among the news so far and the sentences of the seeds."""
        seen = self._frequency[term] + self._seeds.get(term, 0) + 0.5
        return max(math.log((self._items + self._sentences + 1) / seen), LEAST_RARITY)

    def _keep(self, story: Story, terms: Sequence[int]) -> dict[int, int]:
        """Keep a story that an item with these terms has joined or begun; returns its terms with their counts."""
        known = self.by_id.get(story.id)
        if known is None:
            self._number[story.id] = len(self._ids)
            self._ids.append(story.id)
            self._counts.append({})
            self._lengths.append(1.0)
        number = self._number[story.id]
        held = self._counts[number]
        counts = self._counts[number] = dict(known.terms) if held is None and known is not None else held or {}
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
            postings = self._postings.get(term)
            if postings is None:
                postings = self._postings[term] = _Postings(array("i"), array("f"))
            postings.stories.append(number)
            postings.counts.append(1)
        for country in story.countries:
            if known is None or country not in known.countries:
                self._at[country].append(story.id)
        squares = sum((count * self._rarity(term)) ** 2 for term, count in counts.items())
        self._lengths[number] = math.sqrt(squares) or 1.0
        self.by_id[story.id] = story
        return counts


def _kept(last_seen: datetime, moment: datetime) -> float:
    """How much of its likeness a story keeps that was last added to some time ago; 0 once it has ended.

    Two moments of which one is a date alone may lie a day nearer than they look.
    """
    if abs(moment - last_seen) > OPEN_FOR:
        return 0.0
    days = (moment - last_seen) / timedelta(days=1)
    days = max(0.0, days - (moment.time() == MIDNIGHT or last_seen.time() == MIDNIGHT))
    return float(0.5 ** (timedelta(days=days) / HALVED_IN))


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
