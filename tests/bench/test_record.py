"""What is recorded is what a capture process plays."""

from pathlib import Path

import cv2
import numpy as np

from app.bench.subject import record
from app.events import Frame


def test_a_clip_holds_the_frames_in_their_order_and_colours(tmp_path: Path) -> None:
    frames = (Frame(np.full((48, 64, 3), (200, level, 0), np.uint8), 0.0, 0.0, 0) for level in (0, 100, 200, 255))
    clip = cv2.VideoCapture(str(record(frames, tmp_path / "clip.avi", count=3)))
    levels = [clip.read()[1][24, 32].tolist() for _ in range(3)]  # BGR
    assert clip.read()[0] is False
    assert np.abs(np.array(levels) - [(0, 0, 200), (0, 100, 200), (0, 200, 200)]).max() < 12
