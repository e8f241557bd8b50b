"""A farm of feeds on loopback: every feed the same from run to run, with ETags, and news when told to.

python -m tests.bench.farm --feeds 200 --entries 40 --port 8390
curl http://127.0.0.1:8390/advance?share=0.1     a tenth of the feeds gets two new entries
curl http://127.0.0.1:8390/gaps?every=60         how late the sound feeds were asked again, in seconds
--failing 0.3: three tenths of the feeds hang, drip, break off, answer nonsense or with 500 or 404.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

BEGAN = datetime(2026, 5, 1, tzinfo=UTC)
ENGLISH = (
    "port strike tariff export licence council vote harvest museum river budget court railway storm school minister "
    "refinery review market season concert customs border election container permit audit vaccine bridge festival"
).split()
ENGLISH += "the of in to for and on with by at from a as after over the of in to the of in".split()  # two words in five
CHINESE = (
    "港口 罢工 关税 出口 许可 议会 表决 丰收 博物馆 预算 法院 铁路 风暴 学校 部长 炼油厂 市场 海关 边境 选举 审计 大桥"
).split()
KINDS = ("rss", "rss", "rss", "atom", "rdf")


class Feed:
    """One feed; `body` and `etag` are made anew only when it has news."""

    def __init__(self, number: int, entries: int) -> None:
        self.number, self.entries = number, entries
        self.kind = KINDS[number % len(KINDS)]
        self.words = CHINESE if number % 3 == 1 else ENGLISH
        self.last = entries
        self._render()

    def advance(self, new: int) -> None:
        self.last += new
        self._render()

    def _render(self) -> None:
        newest = range(self.last, self.last - self.entries, -1)
        start, each, end = _FORMS[self.kind]
        inside = "".join(each.format(**self._entry(number)) for number in newest)
        language = "zh-cn" if self.words is CHINESE else "en"
        self.body = (start.format(n=self.number, language=language) + inside + end).encode()
        self.etag = f'"{self.number}-{self.last}"'

    def _entry(self, number: int) -> dict[str, str]:
        dice = random.Random(self.number * 1_000_003 + number)
        when = BEGAN + timedelta(minutes=number * 37)
        blank = "" if self.words is CHINESE else " "
        return {
            "title": blank.join(dice.choices(self.words, k=9)) + f" {number}",
            "link": f"https://news{self.number}.example/{number}?utm_source=feed",
            "text": blank.join(dice.choices(self.words, k=60)),
            "long": blank.join(dice.choices(self.words, k=90)),
            "rfc822": format_datetime(when, usegmt=True),
            "rfc3339": when.isoformat().replace("+00:00", "Z"),
        }


_FORMS = {
    "rss": (
        "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0' "
        "xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>Feed {n}</title>"
        "<language>{language}</language>",
        "<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{link}</guid>"
        "<pubDate>{rfc822}</pubDate>"
        "<description>&lt;p&gt;{text}&lt;/p&gt;</description>"
        "<content:encoded><![CDATA[<p>{long}</p>]]></content:encoded></item>",
        "</channel></rss>",
    ),
    "atom": (
        "<?xml version='1.0' encoding='UTF-8'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Feed {n}</title>",
        "<entry><title>{title}</title><link href='{link}'/><id>{link}</id><updated>{rfc3339}</updated>"
        "<summary>{text}</summary><content type='html'>&lt;p&gt;{long}&lt;/p&gt;</content></entry>",
        "</feed>",
    ),
    "rdf": (
        "<?xml version='1.0' encoding='UTF-8'?><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
        "xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        "<channel rdf:about='x'><title>Feed {n}</title></channel>",
        "<item rdf:about='{link}'><title>{title}</title><link>{link}</link><dc:date>{rfc3339}</dc:date>"
        "<description>{text}</description></item>",
        "</rdf:RDF>",
    ),
}


FAILURES = ("500", "hang", "drip", "404", "broken", "nonsense")


def failure(number: int, share: float) -> str:
    """How a feed fails, "" for a sound one; of each hundred feeds the first ones fail, in every way."""
    return FAILURES[number % len(FAILURES)] if number % 100 < round(share * 100) else ""


class Farm:
    """Answers for all feeds; connections are kept alive."""

    def __init__(self, feeds: int, entries: int, *, failing: float = 0.0, latency_s: float = 0.0) -> None:
        self._latency_s = latency_s
        self.feeds = [Feed(number, entries) for number in range(feeds)]
        self._failing = failing
        self._asked: dict[int, float] = {}  # sound feeds, when last
        self._gaps: list[float] = []

    def gaps(self, every_s: float) -> dict[str, float]:
        """How late sound feeds were asked again, those that are waited for included."""
        now = time.monotonic()
        late = [max(0.0, gap - every_s) for gap in (*self._gaps, *(now - at for at in self._asked.values()))]
        cut = statistics.quantiles(late, n=100) if len(late) > 1 else [0.0] * 99
        found = {"sound": len(self._asked), "asked": len(self._gaps), "median": cut[49], "p99": cut[98]}
        return found | {"worst": max(late, default=0.0)}

    def _note(self, number: int) -> None:
        now = time.monotonic()
        if number in self._asked:
            self._gaps.append(now - self._asked[number])
        self._asked[number] = now

    async def _fail(self, how: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything but the plain refusals, which `_answer` gives."""
        if how == "hang":
            await reader.read()
        elif how == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 100000\r\n\r\n")
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(1)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 100000\r\n\r\n<rss>")
            await writer.drain()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if self._latency_s:
                    await asyncio.sleep(self._latency_s)
                asked = head.decode("latin-1")
                number = asked.split(" ")[1].strip("/").removesuffix(".xml")
                how = failure(int(number), self._failing) if number.isdigit() else ""
                if how in ("hang", "drip", "broken"):
                    await self._fail(how, reader, writer)
                    break
                writer.write(_REFUSALS[how] if how else self._answer(asked))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, head: str) -> bytes:
        first, *lines = head.split("\r\n")
        asked = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        address = urlsplit(first.split(" ")[1])
        if address.path == "/advance":
            share = float(parse_qs(address.query).get("share", ["0.1"])[0])
            for feed in self.feeds[: round(len(self.feeds) * share)]:
                feed.advance(2)
            return _http("200 OK", b"advanced", "text/plain")
        if address.path == "/gaps":
            every_s = float(parse_qs(address.query).get("every", ["60"])[0])
            return _http("200 OK", json.dumps(self.gaps(every_s)).encode(), "application/json")
        number = address.path.strip("/").removesuffix(".xml")
        if not number.isdigit() or int(number) >= len(self.feeds):
            return _http("404 Not Found", b"", "text/plain")
        feed = self.feeds[int(number)]
        self._note(feed.number)
        if asked.get("if-none-match") == feed.etag:
            return f"HTTP/1.1 304 Not Modified\r\nETag: {feed.etag}\r\n\r\n".encode()
        return _http("200 OK", feed.body, "application/xml", feed.etag)


def _http(status: str, body: bytes, kind: str, etag: str = "") -> bytes:
    tag = f"ETag: {etag}\r\n" if etag else ""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{tag}Content-Length: {len(body)}\r\n\r\n".encode() + body


_REFUSALS = {
    "500": _http("500 Internal Server Error", b"", "text/plain"),
    "404": _http("404 Not Found", b"", "text/plain"),
    "nonsense": _http("200 OK", b"<html><body>Welcome to our new site</body></html>", "text/html"),
}


async def _run(options: argparse.Namespace) -> None:
    farm = Farm(options.feeds, options.entries, failing=options.failing, latency_s=options.latency)
    async with await asyncio.start_server(farm.serve, options.host, options.port, backlog=4096) as server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--entries", type=int, default=40)
    parser.add_argument("--failing", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=8390)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
