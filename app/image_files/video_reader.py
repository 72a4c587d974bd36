"""The reader of video files, for live narration and for the moments that `describe` looks at.

Long ways are sought and short ones read; a file that cannot be sought in is read from its beginning.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.errors import SourceError
from app.image_files.decode import MEGAPIXELS, too_large
from app.images import Pixels

if TYPE_CHECKING:
    import cv2

FAR_S, BEFORE_S = 3.0, 1.0
"""How far ahead is sought and not read, and where it is aimed at: so long before the moment."""
PART = 0.6
"""Of a frame's time: the first frame is taken that is no more than that before the moment."""
LONGEST_S = 1e6
"""No clip is: a file that says so does not know its length."""
SHORT_BY_S = 0.5
"""A file that ends by more than this before its own word is broken; less is how containers round."""


class VideoReader:
    """A video file, read forward with OpenCV and FFmpeg, upright as it says."""

    def __init__(self, path: Path, name: str) -> None:
        """`name`: how messages call it. Raises SourceError if it cannot be read or is too large."""
        self.path, self.name = path, name
        self.at_s = -1.0
        """When the frame that was read last is shown; below 0 before the first."""
        self.ended_s: float | None = None
        """When the last frame of all is shown, once that has been seen."""
        self.can_seek = True
        self.file = self._open()

    def _open(self) -> "cv2.VideoCapture":
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what matters of its chatter is said in our own words
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        plain = os.fsencode(self.path.absolute())  # a relative name could be taken for a protocol, such as concat:
        file: cv2.VideoCapture = cv2.VideoCapture(plain, cv2.CAP_FFMPEG)  # type: ignore[call-overload]
        megapixels = file.get(cv2.CAP_PROP_FRAME_WIDTH) * file.get(cv2.CAP_PROP_FRAME_HEIGHT) / 1e6
        is_open = file.isOpened()
        if is_open and megapixels <= MEGAPIXELS:
            return file
        file.release()
        raise too_large(self.name, f"{megapixels:.0f}") if is_open else self.unreadable()

    def close(self) -> None:
        self.file.release()

    def rewind(self) -> None:
        self.close()
        self.file, self.at_s = self._open(), -1.0

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        import cv2

        rate = self.file.get(cv2.CAP_PROP_FPS)
        return rate if 0 < rate < 1000 else 30.0

    @property
    def promised_s(self) -> float | None:
        """Its length as its header says; None if that makes no sense."""
        import cv2

        length_s = self.file.get(cv2.CAP_PROP_FRAME_COUNT) / self.rate
        return length_s if 0 < length_s < LONGEST_S else None

    def step(self) -> bool:
        """Read the next frame; its time is counted from the rate where the file has none that grows."""
        import cv2

        if not self.file.grab():
            self.ended_s = self.at_s if self.at_s >= 0 else None
            return False
        stamped_s = self.file.get(cv2.CAP_PROP_POS_MSEC) / 1000
        counted_s = self.at_s + 1 / self.rate if self.at_s >= 0 else 0.0
        self.at_s = stamped_s if stamped_s > self.at_s else counted_s
        return True

    def frame(self) -> Pixels | None:
        """The frame that was read last, BGR, H×W×3 uint8, an array of its own; None if it is corrupt."""
        is_good, picture = self.file.retrieve() if self.at_s >= 0 else (False, None)
        return np.asarray(picture, np.uint8) if is_good else None

    def go_to(self, target_s: float) -> bool:
        """Read on to the frame that is shown then, or to the first after it that is not corrupt; False at the end."""
        if target_s - self.at_s > FAR_S:
            self._seek(target_s - BEFORE_S)
        while self.at_s < target_s - PART / self.rate or self.frame() is None:
            if not self.step():
                return False
        return True

    def _seek(self, target_s: float) -> None:
        """Go there if the file can; else it is read from its beginning."""
        import cv2

        if not self.can_seek:
            return
        before_s, self.at_s = self.at_s, -1.0
        self.file.set(cv2.CAP_PROP_POS_MSEC, target_s * 1000)
        if not self.step() or not before_s < self.at_s <= target_s + BEFORE_S:
            self.can_seek = False
            self.rewind()

    def measure_s(self) -> float:
        """Its length; every frame is read for that."""
        while self.step():
            pass
        if self.at_s < 0:
            raise self.unreadable()
        length_s = self.at_s + 1 / self.rate
        self.rewind()
        return length_s

    def unreadable(self) -> SourceError:
        return SourceError(
            f"{self.name} cannot be read as a video, or it was cut off",
            "check that it plays in another program, or copy it again; supported: .mp4, .mov, .mkv, .avi and .webm",
        )


def as_rgb(picture: Pixels) -> Pixels:
    """From BGR, as OpenCV reads it."""
    import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
