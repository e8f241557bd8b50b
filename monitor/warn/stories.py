"""Items that report the same event, grouped as they arrive, across feeds and languages.

An item joins the open story that it is most like, if that is at least `SAME`. Alike are the
words, weighed by how rare each is in the news so far (cosine of TF-IDF vectors, Salton and
Buckley 1988), the story being the sum of its items, so that no single odd headline can pull it
away; where the languages differ and a country is shared, the encoder's meaning is asked too. News
of one event comes in a burst and then trickles: likeness halves every two days, and of stories that
are alike the one just reported on counts double. docs/decisions tells why.
"""

from __future__ import annotations

import json
import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from hashlib import blake2b
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from monitor import resources
from monitor.domain import Assessment, Certainty, Item, Judgement, OpenStories, Story
from monitor.text.terms import terms_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAME = 0.13  # least likeness at which two headlines tell the same event
OPEN_FOR = timedelta(days=4)  # a story that nobody adds to for so long has ended
HALVED_IN = timedelta(days=2)  # time in which likeness to a story halves that nobody adds to
AT_ONCE = timedelta(minutes=30)  # in which what likeness gains just after a story's last report halves
MOST_COUNTRIES = 6  # that a story keeps
MOST_TERMS = 120  # words that a story is recognised by
ABROAD = 0.3  # least likeness of meaning across languages
MOST_ABROAD = 30  # newest stories of a country in other languages that are compared by meaning

LEAST_RARITY = 0.05  # of a word that stands everywhere
DAY_S = 86_400.0

Meaning = Callable[[str, str], bytes]  # headline, language -> unit vector as float16, or nothing


def story_id(item: Item) -> str:
    """A story is named after its first item, so repeating the work names it the same."""
    return "s" + blake2b(item.ref, digest_size=6).hexdigest()


class _Postings(NamedTuple):
    """Which stories hold a term, by number, and how often; what joins later is appended and counts in addition."""

    stories: array[int]
    counts: array[float]


