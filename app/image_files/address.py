"""Which addresses may be fetched from: those of the public web, unless it is allowed otherwise.

A name is resolved once, and what is connected to is the address that was looked at: a name that leads elsewhere the
next time (DNS rebinding) gains nothing by it. What goes through a proxy is resolved there, too; here it is only looked
at before.
"""

import ipaddress
import socket
from contextlib import suppress

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits."""

INWARD = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "fec0::/10", "3fff::/20", "5f00::/16")))
"""Not the public web either, which Python 3.11 does not know: RFC 6890, 3879, 9637 and 9602."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Inward(Exception):
    """The address is one of this machine, of its own network, or for nobody."""


def reach(host: str, port: int, timeout_s: float | None, *, is_allowed: bool) -> socket.socket:
    """Connect to a host: to the first of its addresses that answers, and is public or `is_allowed` all the same.

    Raises:
        Inward: it has none but private ones.
        OSError: none answers, or the name is not known.
    """
    failure: Exception | None = None
    for family, kind, protocol, _, address in resolved(host, port):
        if not is_allowed and not is_public(str(address[0])):
            failure = failure or Inward(f"{address[0]}")
            continue
        try:
            return connected(socket.socket(family, kind, protocol), address, timeout_s)
        except OSError as refused:
            failure = refused
    raise failure or OSError(f"{host} has no address")


def connected(made: socket.socket, address: tuple[object, ...], timeout_s: float | None) -> socket.socket:
    try:
        made.settimeout(timeout_s)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made


def look_at(host: str) -> None:
    """Raise Inward for a host that has a private address, as far as it can be told here."""
    with suppress(OSError, UnicodeError):  # a name that the proxy alone knows
        for *_, address in resolved(host, 80):
            if not is_public(str(address[0])):
                raise Inward(str(address[0]))


def resolved(host: str, port: int) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
    """The addresses of a host, written in whatever way: the system reads 2130706433 and 0x7f.1 as 127.0.0.1."""
    return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(written: str) -> bool:
    """Whether an address is one of the public internet; what is no address is not."""
    try:
        address = meant(ipaddress.ip_address(written))
    except ValueError:
        return False
    is_inward = any(address in network for network in INWARD)
    return address.is_global and not (is_inward or address.is_multicast or address.is_reserved or address.is_loopback)


def meant(address: Address) -> Address:
    """The IPv4 address in an IPv6 address that stands for one: mapped, 6to4, Teredo or NAT64."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    teredo = address.teredo
    inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
    if address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
