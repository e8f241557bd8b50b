"""Which addresses may be dialled, and what the operator can allow besides."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.ingest.guard import Allow, refusal

NOBODY = Allow()


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "2001:4860:4860::8888"])
def test_public_addresses_are_dialled(address):
    assert refusal(address, 443, NOBODY) == ""


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep their credentials
        "100.64.0.1",
        "100.100.100.200",  # the same, at Alibaba
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_inside_addresses_are_refused(address):
    assert refusal(address, 80, NOBODY).endswith("is not a public address")


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1"])
def test_an_inside_address_is_seen_through_every_ipv6_disguise(inner):
    number = int(ipaddress.IPv4Address(inner))
    disguises = {
        "mapped": ipaddress.IPv6Address((0xFFFF << 32) | number),
        "compatible": ipaddress.IPv6Address(number),
        "nat64": ipaddress.IPv6Address((0x64FF9B << 96) | number),
        "6to4": ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "teredo": ipaddress.IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),
    }
    assert {name: bool(refusal(str(address), 80, NOBODY)) for name, address in disguises.items()} == dict.fromkeys(
        disguises, True
    )


def test_public_addresses_behind_a_nat64_gateway_are_dialled():
    assert refusal("64:ff9b::808:808", 443, NOBODY) == ""  # all that a network without IPv4 has
    assert refusal("64:ff9b:1::808:808", 443, NOBODY) != ""  # for use within one network


@pytest.mark.parametrize("nonsense", ["", "localhost", "0x7f.1", "2130706433", "127.0.0.1.example", "1.2.3.4.5"])
def test_what_is_no_address_is_refused(nonsense):
    assert refusal(nonsense, 80, NOBODY) == "not an address"


@given(st.ip_addresses(v=4))
def test_no_disguise_passes_where_the_plain_address_does_not(address):
    mapped = refusal(f"::ffff:{address}", 80, NOBODY)
    assert bool(mapped) == bool(refusal(str(address), 80, NOBODY))


def test_an_allowed_place_is_this_very_address_and_port():
    allow = Allow.parse("127.0.0.1:8300, 10.2.0.0/16:80 [::1]:8080")
    assert refusal("127.0.0.1", 8300, allow) == ""
    assert refusal("::ffff:127.0.0.1", 8300, allow) == ""
    assert refusal("10.2.255.1", 80, allow) == ""
    assert refusal("::1", 8080, allow) == ""
    for address, port in [("127.0.0.1", 8301), ("127.0.0.2", 8300), ("10.3.0.1", 80), ("10.2.0.1", 443), ("::1", 8300)]:
        assert refusal(address, port, allow) != ""


def test_an_allowed_name_holds_for_that_name_and_port_only():
    allow = Allow.parse("News.Intranet:80")
    assert refusal("10.0.0.5", 80, allow, name="news.intranet") == ""
    assert refusal("10.0.0.5", 80, allow, name="NEWS.intranet.") == ""
    for port, name in [(81, "news.intranet"), (80, "other.intranet"), (80, "news.intranet.evil.example"), (80, "")]:
        assert refusal("10.0.0.5", port, allow, name=name) != ""


def test_what_is_allowed_is_written_as_it_is_read():
    allow = Allow.parse("127.0.0.1:8300 10.0.0.0/8:80 [::1]:8080 fd00::/8:443 news.intranet:80")
    assert Allow.parse(str(allow)) == allow
    assert str(allow).startswith("127.0.0.1:8300, 10.0.0.0/8:80, [::1]:8080")
    assert Allow.parse("  ") == Allow() and str(Allow()) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        "127.0.0.1",
        "10.0.0.0/8",
        ":80",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:8_0",
        "10.0.0.0/33:80",
        "300.1.2.3:80",
        "http://127.0.0.1:80",
        "*:80",
    ],
)
def test_a_wrong_entry_is_named_with_an_example(wrong):
    with pytest.raises(ConfigError) as told:
        Allow.parse(f"127.0.0.1:8300 {wrong}")
    assert repr(wrong) in str(told.value)
    assert "such as 127.0.0.1:8300" in str(told.value)
