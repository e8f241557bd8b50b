"""Which characters the bytes of a feed mean, whatever it declares.

Publishers declare UTF-8 and send GBK, declare gb2312 and use gb18030, cut a character in two
or send no declaration at all; reading such a document as Windows-1252 turns every Chinese
title into rubbish that looks valid. So the bytes decide first, and the declarations after.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (  # UTF-32 before UTF-16: its mark begins with the shorter one
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROLOG = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_HEADER = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# What is meant when a document names the narrower set; the names are those of codecs.lookup.
_WIDER = {
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "tis-620": "cp874", "iso8859-11": "cp874",
}  # fmt: skip
_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "hz"})
_LATIN = frozenset({"cp1252", "iso8859-15"})  # what systems declare without looking; GBK bytes pass for them
_REFUSED = frozenset(
    {"utf-7", "punycode", "idna", "undefined", "unicode-escape", "unicode_escape", "raw-unicode-escape"}
)
_XML_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r")  # no XML document may hold them

_FORBIDDEN = re.compile(  # references to C0 controls and to surrogates (55296 to 57343)
    rb"&#(?:0{0,9}(?:[0-8]|1[124-9]|2\d|3[01]|55(?:29[6-9]|[3-9]\d\d)|56\d{3}|57(?:[0-2]\d\d|3[0-3]\d|34[0-3]))"
    rb"|[xX]0{0,9}(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}));"
)


def as_utf8(body: bytes, *, content_type: str = "", language: str = "") -> bytes:
    """`body` as valid UTF-8 without byte-order mark; characters that cannot be read become U+FFFD.

    Controls and lone surrogates go, also those written as `&#0;`: one of them makes a document unreadable.
    """
    text = _as_utf8(body, content_type, language)
    return _FORBIDDEN.sub(b" ", text) if b"&#" in text else text


def _as_utf8(body: bytes, content_type: str, language: str) -> bytes:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            while body.startswith(mark):  # some systems add one at every step
                body = body[len(mark) :]
            return _cleaned(body.decode(encoding, "replace"))
    if encoding := _without_mark(body[:4]):
        return _cleaned(body.decode(encoding, "replace"))
    declared = _declared(body, content_type)
    if body.isascii():
        seven_bit = next((name for name in declared if name in _SEVEN_BIT), None)
        return _cleaned(body.decode(seven_bit, "replace")) if seven_bit else body.translate(None, _XML_CONTROLS)
    if _strictly(body, "utf-8") is not None:  # text in any other encoding is never valid UTF-8 by accident
        return body.translate(None, _XML_CONTROLS)
    return _cleaned(_guess(body, declared, language))


def _guess(body: bytes, declared: list[str], language: str) -> str:
    repaired = body.decode("utf-8", "replace")
    lost = repaired.count("\ufffd")
    sound = sum(1 for c in repaired if c > "\x7f") - lost
    if sound > 2 * lost:
        return repaired  # UTF-8 with a few broken characters
    for name in declared:
        if name != "utf-8" and name not in _LATIN and (text := _strictly(body, name)) is not None:
            return text
    if language[:2].lower() in ("", "zh") and _is_chinese(body):
        return body.decode("gb18030", "replace")
    for name in declared:
        if name != "utf-8" and (text := _strictly(body, name)) is not None:
            return text
    chosen = next((name for name in declared if name != "utf-8" or sound), None)
    return repaired if chosen == "utf-8" or sound > lost else body.decode(chosen or "cp1252", "replace")


def _is_chinese(body: bytes) -> bool:
    """The high bytes come in pairs that are common Chinese characters, as good as always."""
    text = body.decode("gb18030", "replace")
    high = [c for c in text if c > "\x7f"]
    common = sum(1 for c in high if "\u4e00" <= c <= "\u9fff" or c in "，。、；：？！“”‘’（）《》【】—…·　￥％－")
    lost = text.count("\ufffd")
    in_pairs = len(re.findall(rb"[\xa1-\xfe][\xa1-\xfe]", body))  # where the common ones lie
    return lost * 20 <= len(high) and common * 10 >= len(high) * 8 and in_pairs * 10 >= len(high) * 8


def _declared(body: bytes, content_type: str) -> list[str]:
    """The encodings named by the document, then by the server: known, decodable, in their wider form."""
    found = []
    prolog, header = _PROLOG.match(body[:400]), _HEADER.search(content_type)
    for name in (prolog[1].decode("ascii", "replace") if prolog else "", header[1] if header else ""):
        try:
            codec = codecs.lookup(name) if name else None
        except LookupError:
            continue
        if codec and codec.name not in _REFUSED and getattr(codec, "_is_text_encoding", True):
            found.append(_WIDER.get(codec.name, codec.name))
    return found


def _without_mark(start: bytes) -> str:
    """UTF-16 or UTF-32 without byte-order mark: markup begins with `<` and a zero byte."""
    if start[:1] == b"<" and start[1:4] == b"\0\0\0":
        return "utf-32-le"
    if start == b"\0\0\0<":
        return "utf-32-be"
    if start[:1] == b"<" and start[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if start[:2] == b"\0<" else ""


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _cleaned(text: str) -> bytes:
    return text.encode("utf-8", "replace").translate(None, _XML_CONTROLS)
