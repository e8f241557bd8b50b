"""Which addresses a feed may have: public ones, and those that the operator allows by name.

Decided on the address that is really dialled, so redirects, number tricks and names that
change their meaning are all seen. Source: RFC 6890 (special-purpose addresses), RFC 6052 (NAT64)
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from monitor.errors import ConfigError
from monitor.i18n import _

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches public IPv4 addresses
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?")
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # deprecated by RFC 4291, still routed by some stacks


@dataclass(frozen=True, slots=True)
class Allow:
    """Inside places that feeds may have, networks or names, each with a port; empty by default.

    A name holds only for a feed's own address, never for the target of a redirect.
    """

    places: tuple[tuple[_Network | str, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allow:
        """`127.0.0.1:8300, 10.0.0.0/8:80, [::1]:8080, news.intranet:80`. Raises: ConfigError, names the wrong entry."""
        return cls(tuple(_place(part) for part in text.replace(",", " ").split()))

    def admits(self, address: _Address, port: int, *, name: str = "") -> bool:
        """Whether the operator allows this very port of this address, or of the host called `name`."""
        name = _plain(name)
        return any(
            port == allowed and (name == place if isinstance(place, str) else address in place)
            for place, allowed in self.places
        )

    def knows(self, name: str) -> bool:
        """Whether some port is allowed by this name, whatever address it has."""
        return any(place == _plain(name) for place, _ in self.places)

    def __str__(self) -> str:
        return ", ".join(f"{_written(place)}:{port}" for place, port in self.places)


def _place(text: str) -> tuple[_Network | str, int]:
    host, separator, port = text.rpartition(":")
    host = host.lower()
    wrong = _("{text!r}: use host:port or network:port, such as 127.0.0.1:8300").format(text=text)
    if not separator or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(wrong)
    try:
        return ipaddress.ip_network(host.removeprefix("[").removesuffix("]"), strict=False), int(port)
    except ValueError as problem:
        if not _NAME.fullmatch(host):
            raise ConfigError(wrong) from problem
        return _plain(host), int(port)


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def _written(place: _Network | str) -> str:
    if isinstance(place, str) or place.num_addresses > 1:
        return str(place)
    address = place.network_address
    return f"[{address}]" if address.version == 6 else str(address)


def refusal(address: str, port: int, allow: Allow, *, name: str = "") -> str:
    """Why `address` must not be dialled; empty when it is public or allowed. `name`: the host that led to it."""
    try:
        dialled = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "not an address"
    meant = _meant(dialled)
    if any(allow.admits(one, port, name=name) for one in (dialled, *meant)) or all(map(_is_public, meant)):
        return ""
    return f"{dialled} is not a public address"


def _is_public(address: _Address) -> bool:
    """A host on the internet. `is_global` alone would let multicast and the old site-local range pass."""
    inside = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not inside and not (address.version == 6 and address.is_site_local)


def _meant(address: _Address) -> list[_Address]:
    """The addresses that are reached by dialling this one: of an IPv6 address that carries an IPv4 one, that too."""
    if not isinstance(address, ipaddress.IPv6Address):
        return [address]
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64:
        return [low]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    carried = [*(address.teredo or ()), address.sixtofour, low if address in _COMPATIBLE else None]
    return [address, *(one for one in carried if one is not None)]
