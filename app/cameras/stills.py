"""One picture, or the pictures of a folder in the order in which a person would sort them, one after the other."""

import re
import time
import warnings
from collections.abc import Generator
from pathlib import Path
from threading import Event

import numpy as np
from PIL import Image, ImageOps

from app.errors import SourceError
from app.flow import Banner, Frame, Notice, Pixels

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif"})
"""What counts as a picture; HEIC so that it is named with a remedy instead of passed over."""
LARGEST = 1920
"""Pixels of the longer side; larger pictures are scaled down, as models see far fewer."""
_TO_JPEG = "convert it: sips -s format jpeg {} --out {}"


class Stills:
    """Each picture is one frame; a folder's pictures count as a second apart."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    @property
    def banner(self) -> Banner:
        return Banner(f"pictures in {self._path}" if self._path.is_dir() else self._path.name)

    def frames(self, stop: Event) -> Generator[Frame | Notice]:
        """See `Source.frames`; every picture is given. One of a folder that cannot be read is a notice."""
        pictures = _pictures(self._path)
        return self._read(pictures, stop)

    def _read(self, pictures: list[Path], stop: Event) -> Generator[Frame | Notice]:
        for number, path in enumerate(pictures):
            if stop.is_set():
                return
            try:
                pixels = read_picture(path)
            except SourceError as failure:
                if not self._path.is_dir():
                    raise
                yield Notice("picture unreadable", failure.message, failure.remedy)
            else:
                yield Frame(pixels, time.monotonic(), float(number), number)


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _pictures(path: Path) -> list[Path]:
    if not path.exists():
        raise SourceError(f"there is no {path}", "check the path; names with spaces need quotes")
    if not path.is_dir():
        return [path]
    pictures = [each for each in path.iterdir() if each.is_file() and is_picture(each) and each.name[0] != "."]
    if not pictures:
        raise SourceError(f"there are no pictures in {path}", f"known are {', '.join(sorted(SUFFIXES))}")
    return sorted(pictures, key=lambda each: _natural(each.name))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.lower()) if part]


def read_picture(path: Path) -> Pixels:
    """The picture upright, RGB, on white where it is transparent.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            image.draft("RGB", (LARGEST, LARGEST))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LARGEST, LARGEST))
            return _on_white(upright)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as failure:
        raise SourceError(f"{path} is not a picture that can be read", _remedy(path)) from failure


def _on_white(image: Image.Image) -> Pixels:
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.new("RGBA", seen.size, "white")
        image.alpha_composite(seen)
    return np.array(image.convert("RGB"), np.uint8)


def _remedy(path: Path) -> str:
    if path.suffix.lower() in (".heic", ".heif"):
        return _TO_JPEG.format(path, path.with_suffix(".jpg"))
    return "see whether another program shows it; it may be cut off or have a wrong suffix"
