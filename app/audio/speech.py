"""Who speaks when: one in the air, one waiting, the newest, urgent first, nothing late. Pure: no sound, no clock.

What is urgent, an alert, an answer, what a person wants to hear again, waits in a row: never late, never lost, never
cut by another. It cuts a description or a notice; nothing else does, but a person who wants silence. An alert outlasts
the silence: it is said afterwards.
"""

import re
from collections import deque
from dataclasses import dataclass, field

from app.events import Mute, Notice, Repeated, RunEvent, Sentence, VoiceToggled
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
