"""The HTTP client: model servers, the model hub, and pictures from the web.

It is httpx2 with one set of rules: certificates as the system trusts them, no redirects, proxies only where they are
asked for. `stream` reads on a thread of its own, so that a run that stops does not wait for a server.
"""

import socket
import struct
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    import httpx2

TICK_S = 0.05
"""The longest that `stream` waits before it lets its consumer stop."""
JOIN_S = 2.0
"""How long to wait for a reader whose socket was shut down; one that is still looking up a name is left behind."""

Resolve = Callable[[str, int], Sequence[str]]
"""Addresses of a host, as numbers. Raises OSError if there are none that may be used."""


class TooLarge(Exception):
    """A response has more bytes than were allowed."""


def open_client(
    *,
    silence_s: float,
    connect_s: float | None = None,
    use_proxies: bool = False,
    proxy: str | None = None,
    resolve: Resolve | None = None,
) -> "httpx2.Client":
    """Make a client that follows no redirects and keeps no cookies.

    Args:
        silence_s: seconds without a byte, after which it raises httpx2.TimeoutException.
        connect_s: seconds for a connection; None: `silence_s`.
        use_proxies: whether the environment's proxies are used (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY).
        proxy: the address of a proxy for every request.
        resolve: looks up hosts instead of the system; connections go to exactly the addresses that it returns. Not
            together with proxies, which look up names themselves.
    """
    import httpx2

    timeout = httpx2.Timeout(silence_s, connect=silence_s if connect_s is None else connect_s)
    certificates = trusted_certificates()
    return httpx2.Client(
        timeout=timeout,
        verify=certificates,
        trust_env=use_proxies,
        proxy=proxy,
        transport=pinned_transport(resolve, certificates) if resolve else None,
        headers={"User-Agent": "looksay", "Accept-Encoding": "identity"},
    )


def trusted_certificates() -> "ssl.SSLContext":
    """The certificates that the system trusts, or SSL_CERT_FILE and SSL_CERT_DIR where they are set."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=True)


def pinned_transport(resolve: Resolve, certificates: "ssl.SSLContext") -> "httpx2.BaseTransport":
    """A transport that connects to the addresses that `resolve` returns; TLS and `Host` keep the name.

    Each request has a connection of its own: one that was kept may have been closed meanwhile.
    """
    import httpx2

    class PinnedTransport(httpx2.HTTPTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            url = request.url
            port = url.port or {"https": 443}.get(url.scheme, 80)
            try:
                addresses = resolve(url.host, port)
            except OSError as failure:
                raise httpx2.ConnectError(failure.strerror or str(failure), request=request) from failure
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            for address in addresses[:-1]:
                request.url = url.copy_with(host=address)
                with suppress(httpx2.ConnectError):
                    return super().handle_request(request)
            request.url = url.copy_with(host=addresses[-1])
            return super().handle_request(request)

    return PinnedTransport(verify=certificates, limits=httpx2.Limits(max_keepalive_connections=0))


def root_cause(failure: BaseException) -> BaseException:
    """The exception that an error of httpx2 began with, such as an `ssl.SSLError` or a system's OSError."""
    while (cause := failure.__cause__ or failure.__context__) is not None:
        failure = cause
    return failure


def stream(
    client: "httpx2.Client", request: "httpx2.Request", *, total_s: float, most_bytes: int
) -> Generator["httpx2.Response | bytes | None"]:
    """Send a request; yield the response once its head is there, then its body in parts, and None at every tick.

    Closing the generator shuts the connection and ends the reader. The client is left open.

    Raises:
        httpx2.HTTPError: the connection failed, broke off, or was silent for too long.
        TimeoutError: the whole took longer than `total_s`, looking up the name included.
        TooLarge: the body has more than `most_bytes`.
    """
    received: SimpleQueue[httpx2.Response | bytes | Exception | None] = SimpleQueue()
    connection = Connection()
    request.extensions = {**request.extensions, "trace": connection.trace}

    def read() -> None:
        try:
            with closing(client.send(request, stream=True)) as response:
                received.put(response)
                for part in response.iter_raw():
                    received.put(part)
            received.put(None)
        except Exception as failure:  # noqa: BLE001 (raised again by the consumer)
            received.put(failure)

    reader = Thread(target=read, name="http", daemon=True)
    reader.start()
    until, size = time.monotonic() + total_s, 0
    try:
        while True:
            if time.monotonic() > until:
                raise TimeoutError
            try:
                part = received.get(timeout=TICK_S)
            except Empty:
                yield None
                continue
            if part is None:
                return
            if isinstance(part, Exception):
                raise part
            size += len(part) if isinstance(part, bytes) else 0
            if size > most_bytes:
                raise TooLarge
            yield part
    finally:
        if reader.is_alive():
            connection.shut_down()
        reader.join(JOIN_S)


class Connection:
    """The socket of a request, as soon as it is connected, so that another thread can shut it down."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._is_shut = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """httpcore2's `trace` extension."""
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"].get_extra_info("socket")
            if self._is_shut:
                self.shut_down()

    def shut_down(self) -> None:
        """Wake the reader. Its close resets the connection, as a server that is still sending would wait otherwise."""
        self._is_shut = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._socket.shutdown(socket.SHUT_RDWR)
