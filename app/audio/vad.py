"""Does somebody speak? Judged on how loud the microphone is, block after block. Pure: no microphone, no clock.

It knows levels and no words. Somebody speaks where it is well above the room's noise for a while; the room's noise is
the quietest moment of the last seconds, as in Martin, "Noise Power Spectral Density Estimation Based on Optimal
Smoothing and Minimum Statistics" (2001): speech has gaps, a fan has none. Music that has gaps is taken for speech.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.audio.playback import DOOR, portaudio
from app.errors import OutputError
from app.events import Banner, Notice, RunEvent

if TYPE_CHECKING:
    import sounddevice

BLOCK_S = 0.05
"""Seconds of sound that one level is of."""
ABOVE_DB, AT_LEAST_DB = 10.0, -55.0
"""How far speech is above the room's noise; how loud it is in a room without any, in dB of full scale."""
BELOW_PEAK_DB = 15.0
"""What is further below the loudest of the last second is the end of something: a door's echo is no speech."""
BEGINS, WITHIN = 4, 8
"""So many loud blocks among so many: 0.2 s of speech within 0.4 s."""
OVER = 20
"""Blocks since then after which it is over: 1.0 s."""
SECOND, NOISE = 20, 60
"""Blocks in which the loudest of the last second, and the room's noise, are looked for."""
ECHO_DB = 6.0
"""How far somebody is above our own voice as it comes back."""
ECHO_BLOCKS = 20
"""Of our own voice, audible, from which its first loudness is learned: 1.0 s, in which nobody else is heard."""
ECHO_RISES, ECHO_FALLS = 0.1, 0.005
"""What a block teaches later, in dB: one block in twenty is above what that comes to, the 95th percentile."""
TAIL = 6
"""Blocks for which our own voice is still in the room after its end, and in the sound card: 0.3 s."""


@dataclass(slots=True)
class Echo:
    """How loud our own voice comes back."""

    level: float = -120.0
    """dB of full scale."""
    blocks: int = 0
    """From which it was learned, up to `ECHO_BLOCKS`."""

    def learn(self, level: float, threshold: float) -> None:
        """From a block of our own voice; at first, what is no louder than the room says nothing of it."""
        if self.blocks == ECHO_BLOCKS:
            self.level += ECHO_RISES if level > self.level else -ECHO_FALLS
        elif level >= threshold:
            self.level, self.blocks = max(self.level, level), self.blocks + 1

    def is_topped(self, level: float) -> bool:
        return self.blocks == ECHO_BLOCKS and level > self.level + ECHO_DB


@dataclass(slots=True)
class Hush:
    """Listens, block after block."""

    is_somebody_speaking: bool = field(default=False, init=False)
    levels: deque[float] = field(default_factory=lambda: deque(maxlen=NOISE), init=False)
    """dB of full scale, of the last seconds."""
    loud: deque[bool] = field(default_factory=lambda: deque(maxlen=WITHIN), init=False)
    echo: Echo = field(default_factory=Echo, init=False)
    since: int = field(default=OVER, init=False)
    """Blocks since somebody spoke."""
    is_own_voice: bool = field(default=False, init=False)
    tail: int = field(default=0, init=False)
    """Blocks for which our own voice is still to be reckoned with, after its end."""

    def voice_speaks(self, is_speaking: bool) -> None:
        """Our own voice begins, or has come to its end."""
        self.is_own_voice, self.tail = is_speaking, TAIL

    def heard(self, level: float) -> None:
        """The next block of `BLOCK_S`, in dB of full scale."""
        self.levels.append(level)
        self.loud.append(self.is_loud(level))
        self.since = 0 if sum(self.loud) >= BEGINS else self.since + 1
        self.is_somebody_speaking = self.since < OVER

    def is_loud(self, level: float) -> bool:
        """Whether this block, the last, is as loud as somebody who speaks here."""
        threshold, peak = max(min(self.levels) + ABOVE_DB, AT_LEAST_DB), max(list(self.levels)[-SECOND:])
        is_loud = level >= threshold and level >= peak - BELOW_PEAK_DB
        if not (self.is_own_voice or self.tail):
            return is_loud
        self.tail = self.tail if self.is_own_voice else self.tail - 1
        is_topped = self.echo.is_topped(level)
        self.echo.learn(level, threshold)
        return is_loud and is_topped


