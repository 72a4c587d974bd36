"""Has the picture lost its sharpness? The same scene in large, with what was fine in it gone.

Compared part by part with the sharpest that this camera has shown of the scene: a lens that was always soft is not
blurred, and a scene that gives way to one with less detail is another scene.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.coarse import COLUMNS, ROWS, Blocks, Coarse

LOST, FOUND = 0.35, 0.6
"""Shares of the edges' energy: a Gaussian of 1 % of the height leaves 0.15 to 0.3 of it."""
CLEAR_EDGE = 60.0
"""Squared levels of a block; weaker edges are not judged by."""
OTHER_SCENE = 6
"""Looks after which a part that has changed belongs to another scene."""


def none() -> Blocks:
    return np.zeros((ROWS, COLUMNS), np.float32)


@dataclass(slots=True)
class Sharpness:
    """Remembers the sharpest that was seen of each part of the scene."""

    is_lost: bool = field(default=False, init=False)
    scene: Blocks | None = field(default=None, init=False)
    edges: Blocks = field(default_factory=none, init=False)
    """As they are lately."""
    most: Blocks = field(default_factory=none, init=False)
    """As they were at their sharpest."""
    strange: NDArray[np.int32] = field(default_factory=lambda: np.zeros((ROWS, COLUMNS), np.int32), init=False)
    """For how many looks each part has not been the scene's."""

    def judge(self, now: Coarse) -> bool:
        """Whether the picture is blurred."""
        scene = now.blocks if self.scene is None else self.scene
        self.edges += np.float32(0.4) * (now.edges - self.edges)
        far = np.abs(now.blocks - scene).max(axis=2)
        same = far <= 5 + 0.45 * np.sqrt(self.most)  # blur carries a part of an edge's height into the next block
        clear = self.most > CLEAR_EDGE
        known, total = float(self.most[clear & same].sum()), float(self.most[clear].sum())
        if known > 0.5 * total:
            lit = max(1.0, now.light) / max(1.0, float(scene.mean()))
            left = float(self.edges[clear & same].sum()) / known / lit**2
            self.is_lost = left < (FOUND if self.is_lost else LOST)
        elif self.strange[clear].mean() >= OTHER_SCENE if clear.any() else True:
            self.is_lost = False
        self.learn(now, scene, same)
        return self.is_lost

    def learn(self, now: Coarse, scene: Blocks, same: NDArray[np.bool_]) -> None:
        """Follow what drifts, and begin anew where the scene has changed for good."""
        self.strange = np.where(same, 0, self.strange + 1)
        is_other = self.strange >= OTHER_SCENE
        followed = np.where(same[..., None], scene + np.float32(0.05) * (now.blocks - scene), scene)
        self.scene = np.asarray(np.where(is_other[..., None], now.blocks, followed), np.float32)
        sharpest = np.where(same, np.maximum(self.most * np.float32(0.999), self.edges), self.most)
        self.most = np.asarray(np.where(is_other, self.edges, sharpest), np.float32)
