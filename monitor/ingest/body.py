"""The body of one answer as it comes in: unpacked here, so that a bomb, a cut and a lie are told apart.

libcurl would unpack too, and takes a gzip stream that was cut off for a whole one; half a feed
with its validators stored would hide the other half until the publisher changes something.
"""

from __future__ import annotations

import zlib

ACCEPTED = "Accept-Encoding: gzip"
_GZIP = frozenset({"gzip", "x-gzip"})
_NOT_ASKED_FOR = frozenset({"br", "zstd", "deflate", "compress", "x-compress"})
_MAGIC = b"\x1f\x8b"


class Body:
    """Collects the parts of one answer, at most `limit` bytes after unpacking.

    `encoding` is the answer's Content-Encoding; names that are no packing (`utf-8`) are overlooked.
    """

    def __init__(self, encoding: str, *, limit: int) -> None:
        self.data = bytearray()
        self._limit = limit
        self._encoding = encoding.strip().lower()
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if self._encoding in _GZIP else None
        self._begun = False
        self._after = b""  # what follows the end of a gzip stream, until it shows what it is

    def take(self, part: bytes) -> str:
        """Keep the next part. Returns why reading has to stop, "" while all is well."""
        if self._encoding in _NOT_ASKED_FOR:
            return f"packed in a way that was not asked for ({self._encoding})"
        if not self._begun and part[:1] != _MAGIC[:1]:
            self._inflate = None  # plain, whatever the header says
        self._begun = True
        try:
            return self._keep(part) if self._inflate is None else self._unpack(part)
        except zlib.error:
            return "sent damaged compressed data"

    def end(self) -> str:
        """What is wrong with a body that has ended, "" when nothing is."""
        cut = self._begun and self._inflate is not None and not self._inflate.eof
        return "sent compressed data that ends too early" if cut else ""

    def _unpack(self, part: bytes) -> str:
        while part and self._inflate is not None:
            if self._inflate.eof:
                part = self._after + part
                if not part.startswith(_MAGIC):
                    self._after = part[: len(_MAGIC)]
                    return ""  # the first byte of another stream, or padding, which some servers send
                self._inflate, self._after = zlib.decompressobj(16 + zlib.MAX_WBITS), b""
            room = self._limit - len(self.data) + 1
            if trouble := self._keep(self._inflate.decompress(part, room)):
                return trouble
            part = self._inflate.unused_data
        return ""

    def _keep(self, part: bytes) -> str:
        if len(self.data) + len(part) > self._limit:
            return f"larger than {self._limit / 1e6:g} MB"
        self.data += part
        return ""
