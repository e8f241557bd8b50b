"""From what publishers send to one clean line, plain text, one spelling of an address, one digest.

Feed text is hostile text: what leaves here holds no markup, no control, bidirectional
or invisible characters and no lone surrogates. It still has to be escaped where it is shown.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from html import unescape
from typing import Any
from unicodedata import normalize
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

LONGEST_URL = 2048
MARKUP_CAP = 64 * 1024  # the HTML parser is quadratic on deep nesting: 80,000 nested tags took 13 s

# C0 and C1 controls, soft hyphen, bidirectional marks and overrides, zero-width and tag characters, surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_TAG = re.compile(r"<(?:/?[a-zA-Z]|!|\?)[^<>]*>")
_BLOCK = re.compile(
    r"<(?=/?(?:p|div|br|hr|li|ul|ol|dl|dt|dd|tr|td|th|table|h[1-6]|section|article|blockquote|pre)\b)", re.IGNORECASE
)
# Markup whose text is not meant to be read, or whose attributes hold a '>': left to the real HTML parser.
_NEEDS_PARSER = re.compile(
    r"<(?:!|\?|script|style|svg|math|template|textarea|title|noscript|iframe|xmp|plaintext)", re.IGNORECASE
)
_QUOTES_ANGLE = re.compile(r"""=\s*(?:"[^"<>]*[<>]|'[^'<>]*[<>])""")
_BARE_AMPERSAND = re.compile(r"&(?![a-zA-Z#])")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]")
_TO_QUOTE = re.compile(r"""[^\x21-\x7e]|["'<>\\^`{|}]""")
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_SIMPLE_URL = re.compile(  # nothing in it that has another spelling
    r"(https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+/[A-Za-z0-9/_.~%:@!$&()*+,;=-]*)(?:\?([A-Za-z0-9/_.~%:@!$&()*+,;=?-]*))?(?:#[!-~]*)?"
)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_TRACKING = frozenset({
    "spm", "scm", "from", "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid",
    "igshid", "igsh", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "vero_id", "_openstat", "oref", "cmpid", "ocid", "ito",
    "xtor", "wt_mc", "srnd", "guccounter", "isappinstalled", "sharefrom", "share_token", "rss_source",
})  # fmt: skip
_PORTS = {"http": 80, "https": 443}


def one_line(text: str, limit: int = 500) -> str:
    """`text` as a single line of at most `limit` characters, without tags, entities or unseen characters."""
    text = text[: limit * 16]  # enough for any markup around a title; a 20 MB title costs nothing
    if "<" in text or "&" in text:
        text = _without_tags(_unescaped(_without_tags(text)))
    return _cut(_clean(text), limit)


def plain(html: str, limit: int = 4000) -> str:
    """The readable text of an HTML fragment, or of plain text, on one line of at most `limit` characters."""
    text = html[:MARKUP_CAP]
    if "<" in text:
        text = _read_markup(_BLOCK.sub(" <", text))
    if "&" in text:
        text = _unescaped(text)
        if "<" in text:
            text = _without_tags(text)  # markup that was escaped twice
    return _cut(_clean(text), limit)


def canonical_url(url: str, base: str = "") -> str:
    """The one spelling of an http(s) address by which the same page is recognised; "" when it is none.

    Joined with `base`; host in lower case, without user, default port, fragment and tracking parameters.
    """
    if (simple := _SIMPLE_URL.fullmatch(url)) and len(url) <= LONGEST_URL:
        page, query = simple.groups()
        return f"{page}?{kept}" if query and (kept := _kept(query)) else page
    url = url.strip(" \t\r\n\f\v")
    if not url or len(url) > LONGEST_URL:
        return ""
    if _CONTROL.search(url):  # before joining, which would drop them: "java\nscript:" must not become an address
        url = url.replace(" ", "%20")  # the one careless character that is forgiven
        if _CONTROL.search(url):
            return ""
    try:
        return _canonical(urljoin(base, url) if base and not _SCHEME.match(url) else url)
    except ValueError:  # a port that is no number, a broken IPv6 literal
        return ""


def digest(*parts: str | bytes) -> bytes:
    """16 bytes that stand for `parts` in their order; ("ab", "c") and ("a", "bc") differ."""
    told: list[bytes] = []
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        told += (len(data).to_bytes(4, "big"), data)
    return blake2b(b"".join(told), digest_size=16).digest()


def _unescaped(text: str) -> str:
    """Entities as characters; where a system has escaped its own escapes, those too."""
    text = unescape(text)
    return unescape(text) if "&amp;" in text else text


def _without_tags(text: str) -> str:
    return _TAG.sub("", _BLOCK.sub(" <", text)) if "<" in text else text


def _read_markup(text: str) -> str:
    if not (_NEEDS_PARSER.search(text) or _QUOTES_ANGLE.search(text)):
        return _TAG.sub("", text)  # a tenth of the parser's cost, the same text
    import nh3

    return nh3.clean(text, tags=set(), attributes={}, link_rel=None)


def _clean(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = normalize("NFC", _UNSEEN.sub("", text))
    return " ".join(text.split())


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _canonical(url: str) -> str:
    parts = urlsplit(url)
    scheme = parts.scheme
    if scheme not in _PORTS or "\\" in parts.netloc:
        return ""
    host = _host(parts.netloc.rpartition("@")[2].lower(), _PORTS[scheme])
    if not host:
        return ""
    query = _kept(parts.query) if parts.query else ""
    address = urlunsplit((scheme, host, parts.path or "/", query, ""))
    if _TO_QUOTE.search(address):
        address = quote(address, safe="/%:@!$&()*+,;=~?[]#-._")
    return address if len(address) <= LONGEST_URL else ""


def _host(netloc: str, default_port: int) -> str:
    """`host` or `host:port`; "" when it cannot be one. Raises: ValueError for a wrong port."""
    name, colon, port = netloc.rpartition(":") if not netloc.endswith("]") else (netloc, "", "")
    if not colon:
        name, port = netloc, ""
    if not name.isascii():
        name = name.encode("idna").decode()
    if not _HOST.fullmatch(name) or name.strip(".") == "":
        return ""
    name = name.rstrip(".")
    if not port or int(port) == default_port:
        return name
    if not port.isdigit() or int(port) > 65535:
        return ""
    return f"{name}:{int(port)}"


def _kept(query: str) -> str:
    """The query without tracking parameters, the rest in its order."""
    return "&".join(part for part in query.split("&") if part and not _tracks(part.partition("=")[0]))


def _tracks(name: str) -> bool:
    name = unquote(name).lower() if "%" in name else name.lower()
    return name in _TRACKING or name.startswith(("utm_", "at_"))


def json_of(line: str) -> Any:
    """What a line of JSON says; half a surrogate pair, which is no character, becomes a question mark.

    Raises: ValueError, RecursionError.
    """
    said = json.loads(line)
    if "\\ud" in line.lower():
        said = json.loads(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"))
    return said
