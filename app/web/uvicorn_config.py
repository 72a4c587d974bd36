"""uvicorn's settings for the page: sizes and timeouts of connections, and how many descriptors they may use.

uvicorn waits without end for a client that does not read what it is sent. Its two protocols are extended here, so that
such a client is disconnected. Everything else is set by uvicorn's own options.
"""

import asyncio
import logging
import resource
import ssl
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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
