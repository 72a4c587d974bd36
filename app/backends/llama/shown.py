"""What a pair's eyes are shown of a frame, by the mmproj's header: one tile where they tile, else a small picture.

llama.cpp does its own resizing, and scales up as well: to SmolVLM every frame becomes 17 tiles of 512×512 pixels, which
is a narrator 17 times as slow. A limit of tokens keeps it to one; to LFM2-VL a low limit makes more tiles, not fewer.
"""

from dataclasses import dataclass
from pathlib import Path

from app.backends.mlx.tile import squeezed
from app.errors import UsageError
from app.images import Pixels
from app.models.gguf import read_header

LONGEST = 512
"""Pixels of a frame's longer side: LFM2-VL tiles what is longer, and Qwen's tokens grow with the area."""
TOKENS = 256
"""The most of one picture, where nothing is known of the eyes: LFM2-VL's own limit, and a picture of that size's."""
TILED = "idefics3"
"""SmolVLM's projector. llama.cpp shows it tiles and, after them, the whole; both are the same where it is one tile."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a frame is shown."""

    edge: int = 0
    """Squeezed to a square of so many pixels; 0: its own shape."""
    limit: int | None = None
    """The most tokens that llama.cpp may make of it; None: as it likes."""
    longest: int = LONGEST
    """Pixels of its longer side, at most; not of a square."""

    def picture(self, pixels: Pixels) -> Pixels:
        """RGB, H×W×3, uint8."""
        return squeezed(pixels, self.edge) if self.edge else smaller(pixels, self.longest)


DETAILED = Shown(longest=1024)
"""In all its detail, for a picture on request: as many tiles as llama.cpp makes of it."""


def shown(mmproj: Path, limit: int | None = None) -> Shown:
    """How these eyes are shown a frame; `limit`: the tokens that are wished for.

    Raises:
        CorruptFile: the file is no GGUF file, or not whole.
        UsageError: they cannot do with so few.
    """
    keys = read_header(mmproj).keys
    kind = keys.get("clip.projector_type") or keys.get("clip.vision.projector_type")
    edge, patch, shuffle, longest = (keys.get(f"clip.vision.{name}") for name in SIZES)
    if kind != TILED or not isinstance(edge, int) or not isinstance(patch, int) or not isinstance(shuffle, int):
        return Shown(limit=limit)
    one_tile = (edge // patch // shuffle) ** 2
    if limit is not None and limit < one_tile:
        raise UsageError(f"{mmproj.name} makes {one_tile} tokens of a tile, and shows it twice", f"leave out {FEWER}")
    return Shown(edge, limit or (one_tile if longest != edge else None))


FEWER = "--image-tokens, or take more"
SIZES = ("image_size", "patch_size", "projector.scale_factor", "preproc_image_size")


def smaller(pixels: Pixels, longest: int = LONGEST) -> Pixels:
    """The frame in its own shape, its longer side at most so many pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    import cv2
    import numpy as np

    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
