"""Is this frame worth a look? Decided on pixels alone: no model, no clock.

The frame is shrunk to a few hundred cells and compared with the frame that was described last. What moves every
cell alike (exposure, flicker) does not count, unless it is as strong as a light being switched.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from app.flow import Pixels

CELLS = (32, 24)
"""Columns and rows: a cell of a 640×480 frame is 20×20 pixels, so that sensor noise averages out."""

Cells = NDArray[np.float32]
"""RGB means, 24×32×3, float32, 0 to 255."""


def shrunk(pixels: Pixels) -> Cells:
    """Shrink a frame (H×W×3 uint8) to its cell means (24×32×3 float32)."""
    return cv2.resize(pixels, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)


@dataclass(slots=True)
class Gate:
    """Opens for frames that differ from the last one it opened for."""

    local: float = 14.0
    """How far one cell must move, in levels of 255, once the whole frame's shift is taken out."""
    overall: float = 40.0
    """How far the whole frame must move: a light switched, a hand over the lens."""
    last: Cells | None = field(default=None, init=False)

    def is_news(self, look: Cells) -> bool:
        """Whether it differs from the look that was taken last."""
        return self.last is None or self.differs(look - self.last)

    def took(self, look: Cells) -> None:
        """Compare with this one from now on."""
        self.last = look

    def differs(self, change: Cells) -> bool:
        shift = np.median(change, axis=(0, 1))
        return bool(np.abs(shift).max() > self.overall or np.abs(change - shift).max() > self.local)