SILENCE_DB = -120.0
STALE_S = 0.5
"""A microphone that gives nothing for so long has nobody in front of it."""
LOST_S = 3.0
"""Without any sound, or with nothing but zeros: so a Mac gives the microphone to a program that may not use it."""
TICK_S = 0.2
"""Between two looks whether it still works."""
JOIN_S = 2.0
REMEDY = "Connect one; on a Mac, allow it in System Settings, Privacy & Security, Microphone"
Heard = Callable[[NDArray[np.float32], int, object, object], None]
"""Takes a block: (n, 1), float32; how many, when, and what went wrong."""


@contextmanager
def listening(heard: Heard) -> Iterator[None]:
    """A microphone that hands its blocks to `heard`. PortAudio calls: a read would hang once it is unplugged.

    Raises:
        OutputError: PortAudio or the microphone is missing.
    """
    stream = start(heard)
    try:
        yield
    finally:
        stream.abort()  # not behind the door: one that has been unplugged may not let go, and others want to speak
        with DOOR:
            stream.close()


def start(heard: Heard) -> "sounddevice.InputStream":
    sound = portaudio()
    try:
        with DOOR:
            rate = sound.query_devices(kind="input")["default_samplerate"]
            block = round(rate * BLOCK_S)
            stream = sound.InputStream(rate, block, channels=1, dtype="float32", callback=heard)
            stream.start()
    except (sound.PortAudioError, ValueError) as failure:
        raise OutputError(f"There is no microphone: {failure}.", REMEDY) from failure
    return stream


class Microphone:
    """Hears on a thread of its own."""

    def __init__(
        self,
        warn: Callable[[Notice], None],
        opened: Callable[[Heard], AbstractContextManager[None]] = listening,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`warn` is told, once, that nothing can be heard; then nobody is said to speak."""
        self.warn, self.opened, self.now = warn, opened, now
        self.banner = Banner("hush")
        self.hush, self.lock = Hush(), Lock()
        self.heard_at = self.sounded_at = now()
        """When the last block came, and the last that was more than zeros; monotonic seconds."""
        self.over = Event()
        self.worker = Thread(target=self._work, name="microphone", daemon=True)
        self.worker.start()

    def is_hushed(self) -> bool:
        """Whether somebody speaks, so that no utterance is to begin."""
        with self.lock:
            return self.hush.is_somebody_speaking and self.now() - self.heard_at < STALE_S

    def voice_speaks(self, is_speaking: bool) -> None:
        """Our own voice begins, or has come to its end."""
        with self.lock:
            self.hush.voice_speaks(is_speaking)

    def tell(self, happening: RunEvent) -> None:
        """It listens to the room, and to nothing that is told."""

    def close(self) -> None:
        self.over.set()
        self.worker.join(JOIN_S)

    def _work(self) -> None:
        try:
            with self.opened(self._heard):
                self._watch()
        except OutputError as failure:
            self._warn(failure)

    def _watch(self) -> None:
        """Until closed. What gives no sound is listened to all the same: a Mac may only now ask for permission."""
        self.heard_at = self.sounded_at = self.now()
        has_warned = False
        while not self.over.wait(TICK_S):
            if not has_warned and self.now() - self.sounded_at > LOST_S:
                has_warned = True
                self._warn(OutputError("The microphone gives no sound at all.", REMEDY))

    def _heard(self, samples: NDArray[np.float32], _frames: int, _times: object, _flags: object) -> None:
        """PortAudio's thread has a block: (n, 1), float32."""
        level = level_of(samples)
        with self.lock:
            self.hush.heard(level)
            self.heard_at = self.now()
            self.sounded_at = self.heard_at if level > SILENCE_DB else self.sounded_at

    def _warn(self, failure: OutputError) -> None:
        hint = f"{failure.hint}; or go without it: leave out --hush"
        self.warn(Notice("hush", f"Nobody can be heard, so nobody hushes the voice. {failure.message}", hint))


def level_of(samples: NDArray[np.float32]) -> float:
    """dB of full scale of a block (n, 1), float32; `SILENCE_DB` at least."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(SILENCE_DB, 10 * math.log10(power)) if power > 0 else SILENCE_DB
