"""`WS /eye`: a browser's window sends its camera's pictures, one at a time, each when it is asked for.

    looksay ──{"next": true}──▶ window      at most every 60 ms, and only while a source looks
    window  ──8 bytes + JPEG──▶ looksay     the age of the picture in seconds (float64, little-endian), then the picture
    window  ──{"paused": "hidden"}──▶ …     it has none for now; "" when it has again. Also "muted" and "still"
    looksay ──{"idle": true}──▶ window      nobody looks through it now: wait
    looksay ──{"lost": "why"}──▶ window     and the socket closes

A window that sends anything else, or never answers, is dropped with the reason. Whether it may come at all is decided
in front of this. Nothing is decoded here: only size and first bytes are looked at.
"""

import asyncio
import contextlib
import json
import struct
from dataclasses import dataclass, field

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.sources.browser import PAUSES, Eye, Pause

EVERY_S = 0.06
"""From one request to the next, at least."""
ANSWER_S = 10.0
"""The longest that a picture may take to come; a window that has none says so at once."""
LARGEST = 2_000_000
"""Bytes of a JPEG."""
_CROSSINGS = 3
_LONGEST_TEXT = 100
_TEXT_S = 0.1
"""A window's texts are read no faster than this."""
_AGE = struct.Struct("<d")
_BEGINNING = b"\xff\xd8\xff"
_REFUSED, _TAKEN_OVER = 1008, 4001
"""Close codes: against the rules (RFC 6455), and one of our own."""


class Over(Exception):
    """This window is the eye no longer; says why. Without a reason: it has gone by itself."""

    def __init__(self, reason: str = "", code: int = _REFUSED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def eye_route(eye: Eye) -> WebSocketRoute:
    """Where the page's windows come in, one at a time, and fill `eye`."""

    async def sit(socket: WebSocket) -> None:
        await socket.accept()
        await Sitting(eye, socket).last()

    return WebSocketRoute("/eye", sit)


@dataclass(slots=True, eq=False)
class Sitting:
    """One window, from its coming to its going: an `eye.Window`, on the loop that made it."""

    eye: Eye
    socket: WebSocket
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    turned: asyncio.Event = field(default_factory=asyncio.Event)
    replaced: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    is_asked: bool = False
    is_paused: bool = False
    unasked: int = 0
    """Pictures that came without being asked for, since the last that was."""

    def turn(self) -> None:
        self._set(self.turned)

    def make_way(self) -> None:
        self._set(self.replaced)

    def _set(self, event: asyncio.Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the window with it
            self.loop.call_soon_threadsafe(event.set)

    async def last(self) -> None:
        """Ask and read until it is over, then say why."""
        self.eye.enter(self)
        over = Over()
        try:
            async with asyncio.TaskGroup() as both:
                for each in (self.ask(), self.read(), self.be_replaced()):
                    both.create_task(each)
        except* Over as overs:
            over = next(each for each in overs.exceptions if isinstance(each, Over))
        except* WebSocketDisconnect:
            pass
        finally:
            self.eye.leave(self)
        if over.reason:
            await self.dismiss(over)

    async def dismiss(self, over: Over) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it is gone already
            await self.socket.send_json({"lost": over.reason})
            await self.socket.close(over.code, over.reason)

    async def be_replaced(self) -> None:
        await self.replaced.wait()
        raise Over("another window took over", _TAKEN_OVER)

    async def ask(self) -> None:
        """One picture after the other, while any is wanted."""
        while True:
            await self.until_wanted()
            asked_at = self.loop.time()
            self.answered.clear()
            self.is_asked = True
            await self.socket.send_json({"next": True})
            try:
                await asyncio.wait_for(self.answered.wait(), ANSWER_S)
            except TimeoutError as late:
                raise Over(f"no picture came for {ANSWER_S:.0f} seconds") from late
            await asyncio.sleep(max(0.0, asked_at + EVERY_S - self.loop.time()))

    async def until_wanted(self) -> None:
        is_told = False
        while self.is_paused or not self.eye.is_wanted:
            if not is_told and not self.eye.is_wanted:
                is_told = True
                await self.socket.send_json({"idle": True})
            self.turned.clear()
            if self.is_paused or not self.eye.is_wanted:
                await self.turned.wait()

    async def read(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                raise Over
            if (text := message.get("text")) is not None:
                self.hear(text)
                await asyncio.sleep(_TEXT_S)
            else:
                self.take(message["bytes"])

    def take(self, message: bytes) -> None:
        """A picture, with its age before it."""
        if not self.is_asked:
            self.leave_out()
            return
        if len(message) > LARGEST + _AGE.size:
            raise Over(f"a picture had more than {LARGEST // 1_000_000} MB")
        if not message.startswith(_BEGINNING, _AGE.size):
            raise Over("what came was no JPEG")
        if not self.eye.give(self, message[_AGE.size :], *_AGE.unpack_from(message)) and not self.replaced.is_set():
            raise Over("the age of a picture was no number")
        self.is_asked, self.unasked = False, 0
        self.answered.set()

    def leave_out(self) -> None:
        """One may cross with a request where a page was hidden and shown again; more are none of ours."""
        self.unasked += 1
        if self.unasked > _CROSSINGS:
            raise Over("pictures came that nobody had asked for")

    def hear(self, text: str) -> None:
        """The one thing that a window may say: that it has no picture for now, or has again."""
        pause = pause_in(text)
        if pause is None:
            raise Over("what came was nothing that looksay knows")
        self.is_paused = bool(pause)
        self.eye.hold(self, pause)
        if self.is_asked:  # there is nothing to wait for
            self.is_asked = False
            self.answered.set()
        self.turned.set()


def pause_in(text: str) -> Pause | None:
    """None where the text says anything else."""
    try:
        said = json.loads(text) if len(text) <= _LONGEST_TEXT else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or set(said) != {"paused"}:
        return None
    return next((pause for pause in PAUSES if pause == said["paused"]), None)
