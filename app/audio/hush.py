"""Does somebody speak? Judged on how loud the microphone is, block after block. Pure: no microphone, no clock.

It knows levels and no words. Somebody speaks where it is well above the room's noise for a while; the room's noise is
the quietest moment of the last seconds, as in Martin, "Noise Power Spectral Density Estimation Based on Optimal
Smoothing and Minimum Statistics" (2001): speech has gaps, a fan has none. Music that has gaps is taken for speech.
"""

from collections import deque
from dataclasses import dataclass, field

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
