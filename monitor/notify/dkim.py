"""Mail signed for its domain, so that a receiver can tell it from a forgery. Source: RFC 6376, RFC 8058 section 4"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from monitor.errors import ConfigError
from monitor.i18n import _

SIGNED = (
    "from to subject date message-id auto-submitted content-language list-unsubscribe list-unsubscribe-post "
    "mime-version content-type content-transfer-encoding"
)
_OWN = re.compile(rb"\ADKIM-Signature:.*?\r\n(?![ \t])", re.DOTALL)


@lru_cache(maxsize=4)
def signer(key: str, selector: str, domain: str) -> Callable[[bytes], bytes]:
    """What signs with this key; without one, what leaves messages as they are."""
    return Signer(key, selector=selector, domain=domain) if key else bytes


class Signer:
    """A domain's key. Raises: ConfigError when it is none."""

    def __init__(self, key: str, *, selector: str, domain: str) -> None:
        import dkim

        if not selector or not domain or domain == "localhost":
            said = _("MONITOR_DKIM_KEY needs MONITOR_DKIM_SELECTOR, and MONITOR_MAIL_FROM an address of that domain")
            raise ConfigError(said)
        self._key, self._selector, self._domain = key.encode(), selector.encode(), domain.encode()
        try:
            dkim.crypto.parse_pem_private_key(self._key)
        except Exception as problem:  # the library raises whatever its parser meets
            said = _("MONITOR_DKIM_KEY is not an RSA private key in PEM form")
            raise ConfigError(said) from problem

    def __call__(self, body: bytes) -> bytes:
        """The message with its signature in front, in place of a former one of ours."""
        import dkim

        bare = _OWN.sub(b"", body)
        present = [name.encode() for name in SIGNED.split() if re.search(rb"(?im)^%b:" % name.encode(), _head(bare))]
        signature = dkim.sign(bare, self._selector, self._domain, self._key, include_headers=present)
        return bytes(signature) + bare


def _head(body: bytes) -> bytes:
    return body.partition(b"\r\n\r\n")[0] + b"\r\n"
