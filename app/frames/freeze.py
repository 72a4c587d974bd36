"""Frozen pictures: a sensor's noise never stands still, so a picture that does is a repeated one.

Scenes without noise, and clips whose encoder leaves most of a picture as it was, stand still too: so it must have been
noise that stopped, its grain must still be in the picture, and never before may it have stopped for nearly as long.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from app.frames.block_stats import BlockStats
from app.images import Pixels

LONG_S = 2.0
LIVELY_S = 3.0
"""Media seconds of noise without which nothing is known of a camera."""

OTHER = 12.0
"""Levels by which a part of a picture must differ from what it was for it to be another."""


@dataclass(slots=True)
class Stillness:
    """Learns how a camera's pictures change by themselves."""

    before: Pixels | None = field(default=None, init=False)
    seen_s: float = field(default=0.0, init=False)
    """When `before` was seen, in media seconds."""
    usual: float = field(default=0.0, init=False)
    """Share of the values that differ from one look to the next."""
    grain: float = field(default=0.0, init=False)
    """Of the pictures with noise."""
    lively_s: float = field(default=0.0, init=False)
    """For how long there has been noise."""
    since: float | None = field(default=None, init=False)
    """When the picture came to stand still, in media seconds."""
    longest_s: float = field(default=0.0, init=False)
    """For how long it has stood still before without being frozen."""
    is_frozen: bool = field(default=False, init=False)
    lively: BlockStats | None = field(default=None, init=False)
    """The last picture with noise."""
    frozen: BlockStats | None = field(default=None, init=False)
    """The picture when it was found to be frozen."""
    blips: int = field(default=0, init=False)
    """Looks that have changed since: an encoder may paint a still picture anew."""

    def judge(self, look: Pixels, now: BlockStats) -> bool:
        """Whether the picture is frozen."""
        before, self.before = self.before, look
        passed, self.seen_s = now.at - self.seen_s, now.at
        if before is None or before.shape != look.shape or passed < 0:
            self.since, self.is_frozen = None, False
            return False
        if self.is_frozen and self.shows_another_scene(now):
            self.reset()
        step: Pixels = np.asarray(cv2.absdiff(look, before), np.uint8)
        share = cv2.countNonZero(step.reshape(-1)) / step.size
        if share <= max(0.003, self.usual / 8):
            self.note_still(now)
        else:
            self.note_motion(now)
            self.learn_noise(step, sum(cv2.mean(look)) - sum(cv2.mean(before)), now, passed)
        return self.is_frozen

    def note_still(self, now: BlockStats) -> None:
        """Count a picture that is the same as the one before."""
        self.blips = 0
        if self.since is None:
            self.since = now.at
        still_s = now.at - self.since
        is_same = now.grain >= 0.9 * self.grain and not is_another(now, self.lively)
        if self.lively_s >= LIVELY_S and is_same and still_s >= max(LONG_S, 4 * self.longest_s):
            if not self.is_frozen:
                self.frozen = now
            self.is_frozen = True

    def shows_another_scene(self, now: BlockStats) -> bool:
        """Whether the picture that stood still has given way to another that does: a screen, say, and no camera."""
        return is_another(now, self.frozen)

    def reset(self) -> None:
        """Forget what was learned from another kind of picture."""
        self.since, self.is_frozen = None, False
        self.lively_s = self.longest_s = 0.0

    def note_motion(self, now: BlockStats) -> None:
        """Count a picture that is another; not yet another scene if it stood for a second and only blinks."""
        self.blips += 1
        if self.since is None or (self.blips < 3 and now.at - self.since > 1):
            return
        if not self.is_frozen:
            self.longest_s = max(self.longest_s, now.at - self.since)
        self.since, self.is_frozen = None, False

    def learn_noise(self, step: Pixels, lighter: float, now: BlockStats, passed: float) -> None:
        """Noise is everywhere, and as often lighter as darker; movement is not, nor is flicker."""
        share = cv2.countNonZero(step.reshape(-1)) / step.size
        is_balanced = abs(lighter) < 0.3 * sum(cv2.mean(step))
        differs = (step[::5, ::5] > 0).any(axis=2)
        quarters = [quarter for rows in np.array_split(differs, 2) for quarter in np.array_split(rows, 2, axis=1)]
        is_everywhere = min(np.count_nonzero(quarter) for quarter in quarters) > 0.5 * np.count_nonzero(differs) / 4
        if self.since is None and share > 0.05 and is_balanced and is_everywhere:
            self.lively, self.lively_s = now, self.lively_s + min(passed, 0.5)
            self.usual += (share - self.usual) / min(30, 1 + self.lively_s * 15)
            self.grain += (now.grain - self.grain) / min(30, 1 + self.lively_s * 15)


def is_another(now: BlockStats, old: BlockStats | None) -> bool:
    return old is not None and float(np.abs(now.blocks - old.blocks).max()) > OTHER
