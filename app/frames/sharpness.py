"""Blur: the same scene as before, with its fine detail gone.

Compared part by part with the sharpest that this camera has shown of the scene: a lens that was always soft is not
blurred, and a scene that gives way to one with less detail is another scene.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frames.block_stats import COLUMNS, ROWS, Blocks, BlockStats

LOST, FOUND = 0.35, 0.6
"""Shares of the edges' energy: a Gaussian of 1 % of the height leaves 0.15 to 0.3 of it."""
CLEAR_EDGE = 100.0
"""Squared levels of a block; weaker edges are not judged by, nor those that are lost in noise."""
FADING, STEP = 0.85, 0.02
"""What a look leaves of the edges before it; how far one moves the usual ones: by steps alone they find the median."""
ENOUGH = 5
"""Blocks with clear edges; fewer say nothing of the lens."""
OTHER_SCENE = 6
"""Looks after which a part that has changed belongs to another scene."""


def none() -> Blocks:
    return np.zeros((ROWS, COLUMNS), np.float32)


@dataclass(slots=True)
class Sharpness:
    """Compares each part of the scene with the sharpest picture of it."""

    is_lost: bool = field(default=False, init=False)
    scene: Blocks | None = field(default=None, init=False)
    """In quarters of blocks."""
    edges: Blocks = field(default_factory=none, init=False)
    """As they were at their sharpest in the last moments: an encoder, or a shake, spoils one look and not the next."""
    most: Blocks = field(default_factory=none, init=False)
    """As they were in half of the looks at the scene."""
    noise: float = field(default=0.0, init=False)
    """The most that noise and fine texture have lately added to a block's edges."""
    strange: NDArray[np.int32] = field(default_factory=lambda: np.zeros((ROWS, COLUMNS), np.int32), init=False)
    """For how many looks each part has not been the scene's."""

    def judge(self, now: BlockStats) -> bool:
        """Whether the picture is blurred."""
        if self.scene is None:
            self.scene, self.most = now.quarters, now.edges
        scene = self.scene
        self.edges = np.maximum(now.edges, np.float32(FADING) * self.edges)
        self.noise = max(now.noise, 0.99 * self.noise)
        same, clear = alike(now.quarters, scene), self.most > max(CLEAR_EDGE, 2 * self.noise)
        shared = clear & same
        if shared.sum() >= ENOUGH and float(self.most[shared].sum()) > 0.5 * float(self.most[clear].sum()):
            lit = max(1.0, now.light) / max(1.0, float(scene.mean()))
            self.is_lost = self.has_faded(shared, lit**2)
        elif clear.sum() < ENOUGH or self.strange[clear].mean() >= OTHER_SCENE:
            self.is_lost = False
        self.learn(now, scene, same)
        return self.is_lost

    def has_faded(self, shared: NDArray[np.bool_], lit: float) -> bool:
        """Whether edges have faded nearly everywhere: where a thing has gone, they have in one place."""
        now, most = self.edges[shared] / lit, self.most[shared]
        share = FOUND if self.is_lost else LOST
        return float(now.sum()) < share * float(most.sum()) and float((now < 0.6 * most).mean()) > 0.75

    def learn(self, now: BlockStats, scene: Blocks, same: NDArray[np.bool_]) -> None:
        """Follow what drifts, and begin anew where the scene has changed for good."""
        self.strange = np.where(same, 0, self.strange + 1)
        is_other = self.strange >= OTHER_SCENE
        pace = np.where(is_other, 1, np.where(same, 0.05, 0)).repeat(2, axis=0).repeat(2, axis=1)
        self.scene = np.asarray(scene + pace[..., None] * (now.quarters - scene), np.float32)
        step = np.where(now.edges > self.most, 1 + STEP, 1 if self.is_lost else 1 - STEP)
        self.edges = np.asarray(np.where(is_other, now.edges, self.edges), np.float32)
        self.most = np.asarray(np.where(is_other, now.edges, np.where(same, step, 1) * self.most), np.float32)


def alike(new: Blocks, old: Blocks) -> NDArray[np.bool_]:
    """Of each block, whether it shows what it showed: around it little has moved beside what contrast there was."""
    around, was, now = np.ones((5, 5), np.uint8), old.astype(np.uint8), new.astype(np.uint8)
    contrast = cv2.subtract(cv2.dilate(was, around), cv2.erode(was, around)).max(axis=2)
    moved = cv2.dilate(cv2.absdiff(now, was).max(axis=2), around)
    return np.asarray((moved <= 5 + 0.4 * contrast)[::2, ::2], np.bool_)
