"""One answer's body, unpacked as it comes in."""

from __future__ import annotations

import gzip
import random
import tracemalloc

import pytest

from monitor.ingest.body import Body

FEED = b"<rss version='2.0'><channel><title>Ports</title></channel></rss>" * 50


def received(data, encoding="gzip", *, limit=1_000_000, sizes=(1, 7, 4096)):
    """What `Body` makes of `data` cut into parts of these sizes; each time the same."""
    outcomes = set()
    for size in sizes:
        body, trouble = Body(encoding, limit=limit), ""
        for start in range(0, len(data), size):
            trouble = body.take(data[start : start + size])
            if trouble:
                break
        outcomes.add((bytes(body.data) if not trouble else b"", trouble or body.end()))
    (outcome,) = outcomes
    return outcome


@pytest.mark.parametrize("encoding", ["", "identity", "utf-8", "GZIP", " x-gzip "])
def test_a_plain_body_stays_as_it_is_whatever_the_header_says(encoding):
    assert received(FEED, encoding) == (FEED, "")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZip "])
def test_gzip_is_unpacked(encoding):
    assert received(gzip.compress(FEED), encoding) == (FEED, "")


def test_gzip_in_several_members_and_with_padding_is_unpacked():
    packed = gzip.compress(FEED[:100]) + gzip.compress(FEED[100:])
    assert received(packed) == (FEED, "")
    assert received(gzip.compress(FEED) + b"\0" * 9) == (FEED, "")


def test_a_second_layer_is_data():
    inner = gzip.compress(FEED)
    assert received(gzip.compress(inner)) == (inner, "")


def test_a_cut_off_gzip_stream_is_not_taken_for_a_whole_one():
    noise = random.Random(1).randbytes(5000)
    packed = gzip.compress(noise)
    for length in (1, 9, 500, len(packed) - 9, len(packed) - 1):
        assert received(packed[:length])[1] == "sent compressed data that ends too early"
    assert received(packed) == (noise, "")


def test_damage_is_noticed():
    packed = bytearray(gzip.compress(random.Random(1).randbytes(5000)))
    packed[-5] ^= 0xFF  # the checksum
    assert received(bytes(packed))[1] == "sent damaged compressed data"
    assert received(b"\x1f" + FEED)[1] == "sent damaged compressed data"


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate"])
def test_a_packing_that_was_not_asked_for_is_refused(encoding):
    assert encoding in received(FEED, encoding)[1]


def test_the_limit_counts_what_is_unpacked_and_nothing_beyond_it_is_held():
    assert received(gzip.compress(b"x" * 1000), limit=1000) == (b"x" * 1000, "")
    assert received(gzip.compress(b"x" * 1001), limit=1000) == (b"", "larger than 0.001 MB")
    assert received(b"x" * 1001, "", limit=1000) == (b"", "larger than 0.001 MB")
    bomb, body = gzip.compress(b"\0" * 20_000_000), Body("gzip", limit=1000)
    tracemalloc.start()
    try:
        assert body.take(bomb) == "larger than 0.001 MB"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000  # the highest, in bytes
    finally:
        tracemalloc.stop()
