"""What the page never does, and whom it does not even listen to. Source: OWASP ASVS 5, chapters V3, V6, V7"""

from __future__ import annotations

import hmac
import ipaddress
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from time import monotonic
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse

from monitor.config import Settings
from monitor.domain import Role
from monitor.errors import ConfigError, StoreError
from monitor.i18n import N_, _, translator
from monitor.web.access import Access, Visitor

MOST_BYTES = 64 * 1024  # of a form
GUESSES_A_MINUTE = 10
ADDRESSES_KEPT = 10_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE = frozenset({"GET", "HEAD"})
FOR_ALL = ("/login", "/health", "/static/")  # what a stranger may ask for
FOR_PROGRAMS = ("/api", "/metrics")  # asked with a token; nobody there could fill in a form
# Addresses that carry a token of their own, such as those in mail: neither login nor origin is asked of them.
BY_OWN_TOKEN = ("/a/", "/u/", "/f/")


def is_loopback(host: str) -> bool:
    """Whether `host` reaches this machine only."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_address(settings: Settings, *, has_users: Callable[[], bool]) -> None:
    """Raises: ConfigError when the page would be open to others without a login."""
    host = settings.web_address.rpartition(":")[0]
    if not (is_loopback(host) or settings.web_password or settings.web_user_header or has_users()):
        said = _(
            "MONITOR_WEB_ADDRESS {address} lets others in: set MONITOR_WEB_PASSWORD_FILE (or MONITOR_WEB_USER_HEADER "
            "behind a proxy that logs people in), or use an address of this machine such as 127.0.0.1:8787"
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

    def __init__(self, settings: Settings, access: Access) -> None:
        self._access = access
        self._lang = settings.lang
        self._hosts = {"localhost", "127.0.0.1", "::1", settings.web_address.rpartition(":")[0].strip("[]").lower()}
        if settings.web_url:
            self._hosts.add((urlsplit(settings.web_url).hostname or "").lower())
        self._by_number = not is_loopback(settings.web_address.rpartition(":")[0])

    async def __call__(self, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        refused = await self._refusal(request)
        response = refused if refused is not None else await go_on(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    async def _refusal(self, request: Request) -> Response | None:
        if not self._is_our_name(request.headers.get("host", "")):
            return self._told(request, N_("this page is not served under that name: set MONITOR_WEB_URL"), 400)
        if request.method not in SAFE:
            length = request.headers.get("content-length", "0" if "transfer-encoding" not in request.headers else "")
            if not length.isdigit() or int(length) > MOST_BYTES:
                return self._told(request, N_("the form is too large, or its length is not told"), 413)
        if request.url.path.startswith(BY_OWN_TOKEN):
            request.state.visitor = None
            return None
        try:
            visitor = await run_in_threadpool(self._access.visitor, request)
        except StoreError as problem:
            return PlainTextResponse(f"{problem}\n", 503)
        request.state.visitor = visitor
        if request.method not in SAFE and not (visitor and visitor.client) and not self._same_origin(request):
            return self._told(request, N_("this form was sent from another site"), 403)
        if visitor is None and not request.url.path.startswith(FOR_ALL):
            return self._ask_who(request)
        return None

    def _is_our_name(self, header: str) -> bool:
        """The name is what keeps other sites out, whose names may be made to lead here; a number cannot be."""
        try:
            host = (urlsplit(f"//{header}").hostname or "").lower()
        except ValueError:
            return False
        if host in self._hosts:
            return True
        try:
            return self._by_number and bool(ipaddress.ip_address(host))
        except ValueError:
            return False

    def _ask_who(self, request: Request) -> Response:
        if request.method in SAFE and not request.url.path.startswith(FOR_PROGRAMS):
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(wanted)}", 302)
        return self._told(request, N_("a login is needed"), 401, **{"WWW-Authenticate": 'Bearer realm="monitor"'})

    def _told(self, request: Request, refusal: str, status: int, **headers: str) -> Response:
        """A refusal in the browser's first language."""
        asked = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        said = translator(asked or self._lang).gettext(refusal)
        if request.url.path.startswith("/api"):
            return JSONResponse({"error": said}, status, headers=headers)
        return PlainTextResponse(f"{said}\n", status, headers=headers)

    @staticmethod
    def _same_origin(request: Request) -> bool:
        """The browser's own word where it gives one: `Sec-Fetch-Site`, else `Origin`."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = request.headers.get("origin")
        return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def token_is_ours(visitor: Visitor, token: str) -> bool:
    """Whether a form came from one of this visitor's pages."""
    return visitor.client or hmac.compare_digest(token.encode(), visitor.form_token.encode())


def may(request: Request, needed: Role) -> bool:
    """Whether whoever asks has at least the role `needed`."""
    visitor: Visitor | None = request.state.visitor
    return visitor is not None and visitor.role.may(needed)
