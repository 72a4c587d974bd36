"""Tells when a model has stopped answering, and when it answers again: a describer around the describer.

It asks no more than the clock. How long is too long is learned: some models take seconds to their first word.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread, get_ident

from app.events import Banner, Chunk, Notice, Request
from app.protocols import Describer

LIMIT_S = 2.5
"""Without a word, before it is told; for a slow model so many times the longest that it has taken:"""
TIMES = 3.0
TICK_S = 0.25
JOIN_S = 1.0


@dataclass(slots=True)
class Pulse:
    """A `Describer` that is watched while it describes."""

    describer: Describer
    tell: Callable[[Notice], None]
    now: Callable[[], float] = time.monotonic
    since: dict[int, float] = field(default_factory=dict, init=False)
    """Monotonic seconds: since when the next words are waited for, by thread."""
    longest_s: float = field(default=0.0, init=False)
    """The longest that a piece has taken."""
    is_told: bool = field(default=False, init=False)
    has_failed: bool = field(default=False, init=False)
    """It has failed since it last said anything: others have told of that, and tell when it is over."""
    closing: Event = field(default_factory=Event, init=False)
    watch: Thread = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Thread(target=self._work, name="pulse", daemon=True)
        self.watch.start()

    @property
    def banner(self) -> Banner:
        return self.describer.banner

    def describe(self, request: Request) -> Generator[Chunk]:
        """See `Describer.describe`."""
        with closing(self.describer.describe(request)) as pieces:
            began = self.now()
            while (piece := self._next(pieces, began)) is not None:
                if piece.text:
                    began = self.now()
                yield piece

    def close(self) -> None:
        self.closing.set()
        if self.watch.is_alive():
            self.watch.join(JOIN_S)
        self.describer.close()

    def check(self) -> None:
        """Tell, once, if the present piece has been waited for too long."""
        since, limit_s = min(tuple(self.since.values()), default=None), max(LIMIT_S, TIMES * self.longest_s)
        if since is not None and not (self.is_told or self.has_failed) and self.now() - since > limit_s:
            self.is_told = True
            words = f"The model has not answered for {limit_s:.0f} seconds."
            self.tell(Notice("hung", words, "if it stays so, end looksay and start it again, or take a smaller model"))

    def _next(self, pieces: Generator[Chunk], began: float) -> Chunk | None:
        """The next piece; one without a letter is no sign of life, so what has `began` is still waited for."""
        self.since[get_ident()] = began
        try:
            piece = next(pieces, None)
        except Exception:  # it has not answered: what it failed with is told by others
            self.is_told, self.has_failed = False, True
            raise
        finally:
            del self.since[get_ident()]
        if piece is None or piece.text:
            self.longest_s = max(self.longest_s, self.now() - began)
            self.has_failed = False
            self.revive()
        return piece

    def revive(self) -> None:
        if self.is_told:
            self.is_told = False
            self.tell(Notice("answering", "The model answers again."))

    def _work(self) -> None:
        while not self.closing.wait(TICK_S):
            self.check()
