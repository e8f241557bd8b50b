"""Which addresses a feed may have: public ones, and those that the operator allows by name.

Decided on the address that is really dialled, so redirects, number tricks and names that
change their meaning are all seen. Source: RFC 6890 (special-purpose addresses), RFC 6052 (NAT64)
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from monitor.errors import ConfigError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # deprecated by RFC 4291, still routed by some stacks


@dataclass(frozen=True, slots=True)
class Allow:
    """Inside addresses that feeds may have, as networks with a port; empty by default."""

    places: tuple[tuple[_Network, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allow:
        """`127.0.0.1:8300, 10.0.0.0/8:80, [::1]:8080`. Raises: ConfigError that names the wrong entry."""
        return cls(tuple(_place(part) for part in text.replace(",", " ").split()))

    def admits(self, address: _Address, port: int) -> bool:
        """Whether the operator allows this very address and port."""
        return any(port == allowed and address in network for network, allowed in self.places)

    def __str__(self) -> str:
        return ", ".join(f"{network}:{port}" for network, port in self.places)


def _place(text: str) -> tuple[_Network, int]:
    host, separator, port = text.rpartition(":")
    try:
        if not separator or not 0 < int(port) < 65536:
            raise ValueError
        return ipaddress.ip_network(host.replace("[", "").replace("]", ""), strict=False), int(port)
    except ValueError as problem:
        raise ConfigError(f"{text!r}: use address:port or network:port, such as 127.0.0.1:8300") from problem


def refusal(address: str, port: int, allow: Allow) -> str:
    """Why `address` must not be dialled; empty when it is public or allowed."""
    try:
        dialled = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "not an address"
    if allow.admits(dialled, port) or any(allow.admits(inner, port) for inner in _inside(dialled)):
        return ""
    for meant in (dialled, *_inside(dialled)):
        if not meant.is_global or meant.is_multicast or meant.is_reserved or meant.is_unspecified:
            return f"{dialled} is not a public address"
    return ""


def _inside(address: _Address) -> list[_Address]:
    """The IPv4 addresses that an IPv6 address carries and that a gateway would dial for it."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    found: list[_Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo is not None:
        found.extend(address.teredo)
    if any(address in network for network in _NAT64) or address in _COMPATIBLE:
        found.append(low)
    return [inner for inner in found if inner is not None]
