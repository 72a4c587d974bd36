"""Where the page is to be found, and the names under which it answers.

A page of somebody else's can have its own name point to this machine (DNS rebinding), but it cannot have the browser
name another one in Host: whoever comes under a name that is not listed here is sent away. Nothing here looks names up,
but the one that it is to listen at.
"""

import asyncio
import errno
import ipaddress
import logging
import re
import resource
import secrets
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.errors import OutputError
from app.events import Banner, FramePreview, Notice, PartialSentence, RunEvent, Status
from app.protocols import RunControls
from app.sources.browser import Eye
from app.web.pictures import Pictures
from app.web.state import OVER, Board

if TYPE_CHECKING:
    import uvicorn

    from app.web.state import Hub

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
class Authority:
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


def placed(host: str, usual_port: int) -> Authority | None:
    """A Host taken apart; None if it is not one."""
    found = HOST.fullmatch(host)
    if found is None:
        return None
    six = found["six"]
    if six is not None and not is_address(six):
        return None
    return Authority(plain(six or found["name"]), int(found["port"] or usual_port))


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
    number = PORT if port is None else port
    if failure.errno == errno.EADDRINUSE:
        return OutputError(f"port {number} is already in use", "--page-port 0 picks a free one")
    if failure.errno == errno.EACCES:
        return OutputError(f"port {number} is reserved for the system", "use one above 1023: --page-port N")
    own = ", ".join((*own_names(), "0.0.0.0 for all of them"))
    return OutputError(f"this machine has no address {host}", f"use one of: {own}")


DESCRIPTORS = 4096
"""Soft limit of this process. macOS starts programs with 256, and each connection takes one."""
BACKLOG = 128
"""Connections that the system keeps waiting: on macOS the most that it takes."""
LARGEST_HEAD = 16384
"""Bytes of a request's head."""
LARGEST_MESSAGE = 2 * 1024 * 1024 + 1024
"""Bytes of a web socket's message: a picture, and its age."""
SEND_S = 10.0
"""How long a client may leave unread what is sent to it, such as a phone that has gone to sleep."""
PING_S = 10.0
"""Between two pings of a web socket, and the longest that the answer to one may take."""
GRACE_S = 0.5
"""How long answers may take to end by themselves, once the server ends."""


class SendTimeout(asyncio.Protocol):
    """Disconnects a client that has not read for `SEND_S`.

    asyncio pauses writing while more than 64 KB wait to be sent, and `send` waits until it resumes. `transport.close`
    would wait for that, too.
    """

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    send_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self.send_timer = self.loop.call_later(SEND_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.send_timer:
            self.send_timer.cancel()


class Http(SendTimeout, H11Protocol):
    """HTTP on one connection."""


class WebSocket(SendTimeout, WebSocketsSansIOProtocol):
    """A web socket on one connection."""


def config(app: Callable[..., Any], tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    """The settings of a server that prints nothing and ends within a second."""
    return uvicorn.Config(
        app,
        http=Http,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ws=WebSocket,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # pictures cannot be compressed further, and a small message could unpack to much
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,  # it has errors at most, and prints them among the sentences
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,  # type: ignore[arg-type]  # is given to asyncio.wait_for
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
    )


def raise_descriptor_limit() -> None:
    """Raise the soft limit to `DESCRIPTORS`, or to the hard limit if that is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def ignore_os_errors(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An event loop's exception handler that prints nothing about connections.

    Without descriptors left asyncio would print so, and try again, every second.
    """
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


ROOM = 1000
"""Happenings that wait for the server's thread; beyond that the oldest go."""
NEWEST_ONLY = (PartialSentence, Status, FramePreview)
JOIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is served."""

    address: Address
    listener: socket.socket
    """Listens already: a window that comes before the server is ready waits for it."""
    tls: ssl.SSLContext | None = None
    fingerprint: str = ""
    """Of a certificate that was made here, SHA-256; of another one its owner knows."""


@dataclass(slots=True)
class Inbound:
    """What waits for the server's thread."""

    waiting: deque[tuple[RunEvent, float]] = field(default_factory=lambda: deque(maxlen=ROOM))
    lock: Lock = field(default_factory=Lock)

    def put(self, happening: RunEvent, now: float) -> None:
        with self.lock:
            if isinstance(happening, NEWEST_ONLY):
                kept = (each for each in self.waiting if type(each[0]) is not type(happening))
                self.waiting = deque(kept, maxlen=ROOM)
            self.waiting.append((happening, now))

    def take(self) -> list[tuple[RunEvent, float]]:
        with self.lock:
            taken = list(self.waiting)
            self.waiting.clear()
        return taken


class Page:
    """Serves one run, from `begin` to `close`."""

    def __init__(self, place: Place, board: Board, eye: Eye, warn: Callable[[Notice], None]) -> None:
        """`warn` is told, once, that the server has failed. The port is taken already."""
        self.place, self.board, self.eye, self.warn = place, board, eye, warn
        self.banner = Banner(f"page {place.address.url}")
        self.pictures, self.inbound = Pictures(), Inbound()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.server: uvicorn.Server | None = None
        self.hub: Hub | None = None
        self.is_over = False
        self.worker: Thread | None = None

    def begin(self, controls: RunControls) -> None:
        """Serve, and controls by `controls`."""
        self.worker = Thread(target=self._work, args=(controls,), name="page", daemon=True)
        self.worker.start()

    def onlookers(self) -> bool:
        """Whether a window wants a picture now; see `Narrator`."""
        return self.pictures.are_wanted()

    def tell(self, happening: RunEvent) -> None:
        """From any thread; never blocks longer than it takes to put it away."""
        if self.is_over:
            return
        self.inbound.put(happening, time.monotonic())
        self._call(self._drain)

    def close(self) -> None:
        """Say goodbye to every window, and end the server; may be called twice."""
        self.is_over = True
        self._call(self._end)
        if self.worker:
            self.worker.join(JOIN_S)
        self.place.listener.close()

    def _work(self, controls: RunControls) -> None:
        try:
            asyncio.run(self._serve(controls))
        except Exception as failure:  # noqa: BLE001 — a defect of the page must not end the narration
            if not self.is_over:
                self.is_over = True
                self.warn(Notice("page", f"The page has failed: {failure}", "start again to have it back"))

    async def _serve(self, controls: RunControls) -> None:
        import uvicorn

        from app.web.access import Guard
        from app.web.routes import site
        from app.web.state import Hub

        raise_descriptor_limit()
        address = self.place.address
        self.hub = Hub(controls, self.eye, address.token, self.board, self.pictures)
        guarded = Guard(site(self.hub), address)
        self.server = uvicorn.Server(config(guarded, self.place.tls))
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(ignore_os_errors)
        self._drain()
        if self.is_over:
            return
        await self.server.serve(sockets=[self.place.listener])

    def _drain(self) -> None:
        """On the server's thread."""
        if self.hub:
            for happening, at in self.inbound.take():
                self.hub.take(happening, at)

    def _end(self) -> None:
        self._drain()
        if self.hub and self.server:
            self.hub.answers.end_all(OVER)
            self.hub.feed.close()
            self.server.should_exit = True

    def _call(self, what: Callable[[], None]) -> None:
        if self.loop:
            with suppress(RuntimeError):  # it has just ended
                self.loop.call_soon_threadsafe(what)
