"""A frame as JPEG, for people: thumbnails, and the pictures of the page."""

from app.pixels import Pixels

QUALITY = 80
"""JPEG's own scale, of 100."""


def jpeg(pixels: Pixels, longest: int | None = None) -> bytes:
    """`pixels` (RGB, H×W×3, uint8), neither edge longer than `longest` pixels.

    Raises:
        ValueError: there is nothing to be seen in it.
    """
    import cv2

    height, width = pixels.shape[:2]
    if not height or not width:
        raise ValueError("a frame was empty")
    shrink = min(1.0, longest / max(height, width)) if longest else 1.0
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
