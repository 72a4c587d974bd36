"""Marked cells of a small picture to boxes around them, for people who look on."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.events import Box

MOST = 8
"""Boxes; more would hide what they are around."""
APART = 2
"""Cells: what is no further apart is one region."""


def boxes(marked: NDArray[np.bool_]) -> Sequence[Box]:
    """Around the largest regions of `marked` (H×W), the largest first."""
    height, width = marked.shape
    wide = cv2.dilate(marked.astype(np.uint8), np.ones((2 * APART + 1, 2 * APART + 1), np.uint8))
    count, _, found, _ = cv2.connectedComponentsWithStats(wide)
    largest = sorted(range(1, count), key=lambda region: -int(found[region, cv2.CC_STAT_AREA]))[:MOST]
    return [box(found[region], width, height) for region in largest]


def box(found: NDArray[np.int32], width: int, height: int) -> Box:
    """As shares of the picture; `found` is left, top, width, height and area in cells."""
    left, top, wide, high = (int(each) for each in found[:4])
    return left / width, top / height, (left + wide) / width, (top + high) / height
