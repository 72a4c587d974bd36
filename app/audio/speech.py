"""Who speaks when: one in the air, one waiting, the newest, urgent first, nothing late. Pure: no sound, no clock.

What is urgent, an alert, an answer, what a person wants to hear again, waits in a row: never late, never lost, never
cut by another. It cuts a description or a notice; nothing else does, but a person who wants silence. An alert outlasts
the silence: it is said afterwards.
"""

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Protocol

from app.audio.tts import Engine
from app.errors import OutputError
from app.events import Banner, Mute, Notice, Repeated, RunEvent, Sentence, VoiceToggled
from app.protocols import Output
from app.text import sanitize

SEEING = (
    *("camera lost", "camera ended", "camera back", "dark", "covered", "frozen", "blurred", "clear", "error"),
    *("hung", "outage", "answering", "waiting", "not switched"),
)
REPLIES = ("keys", "verbosity", "going on", "nothing yet", "no answer")
"""Notices that are spoken: whether camera and model work; and what answers a key, which is said as an answer is."""
SCENE, NOTICE, URGENT = 0, 1, 2
"""How urgent: what waits gives way to its equals and betters."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words to be spoken."""

    text: str
    urgency: int
    since: float
    """Monotonic seconds: when what it tells of was seen; of what tells of no frame, when it was told."""
    is_answer: bool = False
    """A person has asked for it: it is said in a silence, too."""


@dataclass(slots=True)
class Turns:
    """Gives every utterance its turn."""

    age_limit_s: float = 6.0
    in_air: Utterance | None = field(default=None, init=False)
    waiting: Utterance | None = field(default=None, init=False)
    urgent: deque[Utterance] = field(default_factory=deque, init=False)
    is_silent: bool = field(default=False, init=False)
    is_over: bool = field(default=False, init=False)
    is_muted: bool = field(default=False, init=False)
    """No voice is wanted at all."""

    @property
    def has_words(self) -> bool:
        """Whether anything is in the air, or waits and may be said."""
        return bool(self.in_air or self.waiting or self.next_urgent())

    @property
    def is_urgent(self) -> bool:
        """Whether something urgent is in the air, or waits and may be said."""
        return bool((self.in_air and self.in_air.urgency == URGENT) or self.next_urgent())

    def tell(self, happening: RunEvent, now: float) -> bool:
        """Take it in; return whether what is in the air is to be cut."""
        if isinstance(happening, Mute):
            return self.fall_silent() if happening.is_on else self.go_on()
        if isinstance(happening, VoiceToggled):
            return self.mute(is_wanted=happening.is_on)
        told = utterance(happening, now)
        if told is None or self.is_over or self.is_muted:
            return False
        if told.urgency == URGENT:
            return self.press(told)
        if not self.is_silent and self.gives_way(told, now):
            self.waiting = told
        return False

    def press(self, told: Utterance) -> bool:
        """To the end of the row, unless the same words are in it; urgent ones are not cut for it."""
        if told.text not in [each.text for each in self.urgent]:
            self.urgent.append(told)
        return self.in_air is not None and self.in_air.urgency < URGENT

    def next_urgent(self) -> Utterance | None:
        """The first in the row that may be said: in a silence, an answer."""
        return next((each for each in self.urgent if each.is_answer or not self.is_silent), None)

    def gives_way(self, told: Utterance, now: float) -> bool:
        return self.waiting is None or told.urgency >= self.waiting.urgency or self.is_late(self.waiting, now)

    def fall_silent(self) -> bool:
        """What was asked for is forgotten; an alert waits, the one that is cut too, until the silence is over."""
        self.is_silent, self.waiting = True, None
        row = [each for each in (self.in_air, *self.urgent) if each and each.urgency == URGENT and not each.is_answer]
        self.urgent = deque({each.text: each for each in row if not self.is_over}.values())
        return self.in_air is not None

    def mute(self, *, is_wanted: bool) -> bool:
        """Say nothing at all from now on, or speak again; what waited is past either way."""
        self.is_muted, self.waiting = not is_wanted, None
        self.urgent.clear()
        return self.is_muted and self.in_air is not None

    def go_on(self) -> bool:
        self.is_silent = False
        return False

    def begin(self, now: float, *, is_hushed: bool = False) -> Utterance | None:
        """What is to be spoken now, from then on in the air; None if nothing is.

        `is_hushed`: somebody speaks, so that only what is urgent may begin.
        """
        if self.waiting and self.is_late(self.waiting, now):
            self.waiting = None
        if urgent := self.next_urgent():
            self.urgent.remove(urgent)
            self.in_air = urgent
        elif self.waiting and not is_hushed:
            self.in_air, self.waiting = self.waiting, None
        return self.in_air

    def end(self) -> None:
        """What was in the air has been spoken or cut."""
        self.in_air = None

    def close(self) -> None:
        """Nothing more is said."""
        self.is_over, self.waiting = True, None
        self.urgent.clear()

    def is_late(self, told: Utterance, now: float) -> bool:
        return told.urgency < URGENT and now - told.since > self.age_limit_s


def utterance(happening: RunEvent, now: float) -> Utterance | None:
    """What is said of it, if anything."""
    match happening:
        case Repeated():
            return Utterance(sayable(happening.sentence.text), URGENT, now, is_answer=True)
        case Sentence():
            urgency = URGENT if happening.kind in ("alert", "answer") else SCENE
            is_answer = happening.kind == "answer"
            return Utterance(sayable(happening.text), urgency, happening.frame.seen_at, is_answer)
        case Notice() if happening.kind in REPLIES:
            return Utterance(sayable(happening.text), URGENT, now, is_answer=True)
        case Notice() if happening.kind in SEEING:
            return Utterance(sayable(f"Notice: {happening.text}"), NOTICE, now)
    return None


def sayable(text: str) -> str:
    """Without the `[[` that makes `say` and espeak-ng take what follows for a command."""
    return re.sub(r"\[(?=\[)", "[ ", sanitize(text))


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
