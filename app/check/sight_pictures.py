"""The pictures of the sight test: plain colours, and one thing on the left or on the right."""

import numpy as np

from app.images import Pixels

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 20, 20),
    "blue": (20, 40, 220),
    "green": (20, 160, 20),
    "yellow": (240, 220, 0),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
"""RGB, 0..255; whoever takes RGB for BGR sees red and blue exchanged."""
SIZE = (480, 640)
"""Height and width of a common camera, so that what a camera's frames go through is gone through here."""
PALE = (235, 235, 235)


def plain(colour: str) -> Pixels:
    """One colour all over: RGB, H×W×3 uint8."""
    return np.full((*SIZE, 3), COLOURS[colour], np.uint8)


def disc(side: str) -> Pixels:
    """A blue disc on a pale ground, in the middle of the "left" or "right" half: RGB, H×W×3 uint8."""
    height, width = SIZE
    rows, columns = np.ogrid[:height, :width]
    middle = width // 4 if side == "left" else width * 3 // 4
    is_inside = (rows - height // 2) ** 2 + (columns - middle) ** 2 < (height // 5) ** 2
    found: Pixels = np.where(is_inside[..., None], COLOURS["blue"], PALE).astype(np.uint8)
    return found
