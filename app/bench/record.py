"""Writes a source's frames into a video, which a capture process can then play in place of a camera."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import cv2

from app.errors import SourceError
from app.events import Frame


def record(frames: Iterable[Frame], path: Path, count: int, fps: float = 30.0) -> Path:
    """Write `count` frames of one size (RGB, H×W×3 uint8) as MJPG into an .avi file.

    Raises:
        SourceError: OpenCV cannot write it.
    """
    writer: cv2.VideoWriter | None = None
    for frame in islice(frames, count):
        height, width = frame.pixels.shape[:2]
        writer = writer or cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
        writer.write(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR))
    if writer:
        writer.release()
    if not path.is_file():
        raise SourceError(f"no clip can be written to {path.parent}", "make room there")
    return path
