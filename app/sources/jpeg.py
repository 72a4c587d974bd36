"""JPEGs of unknown origin: decoded only if whole, plain and of a camera's size.

Pillow reads the header first, so that size and coding are judged before anything is decoded. Progressive ones are
refused, which no browser makes of a canvas: a small one can cost minutes, because each of its many scans goes over the
whole picture. Pillow rather than OpenCV, which takes 1 ms less but lets the decoder write to stderr, into the terminal.
"""

import io
import warnings

import numpy as np

from app.image_files.decode import FAILURES
from app.images import Pixels

BEGINNING, END = b"\xff\xd8\xff", b"\xff\xd9"
LARGEST = (1920, 1080)
"""Longer and shorter side: a phone may stand upright."""
SMALLEST = 64
"""Of the shorter side."""


class Unfit(Exception):
    """The picture cannot be used; says why."""


def pixels(jpeg: bytes) -> Pixels:
    """RGB, H×W×3, uint8.

    Raises:
        Unfit: it is not a JPEG, not whole, not plain, or not of a camera's size.
    """
    from PIL import Image

    if not jpeg.startswith(BEGINNING):
        raise Unfit("it is no JPEG")
    if not jpeg.endswith(END):
        raise Unfit("it was cut off")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                longer, shorter = max(image.size), min(image.size)
                if longer > LARGEST[0] or shorter > LARGEST[1]:
                    raise Unfit(f"it is larger than {LARGEST[0]}×{LARGEST[1]}")
                if shorter < SMALLEST:
                    raise Unfit(f"it is smaller than {SMALLEST}×{SMALLEST}")
                if image.mode not in ("L", "RGB") or image.info.get("progressive"):
                    raise Unfit("it is not coded plainly (baseline, 8 bits, grey or colour)")
                return np.asarray(image.convert("RGB"), np.uint8)
    except Image.DecompressionBombError as failure:
        raise Unfit(f"it is larger than {LARGEST[0]}×{LARGEST[1]}") from failure
    except FAILURES as failure:
        raise Unfit("it is damaged") from failure
