"""Other ways out than mail: whatever Apprise knows, from WeCom to a plain webhook.  [I/O]

The URLs come from the operator, so they may lead to addresses inside; texts of feeds are only
ever the body. Where a channel answers with a redirect the message does not follow it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

from monitor.domain import Message
from monitor.errors import ConfigError, DeliveryError
from monitor.i18n import _

TIMEOUT_S = 30.0
LATER = frozenset({408, 409, 425, 429})  # the answers of 4xx that another try may change
TEXT = frozenset({400, 413, 414, 415, 422})  # what was refused is the message, not the address
_STATUS = re.compile(r"\berror=(\d{3})\b")
_CODE = re.compile(r"\bcode=(-?\d+)\b")

# The robots of WeCom and DingTalk refuse with 200 and a code in the answer, which Apprise does not read.
ROBOTS = frozenset({"wecombot", "dingtalk"})
BUSY = frozenset({-1, 45009, 130101, 410100})  # too many messages, or the service is overloaded
WRONG = frozenset({93000, 300001, 310000, 400013, 400101, 400102})  # key, signature, keyword, address list; robot gone


class Channels:
    """Sends frozen messages to channels by their name. `url_of` gives the URL of (recipient, channel), or nothing."""

    def __init__(self, url_of: Callable[[str, str], str]) -> None:
        self._url_of = url_of
        self._known: dict[str, Any] = {}

    def __enter__(self) -> Callable[[Message], None]:
        return self.send

    def __exit__(self, *_: object) -> None:
        self._known.clear()

    def send(self, message: Message) -> None:
        """Hand one message over; returns when the channel has taken it.

        Raises: DeliveryError: temporary; permanent (no such channel); or permanent and content.
        """
        name = message.recipient
        url = self._url_of(name, message.channel)
        if not url:
            said = "no profile names this channel any more: write it into the profile again, or leave it parked"
            raise DeliveryError(name, said, permanent=True)
        said = json.loads(message.body)
        with _Overheard() as heard:
            taken = self._channel(url).notify(title=said["title"], body=said["body"], notify_type=said["type"])
        if not taken:
            raise heard.error(name)

    def _channel(self, url: str) -> Any:
        if url not in self._known:
            self._known[url] = channel(url)
        return self._known[url]


def channel(url: str) -> Any:
    """Apprise's own object for one URL. Raises: ConfigError that shows the scheme alone, since URLs hold secrets."""
    import apprise

    asset = apprise.AppriseAsset(app_id="monitor", app_desc="early warning", secure_logging=True)
    asset.http_redirects = False
    found = apprise.Apprise(asset=asset)
    with _Overheard(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the modules that Apprise itself loads
        known = found.add(f"{url}{'&' if '?' in url else '?'}rto={TIMEOUT_S:g}&cto=10")
    if not known:
        said = _("Apprise cannot read the {scheme}:// address of a channel: see its documentation for the form")
        raise ConfigError(said.format(scheme=url.partition("://")[0]))
    for plugin in found:
        names = vars(sys.modules[type(plugin).__module__])
        if str(plugin.secure_protocol) in ROBOTS and not isinstance(names["requests"], _Reading):
            names["requests"] = _Reading(names["requests"])
    return found


class _Reading:
    """The library `requests` for the module of a robot: a refusal inside an answer of 200 gets the status it means."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, *arguments: Any, **options: Any) -> Any:
        answer = self._requests.post(*arguments, **options)
        try:
            code = int(answer.json()["errcode"]) if answer.status_code == 200 else 0
        except (ValueError, KeyError, TypeError):  # no robot answers so
            code = 0
        if code:
            logging.getLogger("apprise").warning("code=%d", code)
            answer.status_code = 429 if code in BUSY else 403 if code in WRONG else 400
        return answer


class _Overheard(logging.Handler):
    """What Apprise says while it sends, which is all it tells of the reason; it goes no further."""

    def __init__(self) -> None:
        super().__init__()
        self._statuses: list[int] = []
        self._code = ""
        self._logger = logging.getLogger("apprise")
        self._former = (self._logger.propagate, self._logger.level)

    def __enter__(self) -> _Overheard:
        self._logger.propagate = False
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate, level = self._former
        self._logger.setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep status and code, forget the words."""
        said = record.getMessage()
        self._statuses += [int(status) for status in _STATUS.findall(said)]
        self._code = next(iter(_CODE.findall(said)), self._code)

    def error(self, recipient: str) -> DeliveryError:
        """Why it was not taken, as far as it can be told."""
        if not self._statuses:
            return DeliveryError(
                recipient, "the channel cannot be reached, or did not take the message", permanent=False
            )
        status = self._statuses[-1]
        permanent = 300 <= status < 500 and status not in LATER
        said = f"the channel answered {status}" + (f" (code {self._code})" if self._code else "")
        return DeliveryError(recipient, said, permanent=permanent, content=status in TEXT)
