"""What every job stands on: settings, memory, feeds, profiles, and processes started when first needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from monitor import resources
from monitor.config import KEPT, Settings
from monitor.domain import Feed, FeedState, Profile, Recipient
from monitor.errors import ArtefactError, ConfigError, MonitorError, UsageError
from monitor.i18n import _
from monitor.progress import Progress
from monitor.store import Store
from monitor.text.lines import Document, read_file
from monitor.warn.profile_file import default_profile, parse

if TYPE_CHECKING:
    from monitor.classify.tagger import Tagger
    from monitor.ingest.fetch import Fetcher
    from monitor.ingest.parse import Parsers
    from monitor.warn.playbooks import Playbooks

log = logging.getLogger(__name__)

DEFAULT_EVERY = timedelta(minutes=30)
TAGGER_IDLE_S = 120.0
SYNC_EVERY_S = 300.0
MEANINGS_KEPT = 8_000  # headlines whose vectors are remembered, 800 bytes each
LOCAL_DESK = "desk@localhost"  # who reads the .eml files while nobody is named


@dataclass(frozen=True)
class Shell:
    """One installation at work. `clock` is the only source of the present moment."""

    settings: Settings
    clock: Callable[[], datetime]

    @cached_property
    def store(self) -> Store:
        """The database, created or migrated on first use."""
        return Store.open(self.settings.database)

    @cached_property
    def progress(self) -> Progress:
        """Which jobs of this process get on."""
        return Progress(lambda job: self.store.note_step(job, at=self.clock()))

    @cached_property
    def feeds(self) -> Sequence[Feed]:
        """What feeds.yaml lists and does not pause."""
        return [feed for feed in self.listed if not feed.paused]

    @cached_property
    def listed(self) -> Sequence[Feed]:
        """Everything that feeds.yaml lists; `MONITOR_POLL_INTERVAL` overrules its intervals."""
        from monitor.ingest.sources import load

        every = self.settings.poll_interval
        file = self.settings.own_file("feeds") or resources.path("feeds.yaml")
        listed = load(file, default_every=every or DEFAULT_EVERY)
        return [replace(feed, every=every, longest=every) for feed in listed] if every else listed

    @cached_property
    def profiles(self) -> Sequence[Profile]:
        """The profiles of `MONITOR_PROFILES`, or the one that hears of everything flagged."""
        settings = self.settings
        file = settings.own_file("profiles")
        if file is None:
            named = settings.mail_to or (() if settings.smtp_url else (LOCAL_DESK,))
            recipients = [Recipient(address=address, language=settings.lang) for address in named]
            return (default_profile(recipients, digest_every=settings.digest_interval),)
        return parse(
            _read_setting("MONITOR_PROFILES", file),
            file=str(file),
            language=settings.lang,
            digest_every=settings.digest_interval,
        )

    @cached_property
    def playbooks(self) -> Playbooks:
        """The response plans of `MONITOR_PLAYBOOKS`, or the shipped ones."""
        from monitor.warn.playbooks import load, shipped

        file = self.settings.own_file("playbooks")
        return load(_read_setting("MONITOR_PLAYBOOKS", file), file=str(file)) if file else shipped()

    def profile(self, name: str) -> Profile:
        """One profile by name. Raises: UsageError that lists the known ones."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        known = ", ".join(profile.name for profile in self.profiles)
        raise UsageError(_("no profile is called {name!r}; known are {known}").format(name=name, known=known))

    @cached_property
    def model_dir(self) -> Path:
        """The folder of the classifier that judges: the promoted one, unpacked once, or the shipped one."""
        digest = self.store.promoted_digest()
        if not digest:
            return resources.path("models")
        folder = self.settings.folder / "models" / digest[:16]
        if not (folder / "manifest.json").is_file():
            stored = self.store.promoted_model()
            if stored is None:
                return resources.path("models")
            unpack(stored.files, folder)
        return folder

    @cached_property
    def tagger(self) -> Tagger:
        """The machine's tagging process, reached through its socket; started with the first text."""
        from monitor.classify.tagger import Tagger

        socket = self.settings.folder / "tagger.sock"
        return Tagger(
            model_dir=lambda: self.model_dir,
            socket=socket,
            idle_s=TAGGER_IDLE_S,
            on_answer=lambda: self.progress.step(),
        )

    @cached_property
    def meaning(self) -> Callable[[str, str], bytes]:
        """What a headline of a language means, asked of the tagging process once; nothing where that has no encoder."""
        from monitor.domain import Text

        @lru_cache(maxsize=MEANINGS_KEPT)
        def ask(title: str, language: str) -> bytes:
            try:
                return self.tagger.meanings([Text(title=title, language=language)])[0]
            except ArtefactError:
                return b""

        return ask

    @cached_property
    def model_line(self) -> str:
        """Which classifier judges, in words for status and mail."""
        from monitor.classify.artefact import describe

        try:
            return describe(self.model_dir)
        except ArtefactError as problem:
            return str(problem)

    def refresh(self) -> None:
        """Take up what has changed since the last job: feeds, profiles and playbooks, each file when it is whole
        and right, and the promoted classifier. A file that became wrong is told of and the former one stays in force.
        """
        cached = self.__dict__
        for name, file in self._files().items():
            stamp = _stamp(file)
            if cached.setdefault(f"_{name}_stamp", stamp) == stamp:
                continue
            former = self._forget(name)
            cached[f"_{name}_stamp"] = stamp
            try:
                getattr(self, name)
            except MonitorError as problem:
                log.error("a changed file is not taken up", extra={"file": str(file), "why": str(problem)})
                cached.update(former)
            else:
                log.warning("a changed file is taken up", extra={"file": str(file)})
                if name == "feeds":
                    self.store.sync_feeds(self.feeds)
        promoted = self.store.promoted_digest()
        if cached.setdefault("_promoted", promoted) != promoted:
            cached["_promoted"] = promoted
            for name in ("model_dir", "model_line", "tagger"):  # a tagger in use ends with its last question
                cached.pop(name, None)
            log.warning("another classifier judges", extra={"digest": promoted[:12] or "shipped"})

    def sync_feeds(self) -> None:
        """Tell the database which feeds are listed, where that was not told lately: with 100,000 of them it takes
        longer than finding out which are due.
        """
        feeds, cached = self.feeds, self.__dict__
        told, at = cached.get("_synced", (None, 0.0))
        if told is not feeds or monotonic() - at > SYNC_EVERY_S:
            self.store.sync_feeds(feeds)
            cached["_synced"] = (feeds, monotonic())

    def take_up(self, name: str) -> None:
        """Read one of the files anew for whoever asks next: somebody just changed it here."""
        self._forget(name)
        if name == "feeds":
            self.store.sync_feeds(self.feeds)

    def _forget(self, name: str) -> dict[str, Any]:
        """What was read of one of the files, forgotten here and returned."""
        held = ("feeds", "listed") if name == "feeds" else (name,)
        return {one: self.__dict__.pop(one) for one in held if one in self.__dict__}

    def _files(self) -> dict[str, Path]:
        return {name: self.settings.kept_file(name) for name in KEPT}

    def fetcher(self, **limits: Any) -> Fetcher:
        """A fetcher with our name on it, with other than the usual limits where named; libcurl is loaded only now."""
        from monitor.ingest.fetch import Fetcher, FetchLimits

        agent, allow = user_agent(self.settings), self.settings.fetch_allow
        return Fetcher(
            user_agent=agent, allow=allow, limits=FetchLimits(**{"at_once": self.settings.fetch_connections} | limits)
        )

    def parsers(self) -> Parsers:
        """Warm, limited parser children."""
        from monitor.ingest.parse import Parsers

        return Parsers()

    @contextmanager
    def pollers(self) -> Iterator[tuple[Fetcher, Parsers]]:
        """What one pass fetches and parses with: kept warm from an earlier pass, with its connections, TLS
        sessions and children, where one is at rest. Several passes may run at once.
        """
        try:
            fetcher, parsers = self._at_rest.pop()
        except IndexError:
            fetcher, parsers = self.fetcher(), self.parsers()
        try:
            yield fetcher, parsers
        except BaseException:
            fetcher.close()
            parsers.close()
            raise
        fetcher.stop()
        self._at_rest.append((fetcher, parsers))

    @cached_property
    def not_given_back(self) -> list[Sequence[FeedState]]:
        """Feeds of passes that ended while the database was away: their leases are still ours."""
        return []

    @cached_property
    def _at_rest(self) -> list[tuple[Fetcher, Parsers]]:
        return []

    def close(self) -> None:
        """Give back what was opened."""
        while self._at_rest:
            for one in self._at_rest.pop():
                one.close()
        if "tagger" in self.__dict__:
            self.tagger.close()
        if "store" in self.__dict__:
            self.store.close()


