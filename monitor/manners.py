"""How a pass visits hosts: robots.txt before pages, one at a time where a host asks for it, later where it says so.

Source: RFC 9309 (robots.txt). Feeds are published for programs to read, so Disallow holds for
pages, watched ones too, and not for feeds; Crawl-delay holds for both (docs/decisions).
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.domain import Feed, FeedFormat, FeedState, Fetched
from monitor.i18n import N_
from monitor.ingest.services import newest_file
from monitor.shell import Shell
from monitor.store.sources import Host

log = logging.getLogger(__name__)

ROBOT = "monitor"  # our name in robots.txt
ROBOTS_FOR = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)  # where robots.txt could not be had, so that nothing may be read
LONGEST_ROBOTS = 500_000  # characters, of which RFC 9309 asks us to read at least 500 KiB
SPACING_S = 10.0  # between two requests to a host that has said 429 or 503, for a day
LONGEST_SPACING_S = 30.0
PATIENCE_S = 120.0  # how long a pass over every feed waits for spaced hosts
NOTHING = "User-agent: *\nDisallow: /\n"
NOT_ASKED = N_("not asked: its host has just asked us to come less often")
DISALLOWED = N_("its robots.txt asks programs to stay away from this page")


def host_of(url: str) -> str:
    """`host:port` of an address."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


class Visit:
    """One pass's way to its hosts. `patient`: wait for spaced hosts rather than leave their feeds for later.

    `keeps`: whether feeds may be put off; else each one is answered, if only with the reason why it was not asked.
    """

    def __init__(
        self, shell: Shell, due: Sequence[FeedState], *, now: datetime, patient: bool, keeps: bool = True
    ) -> None:
        self._shell, self._now, self._keeps = shell, now, keeps
        self._known = shell.store.spaced_hosts(now)
        self._rounds = _rounds(due, {name: host.spacing_s for name, host in self._known.items()})
        self._patience_s = PATIENCE_S if patient else 0.0
        self._put_off: dict[int, datetime] = {}
        self._asked_off: dict[str, float] = {}

    def answers(self, fetcher) -> Iterator[Fetched]:  # type: ignore[no-untyped-def]
        """Every feed's answer but of those that are put off; archives that a list names in place of the list."""
        waited = 0.0
        for number, (wait_s, states) in enumerate(self._rounds):
            if number and waited + wait_s > self._patience_s:
                if not self._keeps:
                    left = [state for _, states in self._rounds[number:] for state in states]
                    yield from (Fetched(state=state, error=NOT_ASKED) for state in left)
                    return
                self._leave(self._rounds[number:])
                return
            if number:
                time.sleep(wait_s)
                waited += wait_s
            yield from self._round(fetcher, states)

    def _round(self, fetcher, states: Sequence[FeedState]) -> Iterator[Fetched]:  # type: ignore[no-untyped-def]
        allowed, refused = self._allowed(states)
        yield from refused
        archives: list[tuple[Fetched, str]] = []
        for fetched in fetcher.fetch_all(allowed):
            if fetched.put_off and not self._keeps:
                yield replace(fetched, error=NOT_ASKED)
                continue
            if fetched.put_off:
                wait_s = fetched.retry_after_s or fetched.state.feed.every.total_seconds()
                self._put_off[fetched.state.id] = self._now + timedelta(seconds=wait_s)
                continue
            if fetched.status in (429, 503):
                self._asked_off[host_of(fetched.state.feed.url)] = fetched.retry_after_s or 0.0
            address = _archive_of(fetched)
            if address:
                archives.append((fetched, address))
            else:
                yield fetched
        if archives:
            yield from self._archives(archives)

    def _archives(self, named: Sequence[tuple[Fetched, str]]) -> Iterator[Fetched]:
        lists = {fetched.state.id: fetched for fetched, _ in named}
        states = [FeedState(id=one.state.id, feed=replace(one.state.feed, url=address)) for one, address in named]
        with closing(self._shell.fetcher(body_bytes=32_000_000, total_s=60)) as fetcher:
            for fetched in fetcher.fetch_all(states):
                listed = lists[fetched.state.id]
                yield replace(
                    fetched,
                    state=listed.state,
                    etag=listed.etag,
                    last_modified=listed.last_modified,
                    moved_to=listed.moved_to,
                )

    def _allowed(self, states: Sequence[FeedState]) -> tuple[list[FeedState], list[Fetched]]:
        pages = [state for state in states if state.feed.format is FeedFormat.PAGE]
        if not pages:
            return list(states), []
        rules = read_robots(self._shell, [state.feed.url for state in pages], now=self._now)
        barred = {s.id for s in pages if not may_read(rules[host_of(s.feed.url)], s.feed.url)}
        refused = [Fetched(state=state, error=DISALLOWED) for state in pages if state.id in barred]
        return [state for state in states if state.id not in barred], refused

    def _leave(self, rounds: Sequence[tuple[float, list[FeedState]]]) -> None:
        later = self._now
        for wait_s, states in rounds:
            later += timedelta(seconds=wait_s)
            self._put_off.update({state.id: later for state in states})

    def remember(self) -> None:
        """Write down which hosts have asked for less, and which feeds wait for their host's sake."""
        until = self._now + ROBOTS_FOR
        known = self._shell.store.hosts(self._asked_off)
        spaced = [
            replace(
                known.get(name, Host(host=name)),
                spacing_s=max(SPACING_S, known[name].spacing_s if name in known else 0.0),
                spaced_until=until,
            )
            for name in self._asked_off
        ]
        self._shell.store.put_hosts(spaced)
        if self._put_off:
            self._shell.store.put_off(self._put_off)
            log.info("feeds wait for their host", extra={"feeds": len(self._put_off)})


