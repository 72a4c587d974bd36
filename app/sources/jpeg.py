"""A JPEG of unknown origin to pixels: whole, plain and of a camera's size, or not at all.

Its header is read before anything is decoded. Progressive ones are left out, which no browser makes of a canvas: a
small one can cost minutes, because each of its many scans goes over the whole picture. Pillow rather than OpenCV,
which takes 1 ms less but lets the decoder write what it dislikes to stderr, that is, into the terminal.
"""

import io
import struct
import warnings

import numpy as np

from app.image_files.decode import FAILURES
from app.images import Pixels

BEGINNING, END = b"\xff\xd8\xff", b"\xff\xd9"
LARGEST = (1920, 1080)
"""Longer and shorter side: a phone may stand upright."""
SMALLEST = 64
"""Of the shorter side."""
_PLAIN = (0xC0, 0xC1)
"""Start of frame, baseline and extended sequential (ISO/IEC 10918-1, table B.1)."""
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_BARE = {0x01, *range(0xD0, 0xD8)}
"""Markers that have no length."""


class Unfit(Exception):
    """It cannot be looked at; says why."""


def pixels(jpeg: bytes) -> Pixels:
    """RGB, H×W×3, uint8.

    Raises:
        Unfit: it is no JPEG, not whole, not plain, or not of a camera's size.
    """
    from PIL import Image

    check(jpeg)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                return np.asarray(image.convert("RGB"), np.uint8)
    except (*FAILURES, Image.DecompressionBombError) as failure:
        raise Unfit("it is damaged") from failure


def check(jpeg: bytes) -> None:
    """Judge it by its header and its end.

    Raises:
        Unfit: it is no JPEG, not whole, not plain, or not of a camera's size.
    """
    if not jpeg.startswith(BEGINNING):
        raise Unfit("it is no JPEG")
    if not jpeg.endswith(END):
        raise Unfit("it was cut off")
    width, height = size(jpeg)
    if max(width, height) > LARGEST[0] or min(width, height) > LARGEST[1]:
        raise Unfit(f"it is larger than {LARGEST[0]}×{LARGEST[1]}")
    if min(width, height) < SMALLEST:
        raise Unfit(f"it is smaller than {SMALLEST}×{SMALLEST}")


def size(jpeg: bytes) -> tuple[int, int]:
    """Width and height as its header says.

    Raises:
        Unfit: it says none, or the picture is not coded plainly.
    """
    at = 2
    try:
        while jpeg[at] == 0xFF and jpeg[at + 1] != _SCAN:
            marker, at = jpeg[at + 1], at + 2
            if marker == 0xFF:  # it may be repeated
                at -= 1
            elif marker in _FRAMES:
                return _sides(marker, jpeg[at : at + 8])
            elif marker not in _BARE:
                at += max(2, struct.unpack_from(">H", jpeg, at)[0])
    except (IndexError, struct.error) as failure:
        raise Unfit("its header is cut off") from failure
    raise Unfit("its header names no size")


def _sides(marker: int, segment: bytes) -> tuple[int, int]:
    _, depth, height, width, colours = struct.unpack(">HBHHB", segment)
    if marker not in _PLAIN or depth != 8 or colours not in (1, 3):
        raise Unfit("it is not coded plainly (baseline, 8 bits, grey or colour)")
    return width, height
