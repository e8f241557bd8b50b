"""Out to others and in from peers: alerts in the forms of `notify.standards`, bundles signed and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from monitor.domain import Alert, Feed, FeedKind, Fetched, ItemSeen, ParsedFeed, Trust
from monitor.errors import BundleError, UsageError
from monitor.i18n import _
from monitor.notify.identity import domain_of
from monitor.notify.standards.bundle import SHARED_ON, TLP, make, public_key, read
from monitor.notify.standards.facts import Told
from monitor.shell import Shell
from monitor.store.peers import Peer
from monitor.text.normalise import digest

FORMATS = ("cap", "atom", "jsonfeed", "jsonl", "csv", "stix")
PEER = "peer "  # what the feeds of peers are called by
BUNDLE_KEY = "bundles"


def told(shell: Shell, *, profile: str = "", since: datetime | None = None) -> list[Told]:
    """Alerts with their items and the moments of their revisions, held-back ones left out."""
    alerts = [alert for alert in shell.store.alerts(profile=profile, since=since) if not alert.held]
    return [told_of(shell, alert) for alert in alerts]


def told_of(shell: Shell, alert: Alert) -> Told:
    """One alert with its items and the moments of its revisions."""
    items = shell.store.items_of_stories([alert.story]).get(alert.story, ())
    events = shell.store.alert_events(alert.id) if alert.revision > 1 else []
    return Told(alert=alert, items=items, revised=tuple(e.at for e in events if e.what == "worsened"))


def exported(shell: Shell, alerts: Sequence[Told], *, form: str, profile: str, tlp: str) -> list[tuple[str, bytes]]:
    """Files by name: one for each CAP message, one for every other form. Raises: UsageError for an unknown form."""
    from monitor.notify.standards.cap import cap_message
    from monitor.notify.standards.stix import stix_bundle
    from monitor.notify.standards.table import csv_text, json_lines

    domain, now = domain_of(shell.settings.mail_from), shell.clock()
    if form == "cap":
        marking = f"TLP:{tlp.upper()}"
        return [
            (f"{one.alert.id}.{one.alert.revision}.xml", cap_message(one, sender=domain, restriction=marking))
            for one in alerts
        ]
    name = f"{profile or 'alerts'}.{form}"
    if form in ("atom", "jsonfeed"):
        return [(name, _feed(shell, alerts, title=profile or "monitor", form=form.removesuffix("feed")))]
    if form == "jsonl":
        return [(name, json_lines(alerts).encode("utf-8", "replace"))]
    if form == "csv":
        return [(name, csv_text(alerts).encode("utf-8", "replace"))]
    if form == "stix":
        return [(name, stix_bundle(alerts, domain=domain, tlp=tlp, now=now).encode("utf-8", "replace"))]
    raise UsageError(_("format {form!r}: use {known}").format(form=form, known=", ".join(FORMATS)))


def feed_of(shell: Shell, profile: str, form: str) -> bytes:
    """A profile's alerts as `atom` or `json`, for the page `/f/TOKEN`."""
    return _feed(shell, told(shell, profile=profile), title=profile, form=form)


def _feed(shell: Shell, alerts: Sequence[Told], *, title: str, form: str) -> bytes:
    from monitor.notify.standards.feeds import atom, json_feed

    domain, language = domain_of(shell.settings.mail_from), shell.settings.lang
    if form == "atom":
        return atom(alerts, title=title, domain=domain, language=language, now=shell.clock())
    return json_feed(alerts, title=title, domain=domain, language=language)


def feed_link(shell: Shell, profile: str) -> str:
    """The address at which others read a profile's alerts, without its ending `.atom` or `.json`."""
    from monitor.notify.tokens import Claim, Purpose, make

    claim = Claim(purpose=Purpose.FEED, profile=profile)
    return f"{shell.settings.page_url}/f/{make(shell.store.secret('links'), claim)}"


# --- bundles ------------------------------------------------------------------------------------


def our_key(shell: Shell) -> str:
    """The public key that peers need to check our bundles."""
    return public_key(shell.store.secret(BUNDLE_KEY))


def bundle(shell: Shell, alerts: Sequence[Told], *, tlp: str) -> tuple[bytes, int]:
    """The signed bundle, and how many stories stayed out because a peer gave them for our eyes only."""
    if tlp not in TLP:
        raise UsageError(_("TLP {tlp!r}: use {known}").format(tlp=tlp, known=", ".join(TLP)))
    ours = [one for one in alerts if not _given_in_confidence(one)]
    sender = domain_of(shell.settings.mail_from)
    body = make(ours, secret=shell.store.secret(BUNDLE_KEY), sender=sender, tlp=tlp, now=shell.clock())
    return body, len(alerts) - len(ours)


def _given_in_confidence(one: Told) -> bool:
    """Whether any of its reports came from a peer under a colour that must not be passed on."""
    colours = [item.feed.rpartition(" TLP:")[2] for item in one.items if item.feed.startswith(PEER)]
    return any(colour.lower() not in SHARED_ON for colour in colours)


def take_in(shell: Shell, file: Path, *, peer: str) -> Counter[str]:
    """Store a peer's bundle as items of a feed of theirs and judge them as any other, with the peer's trust.

    Nothing of it is stored unless all of it is signed by the peer's key.
    Raises: UsageError for an unknown peer; BundleError for a bundle that is not theirs.
    """
    from monitor.pipeline import store_batch

    known = {found.name: found for found in shell.store.peers()}
    if peer not in known:
        said = _("no peer is called {name!r}: `monitor peers add NAME --key KEY` with the key they gave you")
        raise UsageError(said.format(name=peer))
    try:
        body = file.read_bytes()
    except OSError as problem:
        raise BundleError(_("{file} cannot be read ({why})").format(file=file, why=problem.strerror)) from problem
    _sender, tlp, shared = read(body, key=known[peer].key)
    feed = _feed_of_peer(known[peer], tlp)
    shell.store.sync_feeds([*shell.feeds, feed])
    state = next(s for s in shell.store.feed_states([feed]) if s.feed.name == feed.name)
    seen = tuple(
        ItemSeen(
            key=digest(one.story.encode(), one.url.encode(), one.title.encode()),
            title=one.title,
            url=one.url,
            published=one.published,
            content_digest=digest(one.title.encode()),
        )
        for one in shared
    )
    counts: Counter[str] = Counter()
    now = shell.clock()
    store_batch(
        shell, [(Fetched(state=state, status=200), ParsedFeed(entries=seen))], now=now, fetch_only=False, counts=counts
    )
    shell.store.sync_feeds(shell.feeds)
    return counts


def _feed_of_peer(peer: Peer, tlp: str) -> Feed:
    return Feed(
        name=f"{PEER}{peer.name} TLP:{tlp.upper()}",
        url="",
        publisher=peer.name,
        kind=FeedKind.NEWS,
        trust=Trust(peer.trust),
    )
