"""Who is asking, and what they may do: the machine's user, a login, a proxy's word, or a client's token.

Source: OWASP ASVS 5, chapters V6 (passwords), V7 (sessions), V8 (roles)
"""

from __future__ import annotations

import getpass
import hmac
import ipaddress
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from hashlib import scrypt, sha256

from fastapi import Request

from monitor.config import Settings
from monitor.domain import Role
from monitor.shell import Shell
from monitor.store.people import User

COOKIE = "monitor_session"
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)  # how exactly the last use of a session or token is remembered
ADMIN = "admin"  # who logs in with MONITOR_WEB_PASSWORD
COST = {"n": 2**15, "r": 8, "p": 3, "maxmem": 64 * 1024 * 1024}  # 32 MB; OWASP Password Storage Cheat Sheet
_one_at_a_time = threading.Lock()  # so that many logins at once cost no more memory than one


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who was let in. `form_token` is what their forms have to carry; a client's token needs none."""

    name: str
    role: Role
    form_token: str = ""
    session: str = ""  # digest of the cookie, where they logged in
    client: bool = False  # a program with a token of its own


def hash_password(password: str) -> str:
    """`password` by scrypt with a salt of its own: `salt$hash` in hexadecimal."""
    salt = secrets.token_bytes(16)
    with _one_at_a_time:
        return f"{salt.hex()}${scrypt(password.encode(), salt=salt, **COST).hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether `password` made the hash `kept`; takes as long when there is none."""
    salt, _dollar, digest = kept.partition("$")
    with _one_at_a_time:
        found = scrypt(password.encode(), salt=bytes.fromhex(salt) or b"nobody", **COST)
    return bool(kept) and hmac.compare_digest(found.hex(), digest)


def digest_of(token: str) -> str:
    """What is kept of a session's cookie or a client's token."""
    return sha256(token.encode()).hexdigest()


def new_token() -> str:
    """256 random bits that a browser or a client keeps."""
    return secrets.token_urlsafe(32)


class Access:
    """The rules of one installation."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._settings: Settings = shell.settings
        self._key = b""

    def open_to_all(self) -> bool:
        """On loopback, while no password, proxy or user is set: whoever reaches the page is the machine's user."""
        return not (self._settings.web_password or self._settings.web_user_header or self.has_users())

    def has_users(self) -> bool:
        """Whether anybody was given a login."""
        return bool(self._shell.store.users())

    def from_proxy(self, request: Request) -> bool:
        """Whether the request comes from an address that may speak for others."""
        return self._trusts(request.client.host if request.client else "")

    def address_of(self, request: Request) -> str:
        """Where a request comes from: behind our own proxy, the address that the proxy saw."""
        peer = request.client.host if request.client else ""
        told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return told if told and self._settings.web_user_header and self._trusts(peer) else peer

    def visitor(self, request: Request) -> Visitor | None:
        """Who asks; None where nobody is known."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._client(token.strip())
        header = self._settings.web_user_header
        if header and self.from_proxy(request) and (name := request.headers.get(header, "").strip()):
            return self._named(name)
        if cookie := request.cookies.get(COOKIE):
            found = self._of_session(digest_of(cookie))
            if found is not None:
                return found
        return self._somebody(getpass.getuser(), Role.ADMIN) if self.open_to_all() else None

    def login(self, name: str, password: str, *, former: str = "") -> str | None:
        """A new session's cookie where name and password are right; the session of `former` ends."""
        if not self._knows(name, password):
            return None
        if former:
            self.logout(digest_of(former))
        cookie, now = new_token(), self._shell.clock()
        self._shell.store.open_session(
            digest_of(cookie), name=name, credential=self._credential(name), at=now, idle_since=now - IDLE
        )
        return cookie

    def logout(self, session: str) -> None:
        """End a session here, whatever the browser keeps."""
        self._shell.store.close_session(session, at=self._shell.clock())

    def form_token(self, who: str) -> str:
        """What every form of this visitor carries; another site cannot read it."""
        self._key = self._key or self._shell.store.form_key()
        return hmac.new(self._key, who.encode(), sha256).hexdigest()

    def _knows(self, name: str, password: str) -> bool:
        if name == ADMIN and self._settings.web_password:
            return hmac.compare_digest(password.encode(), self._settings.web_password.encode())
        user = self._shell.store.user(name)
        return is_password(password, user.password if user else "")

    def _credential(self, name: str) -> str:
        """Digest of the password as it is now: a session opened with another one is void."""
        if name == ADMIN and self._settings.web_password:
            return digest_of(str(self._settings.web_password))
        user = self._shell.store.user(name)
        return digest_of(user.password) if user and user.password else ""

    def _of_session(self, digest: str) -> Visitor | None:
        found, now = self._shell.store.session(digest), self._shell.clock()
        if found is None or now - found.seen > IDLE or now - found.created > LONGEST:
            return None
        credential = self._credential(found.name)
        if not credential or not hmac.compare_digest(credential, found.credential):
            return None
        if now - found.seen > SEEN_EVERY:
            self._shell.store.session_seen(digest, at=now)
        builtin = found.name == ADMIN and self._settings.web_password
        user = None if builtin else self._shell.store.user(found.name)
        return self._somebody(found.name, user.role if user else Role.ADMIN, session=digest)

    def _client(self, token: str) -> Visitor | None:
        digest, now = digest_of(token), self._shell.clock()
        found = self._shell.store.token(digest)
        if found is None:
            return None
        if found.used is None or now - found.used > SEEN_EVERY:
            self._shell.store.token_used(digest, at=now)
        return Visitor(name=found.name, role=found.role, client=True)

    def _named(self, name: str) -> Visitor:
        user: User | None = self._shell.store.user(name[:100])
        return self._somebody(name[:100], user.role if user else Role(self._settings.web_header_role))

    def _somebody(self, name: str, role: Role, *, session: str = "") -> Visitor:
        return Visitor(name=name, role=role, form_token=self.form_token(session or f"name {name}"), session=session)

    def _trusts(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._settings.web_proxies)
