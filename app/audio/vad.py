"""`--hush`: listens through the microphone whether somebody speaks. Only levels are kept, for three seconds."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.audio.hush import BLOCK_S, Hush
from app.audio.playback import DOOR, portaudio
from app.errors import OutputError
from app.events import Banner, Notice, RunEvent

if TYPE_CHECKING:
    import sounddevice

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
