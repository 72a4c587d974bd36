"""Frames into a file, in the ways that clips are encoded."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import cv2

from app.images import Pixels

FFMPEG = {
    "x264": ("mp4", ("-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-pix_fmt", "yuv420p")),
    "x264-poor": ("mp4", ("-c:v", "libx264", "-preset", "veryfast", "-crf", "34", "-pix_fmt", "yuv420p")),
    "vp8": ("webm", ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M")),
    "mpeg4": ("mkv", ("-c:v", "mpeg4", "-q:v", "7")),
}
"""What ffmpeg is asked for, by name: the file's suffix and the flags."""
OPENCV = {"mp4v": ("mp4", "mp4v"), "mjpg": ("avi", "MJPG")}


def suffix(encoder: str) -> str:
    return (FFMPEG | OPENCV)[encoder][0]


def available(*encoders: str) -> list[str]:
    """Those of them that this machine has; OpenCV's are always there."""
    return [name for name in encoders if name in OPENCV or shutil.which("ffmpeg")]


def encode(frames: Iterable[Pixels], path: Path, encoder: str, fps: float, size: tuple[int, int]) -> Path:
    """Write frames (RGB, H×W×3 uint8, of `size`: width and height)."""
    (with_opencv if encoder in OPENCV else with_ffmpeg)(frames, path, encoder, fps, size)
    return path


def with_opencv(frames: Iterable[Pixels], path: Path, encoder: str, fps: float, size: tuple[int, int]) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*OPENCV[encoder][1]), fps, size)
    if not writer.isOpened():
        raise OSError(f"OpenCV cannot write {path}")
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()


def with_ffmpeg(frames: Iterable[Pixels], path: Path, encoder: str, fps: float, size: tuple[int, int]) -> None:
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-")
    command = ["ffmpeg", "-loglevel", "error", "-y", *raw, *FFMPEG[encoder][1], str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin
        for frame in frames:
            ffmpeg.stdin.write(frame.tobytes())
        ffmpeg.stdin.close()
    if ffmpeg.returncode:
        raise OSError(f"ffmpeg cannot write {path}")