def signer_of(settings: Settings) -> Callable[[bytes], bytes]:
    """What signs our mail for its domain; nothing where no key is given. Raises: ConfigError for a wrong key."""
    from monitor.notify.dkim import signer
    from monitor.notify.identity import domain_of

    return signer(str(settings.dkim_key), settings.dkim_selector, domain_of(settings.mail_from))


def _read_setting(name: str, file: Path) -> Document:
    """The file that a setting names, with its lines. Raises: ConfigError that names the setting."""
    try:
        return read_file(file)
    except ConfigError as problem:
        raise ConfigError(f"{name}: {problem}") from problem


def _stamp(file: Path) -> tuple[int, int] | None:
    """What tells that a file was written anew; None while it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def user_agent(settings: Settings) -> str:
    """Who asks, and where to complain."""
    from monitor import __version__

    return f"monitor/{__version__} (+{settings.contact or 'early-warning feed reader'})"


def system_clock() -> datetime:
    """The present moment, aware and UTC."""
    return datetime.now(UTC)


def pack(folder: Path) -> bytes:
    """A trained classifier's folder as one tar, the same bytes for the same files."""
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(folder.iterdir()):
            info = tarfile.TarInfo(file.name)
            content = file.read_bytes()
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def unpack(files: bytes, folder: Path) -> None:
    """Write such a tar's files into `folder`: plain names only, complete or not at all."""
    import io
    import shutil
    import tarfile

    draft = folder.with_name(f".{folder.name}.draft")
    draft.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(draft, filter="data")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)
