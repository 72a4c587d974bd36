"""Voice activity detection for `--hush`: is anyone speaking in the room? Only sound levels are kept, for 3 s.

Speech is detected where the level is well above the room's noise for a while. The noise is the quietest moment of
the last seconds, as in Martin, "Noise Power Spectral Density Estimation Based on Optimal Smoothing and Minimum
Statistics" (2001): speech has gaps, a fan has none. Music that has gaps is taken for speech.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

import numpy as np
from numpy.typing import NDArray

from app.audio.playback import PORTAUDIO_LOCK, portaudio
from app.errors import OutputError
from app.events import Banner, Notice, RunEvent

# Detection on levels, in dB of full scale. No microphone, no clock.

SILENCE_DB = -120.0
"""The lowest level."""
BLOCK_S = 0.05
"""Seconds of sound in a block, which has one level."""
ABOVE_NOISE_DB, LOWEST_DB = 10.0, -55.0
"""How far speech is above the room's noise, and how loud at least, even in a silent room."""
BELOW_PEAK_DB = 15.0
"""A block this far below the loudest of the last second is a decay: a door's reverberation is not speech."""
LOUD_BLOCKS, WITHIN_BLOCKS = 4, 8
"""Speech is so many loud blocks among so many: 0.2 s within 0.4 s."""
HOLD_BLOCKS = 20
"""Blocks without speech until it counts as over: 1.0 s."""
PEAK_BLOCKS, NOISE_BLOCKS = 20, 60
"""Blocks searched for the loudest of the last second, and for the room's noise."""
ECHO_DB = 6.0
"""How far a person must be above the echo of our own voice."""
ECHO_BLOCKS = 20
"""Audible blocks of our own voice from which the echo's level is first learned: 1.0 s without detection."""
ECHO_RISE_DB, ECHO_FALL_DB = 0.1, 0.005
"""How far a block moves the echo's level later. They balance at the 95th percentile: one block in twenty is above."""
TAIL_BLOCKS = 6
"""Blocks for which our own voice lasts after its end, in the room and in the sound card: 0.3 s."""


@dataclass(slots=True)
class Echo:
    """The level at which our own voice comes back."""

    level: float = SILENCE_DB
    blocks: int = 0
    """How many it was learned from, up to `ECHO_BLOCKS`."""

    def learn(self, level: float, threshold: float) -> None:
        """Learn from a block of our own voice; at first, only from one louder than the room."""
        if self.blocks == ECHO_BLOCKS:
            self.level += ECHO_RISE_DB if level > self.level else -ECHO_FALL_DB
        elif level >= threshold:
            self.level, self.blocks = max(self.level, level), self.blocks + 1

    def is_exceeded_by(self, level: float) -> bool:
        return self.blocks == ECHO_BLOCKS and level > self.level + ECHO_DB


@dataclass(slots=True)
class VoiceActivityDetector:
    """Detects speech in the levels of successive blocks."""

    is_speech: bool = field(default=False, init=False)
    """Whether anyone is speaking."""
    levels: deque[float] = field(default_factory=lambda: deque(maxlen=NOISE_BLOCKS), init=False)
    loud: deque[bool] = field(default_factory=lambda: deque(maxlen=WITHIN_BLOCKS), init=False)
    """Whether each of the last blocks was loud."""
    echo: Echo = field(default_factory=Echo, init=False)
    since_speech: int = field(default=HOLD_BLOCKS, init=False)
    """Blocks since the last speech."""
    is_own_voice: bool = field(default=False, init=False)
    tail: int = field(default=0, init=False)
    """Blocks left in which our own voice may still be heard after its end."""

    def set_own_voice(self, is_speaking: bool) -> None:
        """Our own voice begins or has ended."""
        self.is_own_voice, self.tail = is_speaking, TAIL_BLOCKS

    def add(self, level: float) -> None:
        """Take in the next block's level."""
        self.levels.append(level)
        self.loud.append(self.is_loud(level))
        self.since_speech = 0 if sum(self.loud) >= LOUD_BLOCKS else self.since_speech + 1
        self.is_speech = self.since_speech < HOLD_BLOCKS

    def is_loud(self, level: float) -> bool:
        """Whether the newest block is as loud as a person speaking in this room."""
        threshold, peak = max(min(self.levels) + ABOVE_NOISE_DB, LOWEST_DB), max(list(self.levels)[-PEAK_BLOCKS:])
        is_loud = level >= threshold and level >= peak - BELOW_PEAK_DB
        if not (self.is_own_voice or self.tail):
            return is_loud
        self.tail = self.tail if self.is_own_voice else self.tail - 1
        is_above_echo = self.echo.is_exceeded_by(level)
        self.echo.learn(level, threshold)
        return is_loud and is_above_echo


