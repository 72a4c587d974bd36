"""`--hush`: listens through the microphone whether somebody speaks. Only levels are kept, for three seconds."""

import math
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

import numpy as np
from numpy.typing import NDArray

from app.flow import Banner, Happening, Notice
from app.outputs.hush import BLOCK_S, Hush

SILENCE_DB = -120.0
STALE_S = 0.5
"""A microphone that gives nothing for so long has nobody in front of it."""
LOST_S = 3.0
"""Without any sound, or with nothing but zeros: so a Mac gives the microphone to a program that may not use it."""
TICK_S = 0.2
"""Between two looks whether it still works."""
JOIN_S = 2.0
REMEDY = "on a Mac, allow it in System Settings, Privacy & Security, Microphone; or go without: leave out --hush"


class Microphone:
    """Hears on a thread of its own."""

    def __init__(self, warn: Callable[[Notice], None], now: Callable[[], float] = time.monotonic) -> None:
        """`warn` is told, once, that nothing can be heard; then nobody is ever said to speak."""
        self.warn, self.now = warn, now
        self.banner = Banner("hush")
        self.hush, self.lock = Hush(), Lock()
        self.heard_at = self.sounded_at = now()
        """When the last block came, and the last that was more than zeros; monotonic seconds."""
        self.has_warned = False
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

    def tell(self, happening: Happening) -> None:
        """It listens to the room, and to nothing that is told."""

    def close(self) -> None:
        self.over.set()
        self.worker.join(JOIN_S)

    def _work(self) -> None:
        try:
            self._listen()
        except Exception as failure:  # noqa: BLE001 — PortAudio is missing, or a device is, in one of many ways
            self._warn_once(str(failure))

    def _listen(self) -> None:
        """Until closed. PortAudio calls back: a read would hang with a microphone that has been unplugged.

        Raises:
            OSError: PortAudio is missing.
            sounddevice.PortAudioError: there is no microphone.
        """
        import sounddevice

        rate = sounddevice.query_devices(kind="input")["default_samplerate"]
        block = round(rate * BLOCK_S)
        with sounddevice.InputStream(rate, block, channels=1, dtype="float32", callback=self._heard):
            self.heard_at = self.sounded_at = self.now()
            while not self.over.wait(TICK_S):
                if self.now() - self.sounded_at > LOST_S:
                    self._warn_once("it gives no sound at all")

    def _heard(self, samples: NDArray[np.float32], _frames: int, _times: object, _flags: object) -> None:
        """PortAudio's thread has a block: (n, 1), float32."""
        level = level_of(samples)
        with self.lock:
            self.hush.heard(level)
            self.heard_at = self.now()
            self.sounded_at = self.heard_at if level > SILENCE_DB else self.sounded_at

    def _warn_once(self, reason: str) -> None:
        if not (self.has_warned or self.over.is_set()):
            self.has_warned = True
            self.warn(Notice("hush", f"Nobody can be heard, the microphone failed: {reason}.", REMEDY))


def level_of(samples: NDArray[np.float32]) -> float:
    """dB of full scale of a block (n, 1), float32; `SILENCE_DB` at least."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(SILENCE_DB, 10 * math.log10(power)) if power > 0 else SILENCE_DB
