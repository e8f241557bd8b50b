"""Addresses of feeds: which can be polled, which are the same, what to call one that has no name."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from monitor.i18n import _
from monitor.text.normalise import one_line

_BLANK = re.compile(r"[\s\x00-\x1f]")
_SECRET = re.compile(
    r"((?:^|&)[^=&]*(?:key|token|auth|secret|sig|signature|pass|passwd|password|pwd|code|sid|session)=)[^&]+",
    re.IGNORECASE,
)
_SAFE = "/%:@!$&'()*+,;=~?[]"


def wrong_address(url: str) -> str:
    """Why `url` cannot be polled; "" when it can."""
    if _BLANK.search(url):
        return _("the address holds blanks")
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return _("the address is malformed")
    if parts.scheme not in ("http", "https"):
        said = _("the address has to begin with http:// or https://, not {start!r}")
        return said.format(start=(parts.scheme or url)[:20])
    return "" if parts.hostname else _("the address has no host")


def same_address(url: str) -> str:
    """The spelling by which two addresses of feeds are compared."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    host, _, path = rest.partition("/")
    scheme, host = scheme.lower(), host.lower()
    return f"{scheme}://{host.removesuffix(':80' if scheme == 'http' else ':443')}/{path}"


def on_the_wire(url: str) -> str:
    """`url` in ASCII, as it is asked for: an international host in its xn-- form, the rest quoted."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    host, colon, port = place.partition(":")
    try:
        host = host.encode("idna").decode()
    except UnicodeError:
        host = quote(host)  # no host at all: it will not be found
    path, query = quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE)
    return urlunsplit((parts.scheme, f"{quote(user, safe=_SAFE)}{at}{host}{colon}{port}", path, query, ""))


def public(url: str) -> str:
    """`url` as it may be stored with an item and told to readers: without user and password, and with *** for what a
    parameter called key, token or the like says.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    if "@" not in parts.netloc and not _SECRET.search(parts.query):
        return url
    place = host if "@" in parts.netloc else parts.netloc
    return urlunsplit((parts.scheme, place, parts.path, _SECRET.sub(r"\1***", parts.query), ""))


def shown(url: str) -> str:
    """`url` without user, password and query: what may be logged and shown."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "an unreadable address"
    return f"{parts.scheme}://{host}{parts.path}" + ("?…" if parts.query else "")


def name_of(url: str) -> str:
    """A name made of host and path; never of user or query, which may hold keys."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    name = (parts.hostname or "").removeprefix("www.") + (f"/{path}" if path else "")
    return one_line(name, 80)


def unique(name: str, taken: set[str]) -> str:
    """`name`, or `name #2`, `name #3` …: the first that is free, and taken from now on."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} #{number}"
    taken.add(free)
    return free
