"""Statistics of a small picture in blocks: brightness, edges and grain, which visibility is judged by."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from app.images import Pixels

ROWS, COLUMNS = 12, 16
Blocks = NDArray[np.float32]
"""ROWS×COLUMNS, float32, with or without a third axis of three colours."""
_CLIPPED = 12
"""Levels; a Laplacian beyond them is an edge's and not the grain's."""


@dataclass(frozen=True, slots=True)
class BlockStats:
    """Statistics of one small picture."""

    at: float
    """Media seconds."""
    blocks: Blocks
    """Means, ROWS×COLUMNS×3, in levels."""
    quarters: Blocks
    """Means of the blocks' quarters, 2·ROWS×2·COLUMNS×3, in levels."""
    edges: Blocks
    """Mean square of the Laplacian in each block, ROWS×COLUMNS, in squared levels; what noise adds is taken out."""
    noise: float
    """What is taken out of each, in squared levels."""
    grain: float
    """Mean of the Laplacian's size where there are no edges, in levels: noise and the finest texture."""

    @classmethod
    def of(cls, look: Pixels, at: float) -> Self:
        quarters = cv2.resize(look, (2 * COLUMNS, 2 * ROWS), interpolation=cv2.INTER_AREA).astype(np.float32)
        blocks = np.asarray(cv2.resize(quarters, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
        grey = cv2.cvtColor(look, cv2.COLOR_BGR2GRAY)  # or of RGB: green counts most in both
        bent = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
        part = bent[::3, ::3]
        noise = 1.5 * (float(np.median(part)) / 0.6745) ** 2
        squares = cv2.resize(np.square(bent), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
        return cls(
            at, blocks, quarters, np.maximum(squares - noise, 0), noise, float(np.minimum(part, _CLIPPED).mean())
        )

    @property
    def light(self) -> float:
        """Mean, in levels."""
        return float(self.blocks.mean())

    @property
    def steepest(self) -> float:
        """The most that two neighbouring blocks differ by, in levels of one colour."""
        across, down = np.abs(np.diff(self.blocks, axis=1)), np.abs(np.diff(self.blocks, axis=0))
        return float(max(across.max(), down.max()))

    @property
    def tint(self) -> Blocks:
        """How far each colour's mean lies from grey, as a share of the light."""
        colours = self.blocks.mean(axis=(0, 1))
        return np.asarray(colours / max(1.0, self.light) - 1, np.float32)

    def unchanged_share(self, old: "BlockStats", levels: float = 16.0) -> float:
        """Share of the blocks that are, to within so many levels of every colour, as they were."""
        return float((np.abs(self.blocks - old.blocks).max(axis=2) <= levels).mean())
