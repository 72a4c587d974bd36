"""Still scenes as a camera in a hand films them: noise, flicker and shake. The pictures are larger than the frame."""

import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.demo import scenes
from app.images import Pixels

SIZE = (640, 360)
"""Width and height of a frame."""
FPS = 15
"""Frames a second of what is encoded; looks a second of a narrator."""
SPARE = 12
"""Pixels of the scene beyond each edge of the frame."""
WIDE = (SIZE[0] + 2 * SPARE, SIZE[1] + 2 * SPARE)


def drawn(seed: int = 3) -> Pixels:
    rng = np.random.default_rng(seed)
    ground = scenes.sample_background(rng, darkest=0.42, lightest=0.6)
    return scenes.draw(scenes.sample_scene(rng, 3), ground, *WIDE)


def plain() -> Pixels:
    return np.full((WIDE[1], WIDE[0], 3), 120, np.uint8)


def edges() -> Pixels:
    """Half black, half white, with bars across."""
    scene = np.full((WIDE[1], WIDE[0], 3), 20, np.uint8)
    scene[:, WIDE[0] // 2 :] = 240
    for at in range(40, WIDE[0] - 80, 90):
        cv2.line(scene, (at, 10), (WIDE[0] - at, WIDE[1] - 10), (245, 60, 30) if at % 180 else (5, 5, 5), 6)
    return scene


def textured() -> Pixels:
    """Blotches of every size, from a few pixels to a quarter of the frame."""
    rng, scene = np.random.default_rng(1), np.zeros((WIDE[1], WIDE[0], 3), np.float32)
    for size in (4, 8, 16, 32, 64):
        coarse = rng.normal(0, size**0.5, (WIDE[1] // size + 2, WIDE[0] // size + 2, 3)).astype(np.float32)
        scene += cv2.resize(coarse, WIDE, interpolation=cv2.INTER_CUBIC)
    return np.clip(120 + 60 * scene / scene.std(), 0, 255).astype(np.uint8)


SCENES = {"drawn": drawn(), "plain": plain(), "edges": edges(), "textured": textured()}


def filmed(
    scene: Pixels, *, shake: float = 5.0, noise: float = 8.0, flicker: float = 0.06, seed: int = 7
) -> Iterator[Pixels]:
    """Endless frames: shifted by up to `shake` pixels, `noise` in levels (standard deviation), `flicker` a share."""
    rng = np.random.default_rng(seed)
    grain, rng.bit_generator.state = grained(noise, seed)
    while True:
        x, y = SPARE + rng.uniform(-shake, shake, 2)
        left, top = rng.integers(SIZE[0]), rng.integers(SIZE[1])
        still = cv2.warpAffine(
            scene, np.array([[1, 0, x], [0, 1, y]]), SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        lit = still * np.float32(1 + rng.uniform(-flicker, flicker))
        yield np.clip(lit + grain[top : top + SIZE[1], left : left + SIZE[0]], 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def grained(noise: float, seed: int) -> tuple[NDArray[np.float32], Any]:
    """Four times as much grain as a frame holds, and what has become of the generator."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, noise, (SIZE[1] * 2, SIZE[0] * 2, 3)).astype(np.float32)
    return grain, rng.bit_generator.state


def still(scene: Pixels, count: int, *, noise: float = 4.0, seed: int = 7) -> list[Pixels]:
    """So many frames of a camera on a tripod."""
    frames = filmed(scene, shake=0, noise=noise, flicker=0, seed=seed)
    return list(islice(frames, count))


def through_mp4v(frames: Sequence[Pixels], folder: Path) -> list[Pixels]:
    """As OpenCV's own encoder leaves them, 15 frames a second, a key frame every 12."""
    path = str(folder / "clip.mp4")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    for frame in frames:
        writer.write(frame)
    writer.release()
    return _read(path)


def through_x264(frames: Sequence[Pixels], folder: Path, *, crf: int = 35) -> list[Pixels]:
    """As ffmpeg's x264 leaves them, with a key frame every 4 s."""
    path = str(folder / "clip264.mp4")
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", str(FPS), "-i", "-"]
    how = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-g", str(4 * FPS), "-pix_fmt", "yuv420p"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *raw, *how, path], input=np.stack(frames).tobytes(), check=True, timeout=120
    )
    return _read(path)


def _read(path: str) -> list[Pixels]:
    video, frames = cv2.VideoCapture(path), []
    while (got := video.read())[0]:
        frames.append(np.asarray(got[1], np.uint8))
    video.release()
    return frames
