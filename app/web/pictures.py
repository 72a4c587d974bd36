"""Pictures for people who look on: the newest that the narrator has shown, as JPEG, encoded once for all windows.

A window asks for each; the narrator is asked for a picture only while one is wanted, and never waits for a window.
"""

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field

from app.events import FramePreview
from app.images import encode_jpeg

EVERY_S = 0.06
"""Between two pictures, at least: about 15 a second."""
FRESH_S = 2.0
"""After so long a picture is the past, of another camera maybe: who comes then waits for the next."""
LARGE, SMALL = 640, 200
"""Pixels of the longer edge: of a picture that is looked on at, and of a thumbnail."""


@dataclass(slots=True)
class Pictures:
    """The newest picture, and who waits for one."""

    glimpse: FramePreview | None = field(default=None, init=False)
    jpeg: bytes = field(default=b"", init=False)
    """Of `glimpse`; empty until somebody wants it."""
    wanted: threading.Event = field(default_factory=threading.Event, init=False)
    last_at: float = field(default=0.0, init=False)
    shown_at: float = field(default=0.0, init=False)
    """Monotonic seconds: when `glimpse` came."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def are_wanted(self) -> bool:
        """Whether to show a frame now. Asked by the narrator, on its own thread, at every frame."""
        if not self.wanted.is_set():
            return False
        now = time.monotonic()
        if now - self.last_at < EVERY_S:
            return False
        self.last_at = now
        self.wanted.clear()
        return True

    def show(self, glimpse: FramePreview) -> None:
        """On the server's thread, as all that follows."""
        self.glimpse, self.jpeg, self.shown_at = glimpse, b"", time.monotonic()
        arrived, self.arrived = self.arrived, asyncio.Event()
        arrived.set()

    async def next(self, after: int) -> tuple[int, str, bytes]:
        """The next picture, whose number is another than `after`: its number, what is said of it, JPEG."""
        while (glimpse := self._fresh()) is None or glimpse.frame.number == after:
            self.wanted.set()
            await self.arrived.wait()
        if not self.jpeg:
            self.jpeg = encode_jpeg(glimpse.frame.pixels, LARGE)
        self.wanted.set()  # the one after it is on its way while this one is sent
        return glimpse.frame.number, self.told(glimpse), self.jpeg

    def _fresh(self) -> FramePreview | None:
        return self.glimpse if time.monotonic() - self.shown_at < FRESH_S else None

    def told(self, glimpse: FramePreview) -> str:
        frame = glimpse.frame
        height, width = frame.pixels.shape[:2]
        said = {
            "number": frame.number,
            "age_s": round(time.monotonic() - frame.seen_at, 3),
            "width": width,
            "height": height,
            "boxes": [[round(edge, 4) for edge in box] for box in glimpse.boxes],
            "is_still": glimpse.is_still,
            "trouble": glimpse.trouble,
        }
        return json.dumps(said)
