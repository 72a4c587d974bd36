"""Where a server is: its address, taken apart and looked up once, so that what was judged is what is connected to.

It connects to nobody.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.errors import Outage, UsageError
from app.models.spoilt import short

LIKE_THIS = "give one like http://127.0.0.1:8080/v1"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A server's address without `/v1` and what follows it."""

    scheme: str
    host: str
    """As it was written."""
    port: int
    path: str
    """What stands before `/v1`, without a slash at its end."""
    addresses: tuple[str, ...]
    """What the host was found to be: numbers. Nobody is asked again, for the answer could be another one then."""

    @property
    def authority(self) -> str:
        """Host and port, as a request names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def root(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def is_here(self) -> bool:
        """Whether nothing that is sent there leaves this machine."""
        return all(map(is_loopback, self.addresses))

    @property
    def is_overheard(self) -> bool:
        """Whether others on the way can read what is sent there."""
        return self.scheme == "http" and not self.is_here


def address(url: str) -> str:
    """The server's address without `/v1` and what follows it.

    Raises:
        UsageError: it is no http(s) address, or it holds a name or password; those are not repeated in the message.
    """
    scheme, host, port, path = _parts(url)
    return Place(scheme, host, port, path, ()).root


def place(url: str) -> Place:
    """The server's address, looked up.

    Raises:
        UsageError: as `address`.
        Outage: nobody knows its host.
    """
    scheme, host, port, path = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        why = short(getattr(failure, "strerror", None) or failure)
        raise Outage(f"{short(host)} cannot be found: {why}", "mend the address, or see to the network") from failure
    return Place(scheme, host, port, path, tuple(dict.fromkeys(str(each[4][0]) for each in found)))


def refuse_remote(place: Place) -> None:
    """Raise UsageError for a server that is not on this machine."""
    if place.is_here:
        return
    whereto = "" if place.host in place.addresses else f" ({_listed(place.addresses)})"
    raise UsageError(
        f"{short(place.host)}{whereto} is not this machine, and pictures would be sent there",
        "if you want that, add --allow-remote",
    )


def is_loopback(number: str) -> bool:
    """Whether it is this machine, however it is written: 127.0.0.1, ::1, ::ffff:127.0.0.1, 0.0.0.0."""
    found = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_unspecified  # to connect to "any address" is to connect to oneself


def _listed(addresses: Iterable[str]) -> str:
    return short(", ".join(addresses))


def _parts(url: str) -> tuple[str, str, int, str]:
    if "@" in url:
        raise UsageError("the address of a server must hold no name and no password (no @)", LIKE_THIS)
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0 and url.isascii()
    except ValueError:  # a bracket that is never closed, a port that is no number or too large
        is_one = False
    if not is_one or not url.isprintable() or " " in url:
        raise UsageError(f"{short(url)} is not the address of a server", LIKE_THIS)
    path = parts.path.split("/v1")[0].rstrip("/")
    return parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], path
