"""What a picture is called, and what its name tells. Nothing is opened here.

Names and messages show no passwords or keys of an address.
"""

import os
import re

from app.files import readable

SUFFIXES = re.compile(
    r".*\.(avif|bmp|dib|gif|heic|heif|ico|jfif|jp2|jpe|jpe?g|mpo|pbm|pgm|png|pnm|ppm|qoi|tiff?|webp)",
    re.IGNORECASE | re.DOTALL,
)
"""What a file of a folder must end in to be taken for a picture."""
CLIPS = re.compile(r".*\.(3gp|asf|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)", re.IGNORECASE | re.DOTALL)
"""What a file that a pattern finds may end in, too."""
SECRET = re.compile(r"([?&][^=&#]*(?:key|token|pass|pwd|secret|sig|auth|cred)[^=&#]*=)[^&#]+", re.IGNORECASE)
DIGITS = re.compile(r"(\d+)", re.ASCII)
WEB = ("http://", "https://")


def called(what: str) -> str:
    """How `what` is called on a terminal and in messages: short, printable, without passwords."""
    return readable(masked(what))


def masked(what: str) -> str:
    """How `what` is called in JSON: a path as it really is, an address without passwords."""
    if is_data(what):
        return "data URL"
    return SECRET.sub(r"\1***", re.sub(r"(://)[^/?#]*@", r"\1***@", what)) if is_remote(what) else what


def is_remote(what: str) -> bool:
    """Whether it is no path: an address, or standard input."""
    return what == "-" or bool(re.match(r"data:|[a-z][a-z0-9+.-]+://", what, re.IGNORECASE))


def is_data(what: str) -> bool:
    return what[:5].lower() == "data:"


def is_picture(name: str | os.PathLike[str]) -> bool:
    """Whether a file's name ends like that of a picture."""
    return bool(SUFFIXES.fullmatch(os.fspath(name)))


def is_clip(name: str) -> bool:
    """Whether a file's name ends like that of a video."""
    return bool(CLIPS.fullmatch(name))


def natural(name: str) -> list[tuple[int, str]]:
    """A sorting key that reads digits as numbers and ignores case."""
    parts = DIGITS.split(name.lower())
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]
