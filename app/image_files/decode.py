"""Decoding of pictures to RGB pixels: any common format, upright, opaque, 8 bits.

The format is read from the bytes, never from a name or a server's header. Formats that start other programs
(EPS) or have no mark of their own (TGA) are not tried. Of an animation, the first frame is taken.
"""

import re
import struct
import warnings
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from app.errors import SourceError
from app.images import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

MEGAPIXELS = 100
"""The largest picture that is decoded, which takes 1 to 2 GB; its size is read from its header first."""
FORMATS = ("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")
FAILURES = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error),
    *(RuntimeError, MemoryError),
)
"""What Pillow raises for bytes that it cannot decode."""

HEIC = (
    "a HEIC picture, which Pillow cannot read",
    "on a Mac: sips -s format jpeg PICTURE.heic --out PICTURE.jpg; on Debian: apt-get install libheif-examples, then"
    " heif-convert PICTURE.heic PICTURE.jpg",
)
VIDEO = ("a video", "save it as a file: ./run.sh describe FILE answers about it, ./run.sh --source FILE narrates it")
VIDEOS = (
    rb"....(?:ftyp(?!avi[fs]|hei|hev|mif1|msf1)|moov|mdat|wide|skip|free)|\x1aE\xdf\xa3|RIFF....AVI "
    rb"|\x00\x00\x01[\xba\xb3]|FLV\x01|\x30\x26\xb2\x75|OggS|YUV4MPEG2"
    rb"|\x47.{187}\x47.{187}\x47|....\x47.{191}\x47.{191}\x47"
)
"""How a video begins: MP4 and MOV, Matroska and WebM, AVI, MPEG, FLV, ASF, Ogg, raw, and MPEG's transport stream."""
STUMP = ("only the beginning of a picture, or a damaged one", "copy or download it again")
PAGE = ("a web page", "open it in a browser and copy the address of the picture itself, not of the page around it")
OTHERS = (
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|II\*\0|MM\0\*|....ftypavi[fs]|BM....\0\0\0\0", STUMP),
    (rb"....ftyp(?:hei|hev|mif1|msf1)", HEIC),
    (VIDEOS, VIDEO),
    (rb"(?:[^\S\n]|\n|\xef\xbb\xbf)*(?:<!doctype html|<html|<head)", PAGE),
    (rb"(?:<\?xml.{0,800}?)?\s*(?:<!--.{0,800}?-->\s*)*<svg", ("an SVG drawing", "export it as PNG and give that")),
    (rb"%PDF", ("a PDF document", "export its page as PNG and give that")),
    (rb"%!PS|\xc5\xd0\xd3\xc6", ("a PostScript document", "export it as PNG and give that")),
    (rb"\s*(?:/9j/|iVBORw0KGgo|R0lGOD)", ("a picture in base64", "decode it: base64 -d < FILE | ./run.sh describe -")),
    (
        rb"\0\x05\x16\x07",
        ("no picture but what macOS keeps beside one, in a file named ._NAME", "name the picture itself, without ._"),
    ),
    (rb"version https://git-lfs", ("a pointer of Git LFS, not the picture", "in its repository: git lfs pull")),
)
"""How other files begin: what they are, and a hint."""


def decode(stream: BinaryIO, name: str) -> Pixels:
    """Decode a picture to RGB (H×W×3, uint8), turned as its EXIF says, transparency over white.

    Raises:
        SourceError: it is no picture, too large, or damaged; the message calls it `name`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's on large pictures and odd metadata; the limit here is ours
            with Image.open(stream, formats=FORMATS) as image:
                return load_pixels(image, name)
    except Image.DecompressionBombError as failure:
        raise too_large(name, "more than 178") from failure
    except UnidentifiedImageError as failure:
        raise no_picture(stream, name) from failure
    except FAILURES as failure:
        raise damaged(name, failure) from failure


def load_pixels(image: "Image", name: str) -> Pixels:
    """Decode an image of which only the header has been read so far."""
    from PIL import ImageOps

    megapixels = image.width * image.height / 1e6
    if megapixels > MEGAPIXELS:
        raise too_large(name, f"{megapixels:.0f}")
    image.load()
    ImageOps.exif_transpose(image, in_place=True)  # a copy of the largest picture is 400 MB
    return np.asarray(opaque(image), np.uint8)


def opaque(image: "Image") -> "Image":
    """RGB of 8 bits, transparency over white."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(eight_bits(image)).convert("RGB")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def eight_bits(image: "Image") -> Pixels:
    """Grey of 16 or 32 bits to 8: 16 bits by their full range, others by the range that the picture uses."""
    grey = np.asarray(image, np.float32)
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else (float(np.nanmin(grey)), float(np.nanmax(grey)))
    levels: Pixels = np.nan_to_num((grey - low) * (255 / max(high - low, 1e-9))).round().astype(np.uint8)
    return levels


def too_large(name: str, megapixels: str) -> SourceError:
    return SourceError(
        f"{name} has {megapixels} megapixels, more than the {MEGAPIXELS} that looksay decodes",
        "make it smaller first, on a Mac: sips -Z 4000 PICTURE --out SMALLER.jpg",
    )


def damaged(name: str, failure: Exception) -> SourceError:
    if "Decompressed data too large" in str(failure):
        return SourceError(
            f"{name} holds text or a colour profile that unpacks to too much, as a trap does",
            "do not trust it; if it is your own, save it from another program as JPEG",
        )
    return SourceError(
        f"{name} is damaged or was cut off ({failure})",
        "copy or download it again; if other programs show it, save it from one of them as PNG",
    )


def no_picture(stream: BinaryIO, name: str) -> SourceError:
    """Say what the bytes are, as far as their beginning tells."""
    stream.seek(0)
    start = stream.read(4096)
    if not start:
        return SourceError(f"{name} is empty (0 bytes)", "copy or download it again")
    for pattern, (what, hint) in OTHERS:
        if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
            return SourceError(f"{name} is {what}", hint)
    what = "text" if is_text(start) else "no picture of a format that looksay knows"
    return SourceError(f"{name} is {what}", "give a JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or JPEG 2000 picture")


def is_text(start: bytes) -> bool:
    try:
        start[:-3].decode()  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return b"\0" not in start
