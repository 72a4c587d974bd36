"""The capture process: `python -m app.sources.worker MEMORY TICKS`, with the errand as one JSON line on stdin.

It opens the device on its own main thread, as macOS wants it, and writes every picture into shared memory, over the
oldest one. It never waits for anybody. It ends by itself when stdin closes, that is, when its parent is gone, however
that came about. A process of its own because a camera that hung or was unplugged cannot be opened again in the same
process on macOS (github.com/opencv/opencv/issues/27294); here it is killed, and another is started.
"""

import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from threading import Thread

import cv2
import numpy as np

from app.errors import SourceError
from app.images import Pixels
from app.sources import webcam
from app.sources.capture import Errand, Fate
from app.sources.shared import LARGEST, Slots, Tick

WISHED = (1280, 720)
"""Width and height asked of a device; it may give others."""
LOST_AFTER_S = 1.5
"""A device that gives nothing for so long is lost."""
_STREAM_PATIENCE = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 8000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 4000)
_UNBUFFERED = "rtsp_transport;tcp|fflags;nobuffer"
"""For FFMPEG; without it the first picture of a 30 frames/s MPEG-TS stream was 1.2 s old, with it 0.03 s."""
_ONE_THREAD = (cv2.CAP_PROP_N_THREADS, 1)
"""FFMPEG decodes a picture a thread ahead: 8 threads made pictures 230 ms older than 1 thread did."""
_USUAL_FPS = 30.0


def main() -> None:
    os.set_blocking(sys.stderr.fileno(), False)  # a full pipe drops chatter instead of stopping the camera
    errand = Errand(**json.loads(sys.stdin.readline()))
    Thread(target=_end_with_parent, daemon=True).start()
    fate = _run(errand, Slots(int(sys.argv[1])), int(sys.argv[2]))
    sys.stderr.flush()
    os._exit(fate)  # the kernel closes devices faster, and more surely, than drivers do


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(Fate.STOPPED)


def _run(errand: Errand, slots: Slots, ticks: int) -> Fate:
    try:
        video = OPENERS[errand.kind](errand.target)
    except SourceError as missing:
        print(missing.message, file=sys.stderr)
        return Fate.NO_DEVICE
    if not video.isOpened():
        return Fate.SHUT
    return _deliver(video, errand, slots, ticks)


def _open_device(which: str) -> cv2.VideoCapture:
    video = cv2.VideoCapture(_address(which), webcam.backend())
    video.set(cv2.CAP_PROP_FRAME_WIDTH, WISHED[0])
    video.set(cv2.CAP_PROP_FRAME_HEIGHT, WISHED[1])
    video.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return video


def _address(which: str) -> int | str:
    """What OpenCV calls the device. Looked up at every start: indexes change when cameras come and go."""
    return which if which.startswith("/") else webcam.choose(which, webcam.found()).index


def _open_clip(path: str) -> cv2.VideoCapture:
    return cv2.VideoCapture(path, cv2.CAP_FFMPEG)


def _open_stream(url: str) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _UNBUFFERED)
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, _STREAM_PATIENCE + _ONE_THREAD)


OPENERS: dict[str, Callable[[str], cv2.VideoCapture]] = {
    "device": _open_device,
    "clip": _open_clip,
    "stream": _open_stream,
}


def _deliver(video: cv2.VideoCapture, errand: Errand, slots: Slots, ticks: int) -> Fate:
    """Write pictures until none come any more."""
    is_file = errand.kind == "clip" or video.get(cv2.CAP_PROP_FRAME_COUNT) > 0
    pace = _Pace(video.get(cv2.CAP_PROP_FPS)) if is_file else None
    for number in itertools.count():
        if pace:
            pace.wait(number)
        if not _grab(video, errand, number):
            return Fate.ENDED if is_file and number else Fate.LOST
        seen_at = time.monotonic()
        if size := _hand_over(video, slots, number):
            with contextlib.suppress(BlockingIOError):  # the reader has slept long; it will find a newer one
                os.write(ticks, Tick(number, seen_at, *size).packed())
    raise AssertionError("count() does not end")


def _grab(video: cv2.VideoCapture, errand: Errand, number: int) -> bool:
    """Take the next picture; a device may fail for a moment, a clip starts again."""
    if errand.kind == "clip":
        return video.grab() or (number > 0 and video.open(errand.target, cv2.CAP_FFMPEG) and video.grab())
    give_up_at = time.monotonic() + (LOST_AFTER_S if errand.kind == "device" else 0.0)
    while not video.grab():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(0.01)
    return True


def _hand_over(video: cv2.VideoCapture, slots: Slots, number: int) -> tuple[int, int] | None:
    """Let OpenCV write the grabbed picture straight into its slot; its height and width, None if it has none."""
    place = slots.place(number, *_promised(video))
    is_good, picture = video.retrieve(place)
    if not is_good:
        return None
    if picture is place:
        slots.finish(number)
        return place.shape[0], place.shape[1]
    picture = _fitting(np.asarray(picture, np.uint8))  # it has another size than was promised
    slots.write(number, picture)
    return picture.shape[0], picture.shape[1]


def _promised(video: cv2.VideoCapture) -> tuple[int, int]:
    """Height and width that the next picture should have; none if it would not fit into a slot."""
    height, width = int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(video.get(cv2.CAP_PROP_FRAME_WIDTH))
    return (height, width) if 0 < height <= LARGEST[0] and 0 < width <= LARGEST[1] else (0, 0)


def _fitting(picture: Pixels) -> Pixels:
    """The picture, scaled down if it is larger than a slot."""
    height, width = picture.shape[:2]
    scale = min(LARGEST[0] / height, LARGEST[1] / width)
    if scale >= 1:
        return picture
    size = (int(width * scale), int(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


class _Pace:
    """Lets pictures of a file through no faster than they were filmed."""

    def __init__(self, fps: float) -> None:
        self._interval_s = 1 / (fps if 0 < fps < 1000 else _USUAL_FPS)
        self._started_at = time.monotonic()

    def wait(self, number: int) -> None:
        time.sleep(max(0.0, self._started_at + number * self._interval_s - time.monotonic()))


if __name__ == "__main__":
    main()
