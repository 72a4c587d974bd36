"""Waiting for work that may hang, as long as it shows progress.

Looking up a name, connecting, TLS and reading can each block longer than their own timeouts say; a second thread
bounds them all. It is a daemon and is not joined when it is given up: nothing can end a stuck name look-up.
"""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """How the work tells of itself, and learns that nobody waits any more."""

    def __init__(self) -> None:
        self._news: SimpleQueue[int | str | BaseException | list[T]] = SimpleQueue()
        self._hung_up = Event()

    @property
    def is_dead(self) -> bool:
        return self._hung_up.is_set()

    def brought(self, count: int) -> None:
        """So many bytes more, or fewer: a sign of life."""
        self._news.put(count)

    def failed(self, why: str) -> None:
        """Something went wrong and is tried again: no sign of life, but the reason if none follows."""
        self._news.put(why)

    def pause(self, seconds: float) -> None:
        self._hung_up.wait(seconds)

    def run(self, work: "Callable[[Line[T]], T]") -> None:
        try:
            self._news.put([work(self)])
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it again
            self._news.put(error)

    def wait(self, patience_s: float, on_bytes: Callable[[int], None]) -> T:
        why, until = "no answer", monotonic() + patience_s
        while True:
            try:
                told = self._news.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                raise TimeoutError(why) from None
            if isinstance(told, list):
                return told[0]
            if isinstance(told, BaseException):
                raise told
            if isinstance(told, str):
                why = told
            else:
                on_bytes(told)
                until = monotonic() + patience_s

    def hang_up(self) -> None:
        self._hung_up.set()


def patiently(work: Callable[[Line[T]], T], patience_s: float, on_bytes: Callable[[int], None] | None = None) -> T:
    """Run `work` in a thread and return what it returns, or raise what it raises.

    Raises:
        TimeoutError: it told of no byte for `patience_s`; the message is the last reason it gave.
    """
    line: Line[T] = Line()
    Thread(target=line.run, args=(work,), name="hub", daemon=True).start()
    try:
        return line.wait(patience_s, on_bytes or _ignore)
    finally:
        line.hang_up()


def _ignore(_: int) -> None:
    """For work that brings no bytes, only an answer."""
