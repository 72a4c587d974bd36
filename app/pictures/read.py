"""Pictures by path, folder, http(s) address, data URL, or from standard input.

Nothing but http and https is ever fetched, also after a redirect; nothing is written. Names and messages show no
passwords or keys of an address.
"""

import base64
import binascii
import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, unquote_to_bytes

from app.errors import SourceError
from app.pictures.decode import decode
from app.pictures.fetch import LIMITS, Limits, fetch, too_much
from app.pixels import Pixels

SUFFIXES = re.compile(
    r".*\.(avif|bmp|dib|gif|heic|heif|ico|jfif|jp2|jpe|jpe?g|mpo|pbm|pgm|png|pnm|ppm|qoi|tiff?|webp)", re.IGNORECASE
)
"""What a file of a folder must end in to be taken for a picture."""
SECRET = re.compile(r"([?&][^=&#]*(?:key|token|pass|pwd|secret|sig|auth|cred)[^=&#]*=)[^&#]+", re.IGNORECASE)
DIGITS = re.compile(r"(\d+)")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """As the user called it, or within the folder that the user named; fit to be printed."""
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Failed:
    name: str
    error: SourceError


def pictures(what: str) -> Iterator[Picture | Failed]:
    """Yield the picture that `what` names, or those of the folder, one after the other; a bad one as `Failed`."""
    for each in expand(what):
        try:
            yield picture(each)
        except SourceError as error:
            yield Failed(called(each), error)


def expand(what: str) -> list[str]:
    """The files of a folder that end like pictures, as a person sorts them (2 before 10); else `what` itself."""
    if is_remote(what) or not os.path.isdir(os.path.expanduser(what)):
        return [what]
    folder = os.path.expanduser(what)
    try:
        files = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return [what]
    found = [name for name in sorted(files, key=natural) if is_picture(name)]
    if len(found) < len(files) and found:
        log.info("%s: left out %d that do not end like pictures", called(what), len(files) - len(found))
    return [os.path.join(folder, name) for name in found] or [what]


def is_picture(name: str | os.PathLike[str]) -> bool:
    """Whether a file's name ends like that of a picture."""
    return bool(SUFFIXES.fullmatch(os.fspath(name)))


def picture(what: str, limits: Limits = LIMITS) -> Picture:
    """Read and decode one picture.

    Raises:
        SourceError: it cannot be had or is no picture.
    """
    name = called(what)
    with closing(opened(what, name, limits)) as stream:
        return Picture(name, decode(stream, name))


def opened(what: str, name: str, limits: Limits) -> BinaryIO:
    """The picture's bytes, seekable."""
    if what == "-":
        return limited(standard_input(), name, limits)
    if what[:5].lower() == "data:":
        return limited(io.BytesIO(data_url(what)), name, limits)
    if what.lower().startswith(("http://", "https://")):
        return io.BytesIO(fetch(what, name, limits))
    if re.match(r"[a-z][a-z0-9+.-]+://", what, re.IGNORECASE):
        raise SourceError(
            f"{name} is an address of a kind that describe does not fetch",
            "give an http:// or https:// address or a path; a stream is watched with ./run.sh --source ADDRESS",
        )
    return file(Path(what).expanduser(), name, limits)


def called(what: str) -> str:
    """How `what` is called in output and messages: short, printable, without passwords."""
    if what[:5].lower() == "data:":
        return "data URL"
    if is_remote(what):
        what = SECRET.sub(r"\1***", re.sub(r"(://)[^/?#]*@", r"\1***@", what))
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in what)


def is_remote(what: str) -> bool:
    return what == "-" or bool(re.match(r"data:|[a-z][a-z0-9+.-]+://", what, re.IGNORECASE))


def natural(name: str) -> list[tuple[int, str]]:
    """A sorting key that reads digits as numbers and ignores case."""
    parts = DIGITS.split(name.lower())
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]


def file(path: Path, name: str, limits: Limits) -> BinaryIO:
    if os.path.isdir(path):
        raise SourceError(
            f"the folder {name} holds no pictures",
            "name a folder with JPEG or PNG files; folders in it are not entered",
        )
    try:
        stream = path.open("rb")
    except FileNotFoundError as failure:
        raise SourceError(
            f"there is no file {name}", "check the spelling; quote names that contain blanks"
        ) from failure
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or failure
        raise SourceError(
            f"{name} cannot be opened: {reason}",
            "chmod u+r FILE; on a Mac, allow your terminal in System Settings, Privacy & Security, Files and Folders",
        ) from failure
    return stream if os.path.isfile(path) else limited(stream, name, limits)


def standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("nothing is piped in", "pipe a picture in: ./run.sh describe - < PICTURE.jpg")
    return sys.stdin.buffer


def limited(stream: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    """All of `stream` in memory, unless it is more than the limit."""
    read = stream.read(limits.size + 1)
    if len(read) > limits.size:
        raise too_much(name, limits)
    return io.BytesIO(read)


def data_url(what: str) -> bytes:
    """The bytes in a data URL (RFC 2397), base64 or percent-encoded."""
    head, comma, body = what.partition(",")
    try:
        if not comma:
            raise ValueError("it has no comma")
        if not head.lower().endswith(";base64"):
            return unquote_to_bytes(body)
        packed = "".join(unquote(body).split()).replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (ValueError, binascii.Error) as failure:
        raise SourceError(
            f"the data URL cannot be decoded: {failure}", "its form is data:image/png;base64,… and it must be whole"
        ) from failure
