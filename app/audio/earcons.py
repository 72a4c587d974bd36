"""Earcons: short, quiet sounds for what needs no words. Synthesised here; told apart by pitch and direction.

After Blattner, Sumikawa and Greenberg, "Earcons and Icons" (1989): one motive a meaning, rising for what begins and
falling for what ends.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import OutputError
from app.events import Banner, Mute, Notice, QuestionDraft, RunEvent, Sentence

RATE = 48_000
"""Samples a second, as most loudspeakers have it."""
ATTACK_S = 0.01
"""Shorter, it would click."""
CHANGED_S = 3.0
"""Between two sounds for changes, at least."""
JOIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Earcon:
    """One glide."""

    begins_hz: float
    ends_hz: float
    lasts_s: float
    peak: float = 0.1
    """Of full scale, 1.0."""
    is_for_listening: bool = False
    """Heard even while silence is wanted: the person who wants it waits for it."""

    def samples(self) -> NDArray[np.float32]:
        """The sound: (n,), float32, mono, `RATE` a second; it begins and ends with silence."""
        count = round(self.lasts_s * RATE)
        hz = np.geomspace(self.begins_hz, self.ends_hz, count)
        phase = 2 * np.pi * (np.cumsum(hz) - hz[0]) / RATE
        return np.asarray(self.peak * np.sin(phase) * envelope(count), np.float32)


READY = Earcon(392, 784, 0.15)
LOOKING = Earcon(330, 330, 0.04, peak=0.04)
CHANGED = Earcon(660, 660, 0.07, peak=0.08)
LOST = Earcon(587, 294, 0.15)
LISTENING = Earcon(880, 1320, 0.09, is_for_listening=True)
HEARD = Earcon(1320, 880, 0.09, is_for_listening=True)

NOTICES = {
    "ready": READY,
    "looking": LOOKING,
    "nothing new": LOOKING,
    **dict.fromkeys(("camera lost", "camera ended", "dark", "covered", "frozen"), LOST),
}


def envelope(count: int) -> NDArray[np.float64]:
    """How loud each of `count` samples is, 0 to 1: a soft attack, and a soft decay over all the rest."""
    attack = min(count // 2, round(ATTACK_S * RATE))
    rise = np.sin(np.linspace(0, np.pi / 2, attack)) ** 2
    fall = np.cos(np.linspace(0, np.pi / 2, count - attack)) ** 2
    return np.concatenate((rise, fall))


@dataclass(slots=True)
class Score:
    """Which earcon a happening has, if any. No sound, no clock of its own."""

    changed_at: float | None = field(default=None, init=False)
    is_asking: bool = field(default=False, init=False)
    is_silent: bool = field(default=False, init=False)

    def earcon(self, happening: RunEvent, now: float) -> Earcon | None:
        """To be asked of every happening; `now` is in seconds."""
        match happening:
            case Mute():
                self.is_silent = happening.is_on
                return None
            case QuestionDraft():
                return self.asked(happening)
            case _ if self.is_silent:
                return None
            case Notice():
                return NOTICES.get(happening.kind)
            case Sentence(kind="change"):
                return self.changed(now)
        return None

    def asked(self, asking: QuestionDraft) -> Earcon | None:
        """At the first letter of a question, and once it is over."""
        was_asking, self.is_asking = self.is_asking, not asking.is_over
        if was_asking == self.is_asking:
            return None
        return LISTENING if self.is_asking else HEARD

    def changed(self, now: float) -> Earcon | None:
        if self.changed_at is not None and now - self.changed_at < CHANGED_S:
            return None
        self.changed_at = now
        return CHANGED


class Sounds(Protocol):
    """What makes sound of samples."""

    def play(self, samples: NDArray[np.float32], rate: int, until: Event) -> None:
        """Play them to the end, or until `until` is set.

        Raises:
            OutputError: there is no loudspeaker.
        """
        ...


class Earcons:
    """Plays on a thread of its own: one sounds, one waits, the newest."""

    def __init__(
        self, player: Sounds, warn: Callable[[Notice], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`warn` is told, once, that there is no sound."""
        self.player, self.warn, self.now = player, warn, now
        self.banner = Banner("earcons")
        self.score = Score()
        self.changed = Condition()
        self.waiting: Earcon | None = None
        self.over = Event()
        self.has_warned = False
        self.worker = Thread(target=self._work, name="earcons", daemon=True)
        self.worker.start()

    def tell(self, happening: RunEvent) -> None:
        """Let its earcon sound next, if it has one; never blocks."""
        with self.changed:
            if found := self.score.earcon(happening, self.now()):
                self.waiting = found
                self.changed.notify()
            elif self.score.is_silent and self.waiting and not self.waiting.is_for_listening:
                self.waiting = None

    def close(self) -> None:
        """Silence, at once."""
        self.over.set()
        with self.changed:
            self.changed.notify()
        self.worker.join(JOIN_S)

    def _work(self) -> None:
        while earcon := self._next():
            try:
                self.player.play(earcon.samples(), RATE, self.over)
            except OutputError as failure:  # it may come back: a headset does
                self._warn_once(failure)

    def _next(self) -> Earcon | None:
        """The newest, as soon as there is one; None at the end."""
        with self.changed:
            while self.waiting is None and not self.over.is_set():
                self.changed.wait()
            earcon, self.waiting = self.waiting, None
        return None if self.over.is_set() else earcon

    def _warn_once(self, failure: OutputError) -> None:
        if not self.has_warned:
            self.has_warned = True
            hint = f"{failure.hint}; or go without them: --no-earcons"
            self.warn(Notice("earcons", f"There are no earcons: {failure.message}", hint))