def _rounds(due: Sequence[FeedState], spacing: dict[str, float]) -> list[tuple[float, list[FeedState]]]:
    """What is asked at once, then, after each wait, one more feed of each spaced host."""
    now: list[FeedState] = []
    waiting: dict[str, list[FeedState]] = defaultdict(list)
    for state in due:
        host = host_of(state.feed.url) if spacing else ""
        (waiting[host] if host in spacing else now).append(state)
    rounds = [(0.0, now + [states.pop(0) for states in waiting.values()])]
    while any(waiting.values()):
        wait_s = max(spacing[host] for host, states in waiting.items() if states)
        rounds.append((wait_s, [states.pop(0) for states in waiting.values() if states]))
    return rounds


def _archive_of(fetched: Fetched) -> str:
    if fetched.state.feed.format is not FeedFormat.GDELT or fetched.error or fetched.body[:2] == b"PK":
        return ""
    return newest_file(fetched.body, fetched.url or fetched.state.feed.url) if fetched.body else ""


# --- robots.txt ----------------------------------------------------------------------------------


def read_robots(shell: Shell, urls: Iterable[str], *, now: datetime) -> dict[str, Host]:
    """What the hosts of these addresses ask of programs, read anew after a day."""
    schemes = {host_of(url): urlsplit(url).scheme for url in urls}
    known = shell.store.hosts(schemes)
    fresh = {name for name, host in known.items() if host.robots_read and now - host.robots_read <= ROBOTS_FOR}
    stale = [name for name in schemes if name not in fresh]
    if stale:
        feeds = [Feed(name=name, url=f"{schemes[name]}://{name}/robots.txt") for name in stale]
        states = [FeedState(id=number, feed=feed) for number, feed in enumerate(feeds)]
        with closing(shell.fetcher(body_bytes=2_000_000, total_s=10)) as fetcher:
            read = [_of_robots(one, known.get(one.state.feed.name), now) for one in fetcher.fetch_all(states)]
        shell.store.put_hosts(read)
        known |= {host.host: host for host in read}
    return known


def _of_robots(fetched: Fetched, former: Host | None, now: datetime) -> Host:
    host = former or Host(host=fetched.state.feed.name)
    reached = fetched.status == 200 or (400 <= fetched.status < 500 and fetched.status != 429)
    if not reached:  # RFC 9309 section 2.3.1.4: then nothing may be read; the last copy we have still holds
        rules = host.robots if host.robots_read else NOTHING
        return replace(host, robots=rules, robots_read=now - ROBOTS_FOR + AGAIN_AFTER)
    text = fetched.body.decode("utf-8", "replace").replace("\0", " ")[:LONGEST_ROBOTS] if not fetched.error else ""
    spacing_s = _spacing(text)
    if not spacing_s:
        return replace(host, robots=text, robots_read=now)
    return replace(host, robots=text, robots_read=now, spacing_s=spacing_s, spaced_until=now + 2 * ROBOTS_FOR)


def _spacing(robots: str) -> float:
    from protego import Protego

    rules = Protego.parse(robots)
    rate = rules.request_rate(ROBOT)
    asked = rules.crawl_delay(ROBOT) or (rate.seconds / rate.requests if rate and rate.requests else 0.0)
    return min(float(asked or 0.0), LONGEST_SPACING_S)


def may_read(host: Host, url: str) -> bool:
    """Whether the host lets us read this page."""
    from protego import Protego

    return not host.robots or bool(Protego.parse(host.robots).can_fetch(url, ROBOT))
