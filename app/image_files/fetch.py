"""Fetch a picture by http or https, within limits of size and time, from the public web unless more is allowed.

A name is resolved once, and the connection goes to the address that was checked, so that a name that leads elsewhere
the next time (DNS rebinding) gains nothing. Every redirect is checked anew. A proxy resolves names by itself; then they
are only checked here before.
"""

import base64
import ipaddress
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from app.errors import SourceError
from app.http_client import TooLarge, open_client, stream

if TYPE_CHECKING:
    import httpx2

MAX_REDIRECTS = 10
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits."""
PRIVATE = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "fec0::/10", "3fff::/20", "5f00::/16")))
"""Not on the public web either, but unknown to Python 3.11: RFC 6890, 3879, 9637 and 9602."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is fetched, and for how long."""

    size: int = 50_000_000
    """Bytes."""
    whole_s: float = 20.0
    """Seconds for everything."""
    wait_s: float = 10.0
    """Seconds without a byte."""
    allow_private: bool = False
    """Whether it may come from this machine or its local network."""


LIMITS = Limits()


class PrivateAddress(OSError):
    """The address belongs to this machine or its local network, or is none of the public web."""


def fetch(url: str, name: str, limits: Limits = LIMITS) -> bytes:
    """Fetch what `url` gives; messages call it `name`.

    Raises:
        SourceError: the server cannot be reached, refuses, is too slow or sends too much.
    """
    import httpx2

    until = time.monotonic() + limits.whole_s
    try:
        for _ in range(MAX_REDIRECTS):
            with open_for(url, limits) as client:
                request = build_request(client, url)
                response, body = receive(client, request, limits, until - time.monotonic())
            url = urljoin(str(request.url), response.headers.get("Location", ""))  # without the login
            if not (response.is_redirect and urlsplit(url).scheme in ("http", "https")):
                break
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, PrivateAddress, TooLarge, ValueError) as failure:
        raise explained(failure, name, limits) from failure
    if response.status_code != 200:
        raise refused(response, name)
    return body


def open_for(url: str, limits: Limits) -> "httpx2.Client":
    """A client for one address: through the environment's proxy, or to addresses that are checked.

    Raises:
        PrivateAddress: a proxy would be asked for a private host, as far as that can be seen here.
    """
    parts = urlsplit(url)
    host, proxies = unquote(parts.hostname or ""), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return open_client(
            silence_s=limits.wait_s,
            resolve=lambda host, port: resolve(host, port, allow_private=limits.allow_private),
        )
    try:
        resolve(host, 80, allow_private=limits.allow_private)
    except PrivateAddress:
        raise
    except (OSError, UnicodeError):  # a name that only the proxy knows
        pass
    return open_client(silence_s=limits.wait_s, proxy=proxy)


def build_request(client: "httpx2.Client", url: str) -> "httpx2.Request":
    """A request for `url`, quoted as browsers do; a user and password in it become a header of this request alone."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    headers = {"Accept": "image/*,*/*;q=0.5"}
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(login).encode()).decode()
    return client.build_request("GET", urlunsplit((parts.scheme, unquote(host), path, query, "")), headers=headers)


def receive(
    client: "httpx2.Client", request: "httpx2.Request", limits: Limits, left_s: float
) -> tuple["httpx2.Response", bytes]:
    """The head and body of a response; the body only of a success. Raises as `stream`."""
    body = bytearray()
    with closing(stream(client, request, total_s=left_s, most_bytes=limits.size)) as parts:
        response = next(part for part in parts if part is not None)
        assert not isinstance(response, bytes)
        if response.status_code == 200:
            if int(response.headers.get("Content-Length") or 0) > limits.size:
                raise TooLarge
            for part in parts:
                if isinstance(part, bytes):
                    body += part
    return response, bytes(body)


def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The public addresses of a host, however it is written: the system reads 2130706433 and 0x7f.1 as 127.0.0.1.

    Raises:
        PrivateAddress: it has private ones only.
        OSError: the name is unknown.
    """
    found = [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    public = [each for each in found if allow_private or is_public(each)]
    if not public:
        raise PrivateAddress(found[0] if found else host)
    return public


def is_public(written: str) -> bool:
    """Whether an address is one of the public internet; what is no address is not."""
    try:
        address = embedded_address(ipaddress.ip_address(written))
    except ValueError:
        return False
    is_private = any(address in network for network in PRIVATE)
    return address.is_global and not (is_private or address.is_multicast or address.is_reserved or address.is_loopback)


def embedded_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address in an IPv6 address that stands for one: mapped, 6to4, Teredo or NAT64; else the address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    teredo = address.teredo
    inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
    if address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


# Errors


def explained(failure: Exception, name: str, limits: Limits) -> SourceError:
    import httpx2

    reason = failure.__cause__ if isinstance(failure, httpx2.ConnectError) and failure.__cause__ else failure
    if isinstance(reason, PrivateAddress):
        return SourceError(
            f"not fetched: {name} points to {reason}, on this machine or your local network",
            "to fetch it anyway, add --allow-private",
        )
    if isinstance(failure, TooLarge):
        return too_much(name, limits)
    if isinstance(failure, (TimeoutError, httpx2.TimeoutException)):
        return SourceError(
            f"{name} comes too slowly: given up", "try again later, or download it first and describe the file"
        )
    return SourceError(
        f"{name} cannot be fetched: {reason}",
        "check the address and the network; what shows in a browser can be saved and described from the file",
    )


def too_much(name: str, limits: Limits) -> SourceError:
    return SourceError(
        f"{name} is more than the {limits.size / 1e6:.0f} MB that looksay reads from elsewhere",
        "save it as a file, make it smaller and describe the file",
    )


def refused(response: "httpx2.Response", name: str) -> SourceError:
    if response.status_code in range(300, 400):
        return SourceError(
            f"{name} only points elsewhere, in a circle or to what is not on the web",
            "open it in a browser and give the address where that ends",
        )
    hints = {
        401: "it needs a login: http://USER:PASSWORD@HOST/…",
        403: "its server does not give it to programs: save it in a browser and describe the file",
        404: "check the address: there is nothing at it",
    }
    return SourceError(
        f"{name} cannot be fetched: the server says {response.status_code} {response.reason_phrase}",
        hints.get(response.status_code, "try again later, or save it in a browser and describe the file"),
    )