class Stories:
    """Open stories, found by their words. Feed it items in the order they happened.

    Of stories that are known only what they are recognised by is held; one is read whole when an item joins it.
    """

    def __init__(self, known: OpenStories | None = None, *, meaning: Meaning | None = None) -> None:
        self.by_id: dict[str, Story] = {}  # those that are new or were read whole
        self.changed: dict[str, None] = {}
        self._meaning = meaning
        self._means: dict[int, npt.NDArray[np.float32]] = {}  # story -> sum of the meanings asked for
        self._begun: dict[int, tuple[str, str]] = {}  # new story -> headline and language of its first item
        self._known = known or OpenStories()
        self._ids = list(self._known.ids)  # a story's number is its place in the lists
        self._number = {story: number for number, story in enumerate(self._ids)}
        self._languages, self._countries = list(self._known.languages), list(self._known.countries)
        self._last = array("d", (moment.timestamp() for moment in self._known.last_seen))
        self._counts: dict[int, dict[int, int]] = {}  # story -> term -> items that hold it, where an item joined
        self._lengths = array("d")
        self._postings: dict[int, _Postings] = {}  # of what joined
        self._spans: dict[int, tuple[int, int]] = {}  # term -> its part of what is held of known stories
        self._seeds, self._sentences = _seed_frequencies()
        self._frequency: Counter[int] = Counter()
        self._items = self._known.items
        if self._ids:
            self._index(self._known)

    def _index(self, known: OpenStories) -> None:
        """Turn the words of known stories round: which stories hold each, all at once."""
        import numpy as np  # costs more to load than a poll that finds nothing new

        self._pairs = np.frombuffer(known.terms, dtype=np.int64).reshape(-1, 2)
        self._ends = np.cumsum(known.sizes)
        keys = self._pairs[:, 0].astype(np.uint64) << np.uint64(32)  # a term has 32 bits; its place is put beside it,
        keys |= np.arange(len(keys), dtype=np.uint64)  # which sorts several times quicker than an index would
        keys.sort()
        terms, order = (keys >> np.uint64(32)).astype(np.int64), (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)
        self._times = self._pairs[order, 1].astype(np.float64)
        self._of = np.repeat(np.arange(len(known.ids)), known.sizes)[order]
        starts = np.flatnonzero(np.diff(terms, prepend=-1))
        distinct, sums = terms[starts].tolist(), np.add.reduceat(self._times, starts)
        self._frequency.update(dict(zip(distinct, sums.astype(int).tolist(), strict=True)))
        self._spans = dict(zip(distinct, pairwise((*starts.tolist(), len(terms))), strict=True))
        seeds = np.fromiter(map(self._seeds.get, distinct, repeat(0)), np.float64, len(distinct))
        rarities = np.log((self._items + self._sentences + 1) / (sums + seeds + 0.5)).clip(min=LEAST_RARITY)
        weights = (self._times * np.repeat(rarities, np.diff(starts, append=len(terms)))) ** 2
        squares = np.bincount(self._of, weights=weights, minlength=len(known.ids))
        self._lengths = array("d", np.sqrt(squares).clip(min=1e-9).tobytes())

    @cached_property
    def _at(self) -> dict[str, list[int]]:
        """The stories of each country, the newest last."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, countries in enumerate(self._countries):
            for country in countries:
                found[country].append(number)
        return found

    def add(self, item: Item) -> Story:
        """The story of one item, as it stands with that item in it."""
        return self.add_all([item])[0]

    def add_all(self, items: Sequence[Item]) -> list[Story]:
        """The story of each item, as it stands with that item in it; stories that are known are read whole at once."""
        numbers = [self._place(item) for item in items]
        self._whole(sorted({number for number, begun in numbers if not begun and number < len(self._known.ids)}))
        return [self._taken_up(number, item, first=begun) for (number, begun), item in zip(numbers, items, strict=True)]

    def _place(self, item: Item) -> tuple[int, bool]:
        """Put an item where it belongs; the number of its story, and whether the item begins it."""
        judgement, terms = item.judgement or Judgement(), terms_of(item.title)
        self._items += 1
        self._frequency.update(terms)
        number = self._nearest(terms, item, judgement)
        if begun := number is None:
            number = self._begin(item, judgement)
        self._keep(number, item, judgement, terms)
        if number in self._means:
            known, vector = self._means[number], self._mean(item.title, judgement.language)
            self._means[number] = known + vector if len(known) == len(vector) else vector if len(vector) else known
        return number, begun

    def _taken_up(self, number: int, item: Item, *, first: bool) -> Story:
        judgement, assessment = item.judgement or Judgement(), item.assessment or Assessment()
        story = (
            _first(item, judgement, assessment)
            if first
            else _joined(self.by_id[self._ids[number]], item, judgement, assessment)
        )
        most = sorted(self._counts[number].items(), key=lambda pair: -pair[1])[:MOST_TERMS]
        self.by_id[story.id] = story = replace(story, terms=tuple(most))
        self.changed[story.id] = None
        return story

    def _nearest(self, terms: Sequence[int], item: Item, judgement: Judgement) -> int | None:
        """The open story that the item is most like, if that is enough; of equals the first by name."""
        near, cosines = self._alike(terms)
        kept, gained = self._kept(near, item.moment)
        values = cosines * kept * gained
        enough = values > SAME
        alike = dict(zip(near[enough].tolist(), values[enough].tolist(), strict=True))
        for number, cosine in self._abroad(item, judgement):
            alike[number] = max(alike.get(number, 0.0), SAME * cosine / ABROAD)
        ranked = sorted((-value, self._ids[number], number) for number, value in alike.items() if value > SAME)
        return next((number for _, _, number in ranked if not self._elsewhere(number, judgement)), None)

    def _elsewhere(self, number: int, judgement: Judgement) -> bool:
        """The same words of another country tell another event: told twice is better than missed."""
        theirs, ours = self._countries[number], judgement.countries
        return bool(theirs and ours) and not set(theirs) & set(ours)

    def _alike(self, terms: Sequence[int]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """The stories whose words are at least `SAME` alike, by the cosine, and how alike they are."""
        import numpy as np

        stories, parts, length = [], [], 0.0
        for term in terms:
            square = self._rarity(term) ** 2
            length += square
            if (span := self._spans.get(term)) is not None:
                stories.append(self._of[slice(*span)])
                parts.append(self._times[slice(*span)] * square)
            if (held := self._postings.get(term)) is not None:
                stories.append(np.frombuffer(held.stories, dtype=np.int64))
                parts.append(np.frombuffer(held.counts, dtype=np.float64) * square)
        if not stories:
            return np.zeros(0, np.intp), np.zeros(0)
        sums = np.bincount(np.concatenate(stories), weights=np.concatenate(parts), minlength=len(self._ids))
        lengths = np.frombuffer(self._lengths) * math.sqrt(length)
        near = np.flatnonzero(sums >= lengths * SAME)
        return near, sums[near] / lengths[near]

    def _kept(
        self, numbers: npt.NDArray[np.intp], moment: datetime
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """How much of their likeness stories keep that were last added to some time ago, 0 once they have ended; and
        what it is multiplied by for a report that follows at once.

        Two moments of which one is a date alone may lie a day nearer than they look, and nothing follows them at once.
        """
        import numpy as np

        last, at = np.frombuffer(self._last)[numbers], moment.timestamp()
        days = (at - last) / DAY_S
        dated = (last % DAY_S == 0) | (at % DAY_S == 0)
        kept = 0.5 ** (np.maximum(0.0, days - dated) * DAY_S / HALVED_IN.total_seconds())
        gained = 1 + np.where(dated, 0.0, 0.5 ** (np.abs(days) * DAY_S / AT_ONCE.total_seconds()))
        return np.where(np.abs(days) * DAY_S > OPEN_FOR.total_seconds(), 0.0, kept), gained

    def _abroad(self, item: Item, judgement: Judgement) -> Iterator[tuple[int, float]]:
        """The newest stories about the same countries in other languages: cosine of what they and the item mean."""
        if self._meaning is None:
            return
        import numpy as np

        found: dict[int, None] = {}
        for country in judgement.countries:
            theirs = [n for n in self._at[country][-10 * MOST_ABROAD :] if self._languages[n] != judgement.language]
            found.update(dict.fromkeys(theirs[-MOST_ABROAD:]))
        kept, _gained = self._kept(np.fromiter(found, np.intp, len(found)), item.moment)
        numbers = [number for number, much in zip(found, kept, strict=True) if much]
        self._whole([number for number in numbers if number not in self._means and number not in self._begun])
        for number, much in zip(numbers, kept[kept > 0].tolist(), strict=True):
            yield number, self._close(number, item, judgement) * much

    def _close(self, number: int, item: Item, judgement: Judgement) -> float:
        """Cosine of what the item and a story in another language mean."""
        one = self._mean(item.title, judgement.language)
        if number not in self._means:
            if number in self._begun:
                title, language = self._begun[number]
            else:
                [near] = self._whole([number])
                title, language = near.title, near.language
            self._means[number] = self._mean(title, language)
        other = self._means[number]
        if not (len(one) and len(other)):
            return 0.0
        return float(one @ other) / math.sqrt(float(other @ other))

    def _mean(self, title: str, language: str) -> npt.NDArray[np.float32]:
        import numpy as np

        return np.frombuffer(self._meaning(title, language) if self._meaning else b"", np.float16).astype(np.float32)

    def _whole(self, numbers: Sequence[int]) -> list[Story]:
        """Stories with all that is known of them."""
        ids = [self._ids[number] for number in numbers]
        if missing := [story for story in ids if story not in self.by_id]:
            self.by_id.update((story.id, story) for story in self._known.whole(missing))
        return [self.by_id[story] for story in ids]

    def _rarity(self, term: int) -> float:
        """Inverse frequency among the news so far and the sentences of the seeds."""
        seen = self._frequency[term] + self._seeds.get(term, 0) + 0.5
        return max(math.log((self._items + self._sentences + 1) / seen), LEAST_RARITY)

    def _begin(self, item: Item, judgement: Judgement) -> int:
        """Room for a new story, or the number of the one that the same item began before."""
        story = story_id(item)
        if story in self._number:
            return self._number[story]
        self._number[story] = number = len(self._ids)
        self._begun[number] = item.title, judgement.language
        self._ids.append(story)
        self._counts[number] = {}
        self._lengths.append(1.0)
        self._last.append(item.moment.timestamp())
        self._languages.append(judgement.language)
        self._countries.append(())
        return number

    def _keep(self, number: int, item: Item, judgement: Judgement, terms: Sequence[int]) -> None:
        """By what else a story is recognised from now on."""
        counts = self._counts.get(number)
        if counts is None:
            end = self._ends[number]
            counts = self._counts[number] = dict(self._pairs[end - self._known.sizes[number] : end].tolist())
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
            postings = self._postings.get(term)
            if postings is None:
                postings = self._postings[term] = _Postings(array("q"), array("d"))
            postings.stories.append(number)
            postings.counts.append(1.0)
        former = self._countries[number]
        self._countries[number] = _both(former, judgement.countries)[:MOST_COUNTRIES]
        if "_at" in self.__dict__:
            for country in self._countries[number][len(former) :]:
                self._at[country].append(number)
        self._lengths[number] = math.sqrt(sum((n * self._rarity(term)) ** 2 for term, n in counts.items())) or 1.0
        self._last[number] = max(self._last[number], item.moment.timestamp())


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
        countries=_both(story.countries, judgement.countries)[:MOST_COUNTRIES],
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