# The microphone

STALE_S = 0.5
"""A microphone that has delivered nothing for so long detects no speech."""
NO_SOUND_S = 3.0
"""After so long with nothing, or with nothing but zeros, a notice says so. macOS gives zeros without permission."""
POLL_S = 0.2
"""How often that is checked."""
JOIN_S = 2.0
HINT = "Connect one; on a Mac, allow it in System Settings, Privacy & Security, Microphone"
BlockCallback = Callable[[NDArray[np.float32], int, object, object], None]
"""Called with a block, (n, 1), float32, and its length, time and flags."""


@contextmanager
def open_microphone(callback: BlockCallback) -> Iterator[None]:
    """A microphone whose blocks PortAudio passes to `callback`; a blocking read would hang once it is unplugged.

    Raises:
        OutputError: PortAudio or the microphone is missing.
    """
    sound = portaudio()
    try:
        with PORTAUDIO_LOCK:
            rate = sound.query_devices(kind="input")["default_samplerate"]
            stream = sound.InputStream(rate, round(rate * BLOCK_S), channels=1, dtype="float32", callback=callback)
            stream.start()
    except (sound.PortAudioError, ValueError) as failure:
        raise OutputError(f"No microphone ({failure})", HINT) from failure
    try:
        yield
    finally:
        stream.abort()  # without the lock: an unplugged one may not return, and others want to speak
        with PORTAUDIO_LOCK:
            stream.close()


class Microphone:
    """Listens on a thread of its own."""

    def __init__(
        self,
        warn: Callable[[Notice], None],
        open_stream: Callable[[BlockCallback], AbstractContextManager[None]] = open_microphone,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`warn` is called once, if nothing can be heard; then no speech is detected."""
        self.warn, self.open_stream, self.now = warn, open_stream, now
        self.banner = Banner("hush")
        self.detector, self.lock = VoiceActivityDetector(), Lock()
        self.block_at = self.sound_at = now()
        """Monotonic seconds of the last block, and of the last that was not all zeros."""
        self.is_closed = Event()
        self.thread = Thread(target=self._work, name="microphone", daemon=True)
        self.thread.start()

    def is_hushed(self) -> bool:
        """Whether anyone is speaking, so that no utterance should begin."""
        with self.lock:
            return self.detector.is_speech and self.now() - self.block_at < STALE_S

    def set_own_voice(self, is_speaking: bool) -> None:
        """Our own voice begins or has ended."""
        with self.lock:
            self.detector.set_own_voice(is_speaking)

    def tell(self, event: RunEvent) -> None:
        """Nothing to do: a microphone is an output only so that it is closed with the others."""

    def close(self) -> None:
        self.is_closed.set()
        self.thread.join(JOIN_S)

    def _work(self) -> None:
        try:
            with self.open_stream(self._add_block):
                self._watch()
        except OutputError as failure:
            self._warn(failure.message, failure.hint)

    def _watch(self) -> None:
        """Until closed, also if nothing is heard: macOS may be asking for permission just now."""
        self.block_at = self.sound_at = self.now()
        has_warned = False
        while not self.is_closed.wait(POLL_S):
            if not has_warned and self.now() - self.sound_at > NO_SOUND_S:
                has_warned = True
                self._warn("No sound from the microphone", HINT)

    def _add_block(self, samples: NDArray[np.float32], _frames: int, _times: object, _flags: object) -> None:
        """Called by PortAudio's thread with (n, 1), float32."""
        level = level_of(samples)
        with self.lock:
            self.detector.add(level)
            self.block_at = self.now()
            self.sound_at = self.block_at if level > SILENCE_DB else self.sound_at

    def _warn(self, problem: str, hint: str) -> None:
        self.warn(Notice("hush", f"{problem}: --hush has no effect.", f"{hint}; or leave out --hush."))


def level_of(samples: NDArray[np.float32]) -> float:
    """Level of a block (n, 1), float32, in dB of full scale; at least `SILENCE_DB`."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(SILENCE_DB, 10 * math.log10(power)) if power > 0 else SILENCE_DB
