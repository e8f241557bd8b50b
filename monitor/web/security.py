"""Whom the page lets in, and what it never does. Source: OWASP ASVS 5, chapters V3, V6, V7"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import monotonic
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from monitor.config import Settings
from monitor.errors import ConfigError
from monitor.i18n import N_, _, translator

MOST_BYTES = 64 * 1024  # of a form
GUESSES_A_MINUTE = 10
ADDRESSES_KEPT = 10_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE = frozenset({"GET", "HEAD"})


def is_loopback(host: str) -> bool:
    """Whether `host` reaches this machine only."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_address(settings: Settings) -> None:
    """Raises: ConfigError when the page would be open to others without a password."""
    host = settings.web_address.rpartition(":")[0]
    if not is_loopback(host) and not settings.web_password:
        said = _(
            "MONITOR_WEB_ADDRESS {address} lets others in: set MONITOR_WEB_PASSWORD_FILE, "
            "or use an address of this machine such as 127.0.0.1:8787"
        )
        raise ConfigError(said.format(address=settings.web_address))


class Guesses:
    """Wrong passwords of the last minute by address: whoever guesses too often is not even listened to for a while."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str) -> None:
        """One more from `address`; the longest unheard of are forgotten."""
        self._at.setdefault(address, deque(maxlen=GUESSES_A_MINUTE)).append(monotonic())
        self._at.move_to_end(address)
        while len(self._at) > ADDRESSES_KEPT:
            self._at.popitem(last=False)

    def too_many(self, address: str) -> bool:
        """Whether `address` has used up its guesses of this minute."""
        at = self._at.get(address)
        return at is not None and len(at) == GUESSES_A_MINUTE and monotonic() - at[0] < 60


class Gate:
    """Every request passes here first."""

    def __init__(self, settings: Settings) -> None:
        self._password = str(settings.web_password)
        self._lang = settings.lang
        self._hosts = {"localhost", "127.0.0.1", "::1", settings.web_address.rpartition(":")[0].strip("[]").lower()}
        if settings.web_url:
            self._hosts.add((urlsplit(settings.web_url).hostname or "").lower())
        self._key = secrets.token_bytes(32)
        self._guesses = Guesses()

    @property
    def token(self) -> str:
        """What every form carries; another site cannot read it."""
        return hmac.new(self._key, b"form", sha256).hexdigest()

    def token_is_ours(self, token: str) -> bool:
        """Whether a form came from one of our pages."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    async def __call__(self, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        refused = self._refusal(request)
        response = refused if refused is not None else await go_on(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _refusal(self, request: Request) -> Response | None:
        refused = self._unless_known(request) if self._password else self._unless_named(request)
        if refused is not None:
            return refused
        if request.method in SAFE:
            return None
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            return self._told(request, N_("the form is too large, or its length is not told"), 413)
        if not self._same_origin(request):
            return self._told(request, N_("this form was sent from another site"), 403)
        return None

    def _unless_named(self, request: Request) -> Response | None:
        """Without a password the name is what keeps other sites out, whose names may be made to lead here."""
        try:
            host = (urlsplit(f"//{request.headers.get('host', '')}").hostname or "").lower()
        except ValueError:
            host = ""
        if host in self._hosts:
            return None
        return self._told(request, N_("this page is not served under that name"), 400)

    def _unless_known(self, request: Request) -> Response | None:
        address = request.client.host if request.client else ""
        if self._guesses.too_many(address):
            return self._told(request, N_("too many wrong passwords: wait a minute"), 429, **{"Retry-After": "60"})
        given = request.headers.get("authorization", "")
        if self._is_password(given):
            return None
        if given:
            self._guesses.add(address)
        ask = {"WWW-Authenticate": 'Basic realm="monitor", charset="UTF-8"'}
        return self._told(request, N_("a password is needed"), 401, **ask)

    def _told(self, request: Request, refusal: str, status: int, **headers: str) -> Response:
        """A refusal in the browser's first language."""
        asked = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        said = translator(asked or self._lang).gettext(refusal)
        return PlainTextResponse(f"{said}\n", status, headers=headers)

    def _is_password(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self._password.encode())

    @staticmethod
    def _same_origin(request: Request) -> bool:
        """The browser's own word where it gives one: `Sec-Fetch-Site`, else `Origin`."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = request.headers.get("origin")
        return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
