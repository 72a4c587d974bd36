"""Earcons: short, quiet sounds for events that need no words. Synthesised here; they differ in pitch and direction.

After Blattner, Sumikawa and Greenberg, "Earcons and Icons" (1989): one motive for each meaning, rising for what begins
and falling for what ends.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import OutputError
from app.events import Banner, Mute, Notice, QuestionDraft, RunEvent, Sentence
from app.threads import Worker

RATE = 48_000
"""Hz, the rate of most audio outputs."""
ATTACK_S = 0.01
"""A shorter one would click."""
CHANGE_INTERVAL_S = 3.0
"""Minimum time between two sounds for changes."""
CLOSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Earcon:
    """A tone that glides from one frequency to another."""

    begins_hz: float
    ends_hz: float
    lasts_s: float
    peak: float = 0.1
    """Of full scale, 1.0."""
    is_for_listening: bool = False
    """Played even while muted: the person who has begun a question waits for it."""

    def samples(self) -> NDArray[np.float32]:
        """The sound: (n,), float32, mono, at `RATE`; it begins and ends with silence."""
        count = round(self.lasts_s * RATE)
        hz = np.geomspace(self.begins_hz, self.ends_hz, count)
        phase = 2 * np.pi * (np.cumsum(hz) - hz[0]) / RATE
        return np.asarray(self.peak * np.sin(phase) * envelope(count), np.float32)


def envelope(count: int) -> NDArray[np.float64]:
    """The amplitude of each of `count` samples, 0 to 1: a soft attack, and a soft decay over all the rest."""
    attack = min(count // 2, round(ATTACK_S * RATE))
    rise = np.sin(np.linspace(0, np.pi / 2, attack)) ** 2
    fall = np.cos(np.linspace(0, np.pi / 2, count - attack)) ** 2
    return np.concatenate((rise, fall))


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


@dataclass(slots=True)
class EarconPicker:
    """Picks the earcon of an event, if it has one. No sound, no clock."""

    changed_at: float | None = field(default=None, init=False)
    is_asking: bool = field(default=False, init=False)
    is_muted: bool = field(default=False, init=False)

    def earcon(self, event: RunEvent, now: float) -> Earcon | None:
        """The event's earcon; call it for every event, with the time in seconds."""
        match event:
            case Mute():
                self.is_muted = event.is_on
                return None
            case QuestionDraft():
                return self.for_question(event)
            case _ if self.is_muted:
                return None
            case Notice():
                return NOTICES.get(event.kind)
            case Sentence(kind="change"):
                return self.for_change(now)
        return None

    def for_question(self, draft: QuestionDraft) -> Earcon | None:
        """One at the first letter of a question, one when it is over."""
        was_asking, self.is_asking = self.is_asking, not draft.is_over
        if was_asking == self.is_asking:
            return None
        return LISTENING if self.is_asking else HEARD

    def for_change(self, now: float) -> Earcon | None:
        if self.changed_at is not None and now - self.changed_at < CHANGE_INTERVAL_S:
            return None
        self.changed_at = now
        return CHANGED


class SamplePlayer(Protocol):
    """Plays samples, as `Player` does."""

    def play(self, samples: NDArray[np.float32], rate: int, stop: Event) -> None:
        """Play them to the end, or until `stop` is set.

        Raises:
            OutputError: there is no audio output.
        """
        ...


class Earcons:
    """Plays on a thread of its own: one at a time, and one waits, the newest."""

    def __init__(
        self, player: SamplePlayer, warn: Callable[[Notice], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`warn` is called once, if there is no sound."""
        self.player, self.warn, self.now = player, warn, now
        self.banner = Banner("earcons")
        self.picker, self.lock = EarconPicker(), Lock()
        self.stop = Event()
        self.has_warned = False
        self.worker = Worker("earcons", self._play, room=1, drop_oldest=True)

    def tell(self, event: RunEvent) -> None:
        """Queue the event's earcon, if it has one; never blocks."""
        with self.lock:
            if earcon := self.picker.earcon(event, self.now()):
                self.worker.put(earcon)
            elif self.picker.is_muted:
                self.worker.discard(lambda waiting: not waiting.is_for_listening)

    def close(self) -> None:
        """Fall silent at once."""
        self.stop.set()
        self.worker.close(CLOSE_S)

    def _play(self, earcon: Earcon) -> None:
        if self.stop.is_set():
            return
        try:
            self.player.play(earcon.samples(), RATE, self.stop)
        except OutputError as failure:  # a headset may be connected later
            if not self.has_warned:
                self.has_warned = True
                hint = f"{failure.hint}, or use --no-earcons."
                self.warn(Notice("earcons", f"No sound cues: {failure.message}.", hint))
