"""The server's limits: uvicorn, told to be small, and to end when it is told to.

It knows nothing of what is served. Written for uvicorn 0.54: of its protocols it overrides what they tell of themselves
(a request begins, an answer is complete, the other end does not read), so that the door knows who may be shown out.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

from app.outputs.page.door import Door, Guest
from app.outputs.page.rates import Bucket

LARGEST_HEAD = 16384
"""Bytes of a request's head."""
LARGEST_MESSAGE = 2 * 1024 * 1024 + 1024
"""Bytes of a web socket's message: a picture, and what is said of it."""
MOST_PIECES = 1024
"""Frames that one message may be cut into; browsers cut at 64 KB and more."""
PING_S = 10.0
"""Between two pings of a web socket, and the longest that the answer to one may take."""
ARRIVALS = 100.0
"""Connections let in a second, and as many at once; a window that is opened makes nine. Each costs about 0.3 ms."""
RETRY_S = 0.1
"""Until somebody is let in again after that has failed."""
KEEP_S = 5
"""How long a connection stays open for a next request."""
FAREWELL_S = 0.4
"""How long those who are served may take to end by themselves, once the server ends."""
CANCEL_S = 1
"""Then, after their connections have been cut, until they are cancelled."""


class Hosted(asyncio.BaseProtocol):
    """What both protocols tell of whoever is at the other end."""

    guest: Guest

    def pause_writing(self) -> None:
        self.guest.stalls()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.guest.reads()
        super().resume_writing()


class Requests(Hosted, H11Protocol):
    """HTTP on one connection."""

    def __init__(self, door: Door, **given: Any) -> None:
        super().__init__(**given)
        self.door = door
        self.ws_protocol_class = cast("type[asyncio.Protocol]", partial(Messages, door))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.guest = guest_of(self.door, transport)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self.guest.begins()

    def on_response_complete(self) -> None:
        self.guest.rests()
        super().on_response_complete()


class Messages(Hosted, WebSocketsSansIOProtocol):
    """A web socket on one connection."""

    def __init__(self, door: Door, **given: Any) -> None:
        super().__init__(**given)
        self.door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.guest = guest_of(self.door, transport)
        self.guest.begins()

    def handle_cont(self, event: Frame) -> None:
        """Pieces may be empty, so that their bytes alone do not bound them."""
        super().handle_cont(event)
        if len(self.frames) > MOST_PIECES:
            self.transport.abort()

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except InvalidState:  # the other end is saying goodbye itself
            self.transport.abort()

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        self.guest.rests()
        super().on_task_complete(task)


class Bounded(uvicorn.Server):
    """A server that lets in who comes at its own pace, and ends within two seconds, whoever is being served."""

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self.door = door
        self.arrivals = Bucket(ARRIVALS, ARRIVALS)
        self.receiving: asyncio.Task[None] | None = None

    async def startup(self, sockets: Any = None) -> None:  # noqa: ARG002 — the door is known already
        """As uvicorn's, but for who lets people in."""
        self.servers = []
        self.receiving = asyncio.create_task(self.receive())
        self.started = True

    async def receive(self) -> None:
        """Let people in, one after the other. Who comes too soon waits outside, where it costs nothing."""
        loop = asyncio.get_running_loop()
        entering: set[asyncio.Task[None]] = set()
        while True:
            try:
                connection, _ = await loop.sock_accept(self.door)
            except OSError:  # it went while it waited, or there is no descriptor left
                await asyncio.sleep(RETRY_S)
                continue
            if self.door.guests.welcome(connection):
                task = loop.create_task(self.enter(connection))
                entering.add(task)
                task.add_done_callback(entering.discard)
            else:
                connection.close()
            await asyncio.sleep(self.arrivals.owe())

    async def enter(self, connection: socket.socket) -> None:
        """Shake hands, if that is the custom here, and listen to what is asked."""
        with suppress(OSError):  # TLS has failed, or whoever came has gone
            await asyncio.get_running_loop().connect_accepted_socket(self.protocol, connection, ssl=self.config.ssl)

    def protocol(self) -> asyncio.Protocol:
        return Requests(self.door, config=self.config, server_state=self.server_state, app_state={})

    async def shutdown(self, sockets: Any = None) -> None:
        """Let nobody in, let answers end by themselves for a moment, then cut them off."""
        if self.receiving:
            self.receiving.cancel()
        self.door.close()
        until = asyncio.get_running_loop().time() + FAREWELL_S
        while self.door.guests.served and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
        self.door.guests.show_all_out()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # that an answer is cut off now is no failure
        await super().shutdown(sockets)


def config(app: Callable[..., Any], door: Door, tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    """What uvicorn is told. It writes no line of its own but when the application fails."""

    async def sweep() -> None:
        door.guests.sweep()

    return uvicorn.Config(
        app,
        loop="asyncio",
        http=H11Protocol,
        ws=WebSocketsSansIOProtocol,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # pictures cannot be compressed further, and bombs are
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_S,
        timeout_notify=0,  # with every second's tick
        timeout_graceful_shutdown=CANCEL_S,
        callback_notify=sweep,
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )


def guest_of(door: Door, transport: asyncio.BaseTransport) -> Guest:
    return door.guest(transport.get_extra_info("socket").fileno())
