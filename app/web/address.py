"""Where the page is to be found, and the names under which it answers.

A page of somebody else's can have its own name point to this machine (DNS rebinding), but it cannot have the browser
name another one in Host: whoever comes under a name that is not listed here is sent away. Nothing here looks names up,
but the one that it is to listen at.
"""

import errno
import ipaddress
import re
import secrets
import socket
from contextlib import closing, suppress
from dataclasses import dataclass, field

from app.errors import OutputError

PORT = 8737
NEXT = 20
"""Ports tried after the usual one."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANYWHERE = ("0.0.0.0", "::")
HOST = re.compile(
    r"(?:\[(?P<six>[0-9a-fA-F:.]{2,45})\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
"""RFC 9110, 7.2, without what no browser sends: empty names, zones, a user."""
NOWHERE = ("192.0.2.1", 9)
"""An address for documents (RFC 5737). A datagram socket is connected to it, which sends nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port, as Host and Origin name them."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is."""

    host: str
    """What it listens on, as it was given."""
    port: int
    token: str = field(repr=False)
    """Who knows it may steer, and over a network look on."""
    is_secure: bool
    """Whether it is reached by https."""
    names: tuple[str, ...] = ()
    """Over a network: the names and addresses of this machine, the likeliest first."""

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def scheme(self) -> str:
        return "https" if self.is_secure else "http"

    @property
    def usual_port(self) -> int:
        """That which browsers leave out."""
        return 443 if self.is_secure else 80

    @property
    def url(self) -> str:
        """The link to open, with the token where one is needed."""
        link = f"{self.scheme}://{bracketed(self.reached)}:{self.port}/"
        return link if self.is_loopback else f"{link}?token={self.token}"

    @property
    def reached(self) -> str:
        """A name under which others find it: nobody can go to 0.0.0.0."""
        return self.names[0] if self.host in ANYWHERE and self.names else self.host

    @property
    def cookie(self) -> str:
        """The name of the cookie that stands for the token. Browsers keep cookies by host, whatever the port; those
        named so are sent by https only, and no other host of the domain can set them."""
        return f"__Host-looksay-{self.port}"

    def allows(self, host: str) -> bool:
        """Whether a request with this Host means this page."""
        place = placed(host, self.usual_port)
        return place is not None and place.port == self.port and self._is_name(place.host)

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether an Origin is that of the page itself, opened under this Host."""
        scheme, separator, rest = origin.partition("://")
        place = placed(rest, self.usual_port)
        return scheme == self.scheme and bool(separator and place) and place == placed(host, self.usual_port)

    def _is_name(self, name: str) -> bool:
        if name in ANYWHERE:
            return False
        if name in LOOPBACK or name in (plain(self.host), *map(plain, self.names)):
            return True
        return not self.is_loopback and is_address(name)  # an address cannot be made to point elsewhere, as a name can


def address(host: str, port: int) -> Address:
    """The address of a page that listens there, with a new token; https wherever others could listen in."""
    alone = is_loopback(host)
    return Address(host, port, secrets.token_urlsafe(32), not alone, () if alone else own_names())


def listen(host: str, port: int | None = None) -> socket.socket:
    """Listen there; without a port at the usual one, or the next that is free.

    Raises:
        OutputError: it cannot be listened there, with the remedy.
    """
    failure: OSError | None = None
    for each in (port,) if port is not None else (*range(PORT, PORT + NEXT), 0):
        try:
            return _bound(host, each)
        except OSError as error:
            failure = error
            if error.errno != errno.EADDRINUSE:
                break
    assert failure is not None
    raise _explained(failure, host, port) from failure


def placed(host: str, usual_port: int) -> Place | None:
    """A Host taken apart; None if it is not one."""
    found = HOST.fullmatch(host)
    if found is None:
        return None
    six = found["six"]
    if six is not None and not is_address(six):
        return None
    return Place(plain(six or found["name"]), int(found["port"] or usual_port))


def plain(name: str) -> str:
    """A name as it is compared: case means nothing, and one address can be written in several ways."""
    return str(ipaddress.ip_address(name)) if is_address(name) else name.lower()


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_address(name: str) -> bool:
    with suppress(ValueError):
        return not ipaddress.ip_address(name).is_unspecified
    return False


def is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def own_names() -> tuple[str, ...]:
    """This machine's address in its network, then its names, as it knows them itself."""
    name = socket.gethostname().lower()
    local = f"{name.split('.')[0]}.local"
    return tuple(dict.fromkeys(each for each in (_own_address(), local, name) if each))


def _own_address() -> str | None:
    with suppress(OSError), closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect(NOWHERE)
        return str(probe.getsockname()[0])
    return None


def _bound(host: str, port: int) -> socket.socket:
    family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _explained(failure: OSError, host: str, port: int | None) -> OutputError:
    where = f"{bracketed(host)}:{PORT if port is None else port}"
    if failure.errno == errno.EADDRINUSE:
        return OutputError(
            f"The page cannot be shown at {where}: another program listens there.", "Take any: --page-port 0"
        )
    if failure.errno == errno.EACCES:
        return OutputError(
            f"The page cannot be shown at {where}: not allowed.", "Name a port above 1023: --page-port N"
        )
    own = ", ".join((*own_names(), "0.0.0.0 for all of them"))
    return OutputError(
        f"The page cannot be shown at {where}: this machine has no such address.", f"Name one of: {own}."
    )
