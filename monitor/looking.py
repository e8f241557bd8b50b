"""Looking at feeds without keeping anything: is each well, and what is the feed of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from monitor.domain import Feed, FeedFormat, FeedState, Fetched, ParsedFeed
from monitor.errors import UsageError
from monitor.i18n import N_, _
from monitor.ingest.addresses import name_of, shown
from monitor.manners import Visit
from monitor.shell import Shell
from monitor.text.normalise import one_line

OLD_AFTER = timedelta(days=90)
USUAL_PLACES = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feeds", "?feed=rss2")
NO_ENTRIES = N_("without entries")
NO_DATES = N_("without dates")
OLD = N_("nothing new for three months")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How one feed answered."""

    name: str
    url: str
    status: int
    entries: int = 0
    rejected: int = 0
    newest: datetime | None = None
    language: str = ""
    moved_to: str = ""
    problem: str = ""


def check(
    shell: Shell, feeds: Sequence[Feed], *, progress: Callable[[int, int], None] | None = None
) -> Iterator[Checked]:
    """Ask every feed once, as a pass does; nothing is stored but what hosts ask for."""
    states = [FeedState(id=number, feed=feed) for number, feed in enumerate(feeds, 1)]
    for done, (fetched, parsed) in enumerate(_answers(shell, states), 1):
        if progress is not None:
            progress(done, len(states))
        yield _checked(fetched, parsed, now=shell.clock())


def _checked(fetched: Fetched, parsed: ParsedFeed, *, now: datetime) -> Checked:
    feed = fetched.state.feed
    dates = [entry.published for entry in parsed.entries if entry.published]
    newest = max(dates, default=None)
    problem = fetched.error or parsed.error
    if not problem and feed.format is not FeedFormat.PAGE:
        old = newest is not None and now - newest > OLD_AFTER
        problem = NO_ENTRIES if not parsed.entries else NO_DATES if newest is None else OLD if old else ""
    return Checked(
        name=feed.name,
        url=shown(feed.url),
        status=fetched.status,
        entries=len(parsed.entries),
        rejected=len(parsed.rejected),
        newest=newest,
        language=parsed.language,
        moved_to=shown(fetched.moved_to) if fetched.moved_to else "",
        problem=problem,
    )


def find(shell: Shell, url: str, *, watch: str = "") -> tuple[Feed, int]:
    """The feed at `url`, or the one its page names, or one at a usual place; and how many entries it has.

    With `watch`, the page itself as a watched one. Raises: UsageError that says what was tried.
    """
    if watch:
        return _watched(shell, url, watch)
    first = _ask(shell, [Feed(name="", url=url)])
    if first and first[0][1].entries:
        return _named(*first[0]), len(first[0][1].entries)
    pages = _ask(shell, [Feed(name="", url=url, format=FeedFormat.LINKS)])
    reached = [(fetched, parsed) for fetched, parsed in pages if not fetched.error]
    if not reached:
        why = pages[0][0].error if pages else ""
        raise UsageError(_("{url} cannot be read: {why}").format(url=shown(url), why=why))
    fetched, page = reached[0]
    home = fetched.url or url
    named = [line for line in page.region.split("\n") if line]
    usual = [urljoin(base, place) for base in dict.fromkeys((_folder(home), _root(home))) for place in USUAL_PLACES]
    for candidates in (named, usual):
        answers = _ask(shell, [Feed(name="", url=one) for one in dict.fromkeys(candidates)])
        good = {got.state.feed.url: (got, parsed) for got, parsed in answers if parsed.entries and not got.error}
        for one in candidates:
            if one in good:
                return _named(*good[one], title=page.title), len(good[one][1].entries)
    said = _(
        "no feed was found at {url}: neither named by the page nor at the usual places; watch it with --watch main"
    )
    raise UsageError(said.format(url=shown(home)))


def _watched(shell: Shell, url: str, watch: str) -> tuple[Feed, int]:
    feed = Feed(name="", url=url, format=FeedFormat.PAGE, watch=watch)
    [(fetched, parsed)] = _ask(shell, [feed])
    if trouble := fetched.error or parsed.error:
        raise UsageError(_("{url} cannot be watched: {why}").format(url=shown(url), why=_(trouble)))
    return replace(feed, name=one_line(parsed.title, 80) or name_of(url)), len(parsed.region.split("\n"))


def _ask(shell: Shell, feeds: Sequence[Feed]) -> list[tuple[Fetched, ParsedFeed]]:
    return list(_answers(shell, [FeedState(id=number, feed=feed) for number, feed in enumerate(feeds, 1)]))


def _answers(shell: Shell, states: Sequence[FeedState]) -> Iterator[tuple[Fetched, ParsedFeed]]:
    if not states:
        return
    with closing(shell.fetcher()) as fetcher, closing(shell.parsers()) as parsers:
        visit = Visit(shell, states, now=shell.clock(), patient=True, keeps=False)
        yield from parsers.parse_all(visit.answers(fetcher), now=shell.clock())


def _named(fetched: Fetched, parsed: ParsedFeed, *, title: str = "") -> Feed:
    feed = fetched.state.feed
    url = fetched.moved_to or feed.url
    name = one_line(parsed.title or title, 80) or name_of(url)
    return replace(feed, name=name, url=url, language=parsed.language)


def _folder(url: str) -> str:
    return url.partition("?")[0].partition("#")[0].rstrip("/") + "/"


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
