"""The same world from another hand: Pillow's polygons at webcam size, through JPEG or an encoded video.

It shares no drawing code with `app.demo.scenes`, so that a model that reads these pictures has learned shapes and
not a renderer.
"""

import io
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from app.demo.scenes import COLOURS, Shape
from app.images import Pixels

WIDTH, HEIGHT, TILE = 640, 480, 128
FINER = 2
"""Drawn so many times larger, for smooth edges."""
Point = tuple[float, float]


def picture(shapes: Sequence[Shape], seed: int) -> Pixels:
    """One frame, 480×640×3, with noise; the seed decides the ground."""
    rng = np.random.default_rng(seed)
    canvas = _ground(rng, _limits(shapes)).resize((WIDTH * FINER, HEIGHT * FINER), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(canvas)
    for shape in shapes:
        _draw(pen, shape)
    frame = np.asarray(canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), np.float32)
    return np.clip(frame + rng.normal(0, 5, frame.shape), 0, 255).astype(np.uint8)


def _limits(shapes: Sequence[Shape]) -> tuple[int, int]:
    """Between which greys no shape is lost."""
    colours = {shape.colour for shape in shapes}
    return (80 if "black" in colours else 50), (175 if "white" in colours else 210)


def _ground(rng: np.random.Generator, limits: tuple[int, int]) -> Image.Image:
    """A few soft grey spots, or a slope from one grey to another."""
    side = (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    greys = rng.uniform(*limits, (*side, 1)) + rng.uniform(-12, 12, (*side, 3))
    small = Image.fromarray(np.clip(greys, 0, 255).astype(np.uint8))
    return small.resize((80, 60), Image.Resampling.BILINEAR).filter(ImageFilter.GaussianBlur(6))


def _draw(pen: ImageDraw.ImageDraw, shape: Shape) -> None:
    fill = COLOURS[shape.colour]
    middle = shape.x * WIDTH * FINER, shape.y * HEIGHT * FINER
    size = shape.radius * HEIGHT * FINER
    if shape.kind == "circle":
        pen.ellipse([middle[0] - size, middle[1] - size, middle[0] + size, middle[1] + size], fill=fill)
        return
    for outline in _OUTLINES[shape.kind]:
        pen.polygon([_turned(point, shape.tilt, middle, size) for point in outline], fill=fill)


def _turned(point: Point, tilt: float, middle: Point, size: float) -> Point:
    cos, sin = math.cos(tilt), math.sin(tilt)
    return (
        middle[0] + size * (cos * point[0] - sin * point[1]),
        middle[1] + size * (sin * point[0] + cos * point[1]),
    )


def _star() -> list[Point]:
    lengths = [1.12, 0.48] * 5
    return [(far * math.sin(k * math.pi / 5), -far * math.cos(k * math.pi / 5)) for k, far in enumerate(lengths)]


_OUTLINES: dict[str, list[list[Point]]] = {
    "square": [[(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]],
    "triangle": [[(0, -1.1), (-0.95, 0.55), (0.95, 0.55)]],
    "star": [_star()],
    "cross": [
        [(-1, -0.32), (1, -0.32), (1, 0.32), (-1, 0.32)],
        [(-0.32, -1), (0.32, -1), (0.32, 1), (-0.32, 1)],
    ],
}


def through_jpeg(frame: Pixels, quality: int = 75) -> Pixels:
    """As a file would have it."""
    packed = io.BytesIO()
    Image.fromarray(frame).save(packed, "JPEG", quality=quality)
    return np.asarray(Image.open(packed).convert("RGB"))


def through_video(frames: Sequence[Pixels]) -> list[Pixels]:
    """As an MPEG-4 video would have them, ten frames a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clip.mp4")
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), 10, (WIDTH, HEIGHT))
        for frame in frames:
            writer.write(frame[..., ::-1])
        writer.release()
        return _read(cv2.VideoCapture(path))


def _read(video: cv2.VideoCapture) -> list[Pixels]:
    frames = []
    while (got := video.read())[0]:
        frames.append(np.ascontiguousarray(got[1][..., ::-1], np.uint8))
    video.release()
    return frames


def as_tile(frame: Pixels) -> Pixels:
    """Squeezed as the app squeezes it."""
    return np.asarray(cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)
