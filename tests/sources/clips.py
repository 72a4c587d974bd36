"""Real encoded videos for tests, and a look at the processes and descriptors we hold."""

import os
import subprocess
from pathlib import Path

import cv2
import numpy as np

from app.events import AnyFrame, Frame, Notice
from app.images import Pixels

FRAMES = 30
BITS = 8
CODECS = {".avi": "MJPG", ".mp4": "mp4v", ".mkv": "VP80"}


def encode(path: Path, frames: int = FRAMES, fps: float = 30.0, size: tuple[int, int] = (320, 240)) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*CODECS[path.suffix]), fps, size)
    for number in range(frames):
        writer.write(numbered(number, size))
    writer.release()
    return path


def numbered(number: int, size: tuple[int, int] = (320, 240)) -> Pixels:
    """A BGR picture with the number as black and white columns over a red ground."""
    width, height = size
    picture = np.full((height, width, 3), (0, 0, 200), np.uint8)
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        picture[: height // 2, left:right] = 255 if number >> bit & 1 else 0
    return picture


def number_in(pixels: Pixels) -> int:
    height, width = pixels.shape[:2]
    middles = [pixels[height // 4, (2 * bit + 1) * width // (2 * BITS)] for bit in range(BITS)]
    return sum(int(middle.mean() > 127) << bit for bit, middle in enumerate(middles))


def is_red(pixels: Pixels) -> bool:
    """Whether the ground is red where red comes first, so that swapped colours show."""
    red, _, blue = pixels[-10:, :].reshape(-1, 3).mean(axis=0)
    return bool(red > 150 and blue < 60)


def first_frame(items) -> Frame:
    """The first that can be had: a busy machine may have overwritten one before it is copied."""
    return next(frame for frame in map(own, items) if frame)


def own(item: AnyFrame | Notice) -> Frame | None:
    return None if isinstance(item, Notice) else item.copy()


def capture_processes(parent: int | None = None) -> list[int]:
    """The capture processes that this process, or another, has started and that still run."""
    listed = subprocess.run(["ps", "-Ao", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    ours = [row for row in rows if int(row[1]) == (parent or os.getpid()) and not row[2].startswith("Z")]
    return [int(row[0]) for row in ours if "app.sources.worker" in row[3]]


def is_running(pid: int) -> bool:
    """Also false for one that ended and waits for its parent to notice."""
    state = state_of(pid)
    return bool(state) and not state.startswith("Z")


def is_stopped(pid: int) -> bool:
    """As by SIGSTOP, which takes a moment."""
    return state_of(pid).startswith("T")


def state_of(pid: int) -> str:
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))
