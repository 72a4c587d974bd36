"""The page as an output: told on any thread, served on one of its own. It never holds up who tells it.

What waits for the server is bounded, and of pictures, counts and the sentence in the making it is only the newest. A
server that has failed is told of once, and narration goes on without it.
"""

import asyncio
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING

from app.events import Banner, FramePreview, Notice, PartialSentence, RunEvent, Status
from app.protocols import RunControls
from app.sources.eye import Eye
from app.web.address import Address
from app.web.answers import OVER
from app.web.pictures import Pictures
from app.web.state import Board

if TYPE_CHECKING:
    import uvicorn

    from app.web.hub import Hub

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

        from app.web.guard import Guard
        from app.web.hub import Hub
        from app.web.routes import site
        from app.web.uvicorn_config import config, ignore_os_errors, raise_descriptor_limit

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
