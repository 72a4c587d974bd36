"""Pictures in memory: RGB pixels, and their encoding as JPEG for people and for models behind a server."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGB, H×W×3, uint8."""

QUALITY = 80
"""JPEG's own scale, of 100."""
FOR_A_MODEL = 90
"""Quality for a model, with colours at full resolution: questions are about colours."""


def encode_jpeg(pixels: Pixels, longest: int | None = None, *, is_for_a_model: bool = False) -> bytes:
    """Encode `pixels` (RGB, H×W×3, uint8) as JPEG, shrunk so that neither edge is longer than `longest` pixels.

    Raises:
        ValueError: it has no pixels.
    """
    import cv2

    height, width = pixels.shape[:2]
    if not height or not width:
        raise ValueError("a frame was empty")
    shrink = min(1.0, longest / max(height, width)) if longest else 1.0
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    how = [cv2.IMWRITE_JPEG_QUALITY, FOR_A_MODEL if is_for_a_model else QUALITY]
    if is_for_a_model:
        how += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), how)
    return data.tobytes()
