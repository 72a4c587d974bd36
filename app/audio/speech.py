"""Speech: a queue that decides what is spoken when, and the thread that speaks it.

One utterance is being spoken, one waits, the newest; nothing is spoken late. Alerts, answers and what a key has asked
for are urgent: they wait in line, are never late, lost or interrupted by each other, and interrupt descriptions and
notices. Only a mute interrupts them, and an alert is spoken once the mute is over.
"""

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Protocol

from app.audio.tts import SpeechEngine
from app.errors import OutputError
from app.events import Banner, Mute, Notice, Repeated, RunEvent, Sentence, VoiceToggled
from app.protocols import Output
from app.text import sanitize

SPOKEN_NOTICES = (
    *("camera lost", "camera ended", "camera back", "dark", "covered", "frozen", "blurred", "clear", "error"),
    *("hung", "outage", "answering", "waiting", "not switched"),
)
"""Kinds of notices that are spoken: whether camera and model work."""
REPLIES = ("keys", "verbosity", "going on", "nothing yet", "no answer")
"""Kinds of notices that reply to a key; they are spoken as answers are."""
DESCRIPTION, NOTICE, URGENT = 0, 1, 2
"""Priorities of utterances."""


# What is spoken when. No sound, no clock.


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words to be spoken."""

    text: str
    priority: int
    since: float
    """Monotonic seconds: when the described frame was seen; without a frame, when the event came."""
    is_answer: bool = False
    """The user has asked for it, so it is spoken in spite of a mute."""


@dataclass(slots=True)
class SpeechQueue:
    """Decides which utterance is spoken next."""

    age_limit_s: float = 6.0
    current: Utterance | None = field(default=None, init=False)
    """What is being spoken."""
    waiting: Utterance | None = field(default=None, init=False)
    urgent: deque[Utterance] = field(default_factory=deque, init=False)
    is_muted: bool = field(default=False, init=False)
    """Only answers are spoken (`Mute`)."""
    is_off: bool = field(default=False, init=False)
    """Nothing is spoken (`VoiceToggled`)."""
    is_closed: bool = field(default=False, init=False)

    @property
    def has_words(self) -> bool:
        """Whether anything is being spoken, or waits and may be."""
        return bool(self.current or self.waiting or self.next_urgent())

    @property
    def has_urgent_words(self) -> bool:
        """Whether anything urgent is being spoken, or waits and may be."""
        return bool((self.current and self.current.priority == URGENT) or self.next_urgent())

    def add(self, event: RunEvent, now: float) -> bool:
        """Queue what an event has to say, if anything; return whether the current utterance must be interrupted."""
        if isinstance(event, Mute):
            return self.mute() if event.is_on else self.unmute()
        if isinstance(event, VoiceToggled):
            return self.toggle(is_on=event.is_on)
        utterance = utterance_of(event, now)
        if utterance is None or self.is_closed or self.is_off:
            return False
        if utterance.priority == URGENT:
            return self.add_urgent(utterance)
        if not self.is_muted and self.may_replace_waiting(utterance, now):
            self.waiting = utterance
        return False

    def add_urgent(self, utterance: Utterance) -> bool:
        """Add to the end of the line, unless the same words are in it; return whether to interrupt."""
        if utterance.text not in [each.text for each in self.urgent]:
            self.urgent.append(utterance)
        return self.current is not None and self.current.priority < URGENT

    def next_urgent(self) -> Utterance | None:
        """The first in line that may be spoken; while muted, the first answer."""
        return next((each for each in self.urgent if each.is_answer or not self.is_muted), None)

    def may_replace_waiting(self, utterance: Utterance, now: float) -> bool:
        return self.waiting is None or utterance.priority >= self.waiting.priority or self.is_late(self.waiting, now)

    def mute(self) -> bool:
        """Drop all but alerts, which wait until the mute is over, the interrupted one too."""
        self.is_muted, self.waiting = True, None
        line = [each for each in (self.current, *self.urgent) if each and each.priority == URGENT]
        alerts = [each for each in line if not each.is_answer and not self.is_closed]
        self.urgent = deque({each.text: each for each in alerts}.values())
        return self.current is not None

    def unmute(self) -> bool:
        self.is_muted = False
        return False

    def toggle(self, *, is_on: bool) -> bool:
        """Switch speech on or off; either way, what waited is dropped."""
        self.is_off, self.waiting = not is_on, None
        self.urgent.clear()
        return self.is_off and self.current is not None

    def start_next(self, now: float, *, is_hushed: bool = False) -> Utterance | None:
        """Make the next utterance the current one and return it; None if there is none.

        `is_hushed`: someone is speaking in the room, so only what is urgent may begin.
        """
        if self.waiting and self.is_late(self.waiting, now):
            self.waiting = None
        if urgent := self.next_urgent():
            self.urgent.remove(urgent)
            self.current = urgent
        elif self.waiting and not is_hushed:
            self.current, self.waiting = self.waiting, None
        return self.current

    def end_current(self) -> None:
        """The current utterance has been spoken or interrupted."""
        self.current = None

    def close(self) -> None:
        """Start nothing any more."""
        self.is_closed, self.waiting = True, None
        self.urgent.clear()

    def is_late(self, utterance: Utterance, now: float) -> bool:
        return utterance.priority < URGENT and now - utterance.since > self.age_limit_s


def utterance_of(event: RunEvent, now: float) -> Utterance | None:
    """What an event has to say, if anything."""
    match event:
        case Repeated():
            return Utterance(speakable(event.sentence.text), URGENT, now, is_answer=True)
        case Sentence():
            priority = URGENT if event.kind in ("alert", "answer") else DESCRIPTION
            is_answer = event.kind == "answer"
            return Utterance(speakable(event.text), priority, event.frame.seen_at, is_answer)
        case Notice() if event.kind in REPLIES:
            return Utterance(speakable(event.text), URGENT, now, is_answer=True)
        case Notice() if event.kind in SPOKEN_NOTICES:
            return Utterance(speakable(f"Notice: {event.text}"), NOTICE, now)
    return None


def speakable(text: str) -> str:
    """Without `[[`, after which `say` and espeak-ng expect a command."""
    return re.sub(r"\[(?=\[)", "[ ", sanitize(text))


# The thread that speaks

JOIN_S = 5.0
POLL_S, HUSHED_POLL_S = 1.0, 0.1
"""How often an idle queue is looked at: for its end, and for the end of speech in the room."""
LATE_IN_A_ROW = 5
"""After so many descriptions that came too late to be spoken, a notice says so."""


class VoiceDetector(Output, Protocol):
    """Detects whether anyone is speaking in the room."""

    def is_hushed(self) -> bool:
        """Whether anyone is speaking, so that no utterance should begin."""
        ...

    def set_own_voice(self, is_speaking: bool) -> None:
        """Our own speech begins or has ended."""
        ...


class Speech:
    """Speaks on a thread of its own, which also opens and closes the engine."""

    def __init__(
        self,
        engine: SpeechEngine,
        warn: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
        age_limit_s: float = 6.0,
        detector: VoiceDetector | None = None,
    ) -> None:
        """`warn` is called once if the engine fails, which ends all speech, and once if descriptions keep coming late.

        `age_limit_s`: the greatest age of a frame, in seconds, at which its description may still begin to be spoken.
        """
        self.engine, self.warn, self.now, self.detector = engine, warn, now, detector
        self.banner = Banner(f"voice {engine.name}")
        self.queue = SpeechQueue(age_limit_s)
        self.changed = Condition()
        self.is_needed = False
        """Time to open the engine: there are words, or the model has been loaded. No two threads import MLX at once."""
        self.interrupt = Event()
        """Ends the current utterance."""
        self.late_in_a_row = 0
        self.thread = Thread(target=self._work, name="voice", daemon=True)
        self.thread.start()

    def tell(self, event: RunEvent) -> None:
        """Queue what an event has to say; never blocks."""
        now = self.now()
        with self.changed:
            if self.queue.add(event, now):
                self.interrupt.set()
            is_loaded = isinstance(event, Notice) and event.kind == "ready" and not self.queue.is_off
            self.is_needed |= self.queue.has_words or is_loaded
            self.changed.notify_all()
        if isinstance(event, Sentence) and event.kind in ("scene", "change"):
            self._count_late(now - event.frame.seen_at)

    def finish(self, stop: Event, limit_s: float = 15.0) -> None:
        """Wait until the last words are spoken or `stop` is set; for what is not urgent, `limit_s` at most."""
        give_up_at = time.monotonic() + limit_s
        with self.changed:
            while self.queue.has_words and not stop.is_set():
                if time.monotonic() > give_up_at and not self.queue.has_urgent_words:
                    return
                self.changed.wait(0.05)

    def close(self) -> None:
        """Fall silent at once."""
        self._stop()
        self.thread.join(JOIN_S)

    def _stop(self) -> None:
        with self.changed:
            self.queue.close()
            self.interrupt.set()
            self.changed.notify_all()

    def _work(self) -> None:
        try:
            if self._wait_until_needed():
                self.engine.open()
            while utterance := self._next():
                self._speak(utterance.text)
        except OutputError as failure:
            self._give_up(failure.message, failure.hint)
        except OSError as failure:  # no temporary file can be made
            self._give_up(failure.strerror or str(failure), "Free up disk space and restart")
        finally:
            self._stop()
            with self.changed:
                self.queue.end_current()
                self.changed.notify_all()
            self.engine.close()

    def _wait_until_needed(self) -> bool:
        """False if the run ends before."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_needed or self.queue.is_closed)
            return not self.queue.is_closed

    def _next(self) -> Utterance | None:
        """The next utterance, as soon as there is one; None at the end."""
        with self.changed:
            self.queue.end_current()
            self.changed.notify_all()
            while not self.queue.is_closed:
                is_hushed = self.detector is not None and self.detector.is_hushed()
                if utterance := self.queue.start_next(self.now(), is_hushed=is_hushed):
                    self.interrupt.clear()
                    return utterance
                self.changed.wait(HUSHED_POLL_S if is_hushed else POLL_S)
        return None

    def _speak(self, text: str) -> None:
        if self.detector is None:
            return self.engine.speak(text, self.interrupt)
        self.detector.set_own_voice(True)
        try:
            return self.engine.speak(text, self.interrupt)
        finally:
            self.detector.set_own_voice(False)

    def _give_up(self, problem: str, hint: str) -> None:
        self.warn(Notice("voice", f"Speech is off: {problem}.", f"{hint}, or use --no-speak."))

    def _count_late(self, age_s: float) -> None:
        """Say so if all descriptions come too late: silence must not look as if there were nothing to say."""
        self.late_in_a_row = self.late_in_a_row + 1 if age_s > self.queue.age_limit_s else 0
        if self.late_in_a_row == LATE_IN_A_ROW:
            text = f"Descriptions take longer than {self.queue.age_limit_s:g} s, so they are only shown, not spoken."
            self.warn(Notice("voice", text, "Use a smaller model: ./run.sh models"))
