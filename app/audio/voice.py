"""Speech: one sentence in the air, one waiting, the newest. Never late, and silent at once when told to stop.

Who speaks when is judged in speech.py; what speaks is an engine. Here is the thread between them.
"""

import time
from collections.abc import Callable
from threading import Condition, Event, Thread
from typing import Protocol

from app.audio.engines import Engine
from app.audio.speech import Turns, Utterance
from app.errors import OutputError
from app.events import Banner, Notice, RunEvent, Sentence
from app.protocols import Output

JOIN_S = 5.0
WAIT_S, HUSHED_S = 1.0, 0.1
"""Between two looks whether it is over, and whether somebody still speaks."""
SLOW = 5
"""Descriptions in succession that come too late to be spoken: then it is told."""


class Ear(Output, Protocol):
    """What hears whether somebody speaks."""

    def is_hushed(self) -> bool: ...

    def voice_speaks(self, is_speaking: bool) -> None:
        """Our own voice begins, or has come to its end."""
        ...


class Voice:
    """Speaks on a thread of its own, which opens and closes the engine too."""

    def __init__(
        self,
        engine: Engine,
        warn: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
        age_limit_s: float = 6.0,
        ear: Ear | None = None,
    ) -> None:
        """`warn` is told, once, that the engine failed, and from then on nothing is spoken; or that all comes too late.

        `age_limit_s`: how long ago the frame was seen that a sentence begins to be spoken about, at most.
        """
        self.engine, self.warn, self.now, self.ear = engine, warn, now, ear
        self.banner = Banner(f"voice {engine.name}")
        self.turns = Turns(age_limit_s)
        self.changed = Condition()
        self.is_wanted = False
        """There are words, or a model is loaded: time to open the engine. Two threads must not import MLX at once."""
        self.cut = Event()
        """What is in the air is to end."""
        self.slow = 0
        """Descriptions in succession that were too old when they came."""
        self.worker = Thread(target=self._work, name="voice", daemon=True)
        self.worker.start()

    def tell(self, happening: RunEvent) -> None:
        """Let it wait for its turn, or pre-empt what is in the air; never blocks."""
        now = self.now()
        with self.changed:
            if self.turns.tell(happening, now):
                self.cut.set()
            is_ready = isinstance(happening, Notice) and happening.kind == "ready" and not self.turns.is_muted
            self.is_wanted |= self.turns.has_words or is_ready
            self.changed.notify_all()
        if isinstance(happening, Sentence) and happening.kind in ("scene", "change"):
            self._watch_pace(now - happening.frame.seen_at)

    def finish(self, stop: Event, limit_s: float = 15.0) -> None:
        """Wait until the last words are spoken, or until `stop` is set; at most `limit_s` for what is not urgent."""
        until = time.monotonic() + limit_s
        with self.changed:
            while self.turns.has_words and not stop.is_set():
                if time.monotonic() > until and not self.turns.is_urgent:
                    return
                self.changed.wait(0.05)

    def close(self) -> None:
        """Silence, at once."""
        self._stop()
        self.worker.join(JOIN_S)

    def _stop(self) -> None:
        with self.changed:
            self.turns.close()
            self.cut.set()
            self.changed.notify_all()

    def _work(self) -> None:
        try:
            if self._is_wanted():
                self.engine.open()
            while said := self._next():
                self._speak(said)
        except OutputError as failure:
            self._give_up(failure)
        except OSError as failure:
            reason = failure.strerror or str(failure)
            self._give_up(OutputError(f"The voice failed: {reason}.", "see whether the disk is full; then start again"))
        finally:
            self._stop()
            self.engine.close()

    def _is_wanted(self) -> bool:
        """Wait until it is; not if it is over before."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_wanted or self.turns.is_over)
            return not self.turns.is_over

    def _next(self) -> Utterance | None:
        """The next, as soon as there is one; None at the end."""
        with self.changed:
            self.turns.end()
            self.changed.notify_all()
            while not self.turns.is_over:
                is_hushed = self.ear is not None and self.ear.is_hushed()
                if said := self.turns.begin(self.now(), is_hushed=is_hushed):
                    self.cut.clear()
                    return said
                self.changed.wait(HUSHED_S if is_hushed else WAIT_S)
        return None

    def _speak(self, said: Utterance) -> None:
        if self.ear is None:
            return self.engine.speak(said.text, self.cut)
        self.ear.voice_speaks(True)
        try:
            return self.engine.speak(said.text, self.cut)
        finally:
            self.ear.voice_speaks(False)

    def _give_up(self, failure: OutputError) -> None:
        self._stop()
        with self.changed:
            self.turns.end()
        words = f"The voice is silent now: {failure.message}"
        self.warn(Notice("voice", words, f"{failure.hint}; or go without: --no-speak"))

    def _watch_pace(self, age_s: float) -> None:
        """Tell when all of it comes too late: a silent voice must not look as if there were nothing to say."""
        self.slow = self.slow + 1 if age_s > self.turns.age_limit_s else 0
        if self.slow == SLOW:
            limit = f"{self.turns.age_limit_s:g} s"
            words = f"Descriptions take longer than {limit}, so they are too old to be spoken: they are only shown."
            self.warn(Notice("voice", words, "Take a smaller model: ./run.sh models"))
