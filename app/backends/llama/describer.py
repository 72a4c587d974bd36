"""Describer that asks a llama.cpp server of its own and restarts it when it dies: once, unless it has lived a minute.

How it is asked is app/backends/openai's. The question under way when it dies is lost, and said to be; those
after it wait for the new one, and are left as any other.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Lock

from app.backends.llama.server import LlamaServer, Order, opened
from app.backends.llama.shown import Shown
from app.backends.openai.describer import Form, ServerDescriber
from app.cleaning import NoAnswer
from app.errors import ModelError, Outage
from app.events import Banner, Chunk, Cost, Request

WORTH_S = 60.0
"""One that lives for so long is worth being started again."""
TURN_S = 0.05
GONE_S = 2.0
"""The longest from the end of its connection to the end of its process, on a busy machine."""
FORM = Form("llama", is_picture_first=True)
"""The order in which models learn them. The words would be kept as a prefix otherwise: a dozen tokens a frame."""


@dataclass(slots=True)
class RestartingServer:
    """A `Describer`, and the llama.cpp server behind it. Raises ModelError, as `opened` does."""

    name: str
    order: Order
    shown: Shown
    check_warnings: tuple[str, ...] = ()
    """What the check could not rule out; set at start-up, shown in the banner."""
    now: Callable[[], float] = time.monotonic
    server: LlamaServer = field(init=False)
    asker: ServerDescriber = field(init=False)
    started_at: float = field(init=False)
    is_again: bool = field(default=False, init=False)
    """This one took the place of another."""
    lock: Lock = field(default_factory=Lock, init=False)
    """Held by who starts it again."""

    def __post_init__(self) -> None:
        self.take(opened(self.order))

    @property
    def banner(self) -> Banner:
        return Banner(f"{self.name} in {self.server.name}", self.check_warnings)

    def describe(self, request: Request) -> Generator[Chunk]:
        """See `Describer.describe`. Several threads may ask at once.

        Raises:
            Outage: it has died and is started again, or it refuses this one question.
            ModelError: it died again.
        """
        server, asker = self.server, self.asker
        yield from self.waited(server)
        small = [replace(frame, pixels=self.shown.picture(frame.pixels)) for frame in request.frames]
        try:
            with closing(asker.describe(replace(request, frames=small))) as pieces:
                yield from pieces
        except NoAnswer:
            raise
        except ModelError as failure:
            broke_off_at = self.now()
            while isinstance(failure, Outage) and not server.has_ended() and self.now() - broke_off_at < GONE_S:
                yield Chunk("", Cost())
                time.sleep(TURN_S)
            if server.has_ended():
                raise self.started_again(server) from failure
            raise Outage(failure.message, self.order.hint) from failure  # its log is not for people to see

    def waited(self, server: LlamaServer) -> Generator[Chunk]:
        """Empty pieces until it can be asked."""
        while not server.is_ready():
            if server.has_ended():
                raise self.started_again(server)
            if self.now() - self.started_at > self.order.patience_s:
                raise ModelError(f"{server.name} was started again, and does not become ready", "start looksay again")
            yield Chunk("", Cost())
            time.sleep(TURN_S)

    def started_again(self, dead: LlamaServer) -> ModelError:
        """What to raise for one that has ended: an outage, unless it had only just been started again."""
        why, is_lost = dead.reason(), dead.has_lost_its_port()
        with self.lock:
            if self.server is dead:
                dead.close()
                if self.is_again and not is_lost and self.now() - self.started_at < WORTH_S:
                    return ModelError(f"{why.message}; it had been started again shortly before", why.hint)
                self.take(LlamaServer(self.order))
                self.is_again = True
        return Outage(why.message, "wait a moment: it is being started again")

    def take(self, server: LlamaServer) -> None:
        self.server, self.started_at = server, self.now()
        self.asker = ServerDescriber(server.endpoint, FORM)

    def close(self) -> None:
        """End it."""
        self.asker.close()
        self.server.close()
