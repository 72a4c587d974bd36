"""Pictures by path, folder, pattern, http(s) address, data URL, or from standard input; read within limits.

A pipe or a device may never end, or never begin. Nothing but http and https is fetched; nothing is written.
"""

import base64
import binascii
import errno
import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, unquote_to_bytes

from app.errors import SourceError
from app.files import explain, open_to_read, read_all, user_path
from app.image_files.decode import decode
from app.image_files.fetch import LIMITS, Limits, fetch, too_much
from app.image_files.find import WEB, display_name, expand, is_data
from app.images import Pixels


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
            yield Failed(display_name(each), error)


def picture(what: str, limits: Limits = LIMITS) -> Picture:
    """Read and decode one picture (H×W×3 uint8, RGB).

    Raises:
        SourceError: it cannot be read or is no picture.
    """
    name = display_name(what)
    with closing(open_picture(what, name, limits)) as stream:
        return Picture(name, decode(stream, name))


def open_picture(what: str, name: str, limits: Limits) -> BinaryIO:
    """The picture's bytes, seekable.

    Raises:
        SourceError: they cannot be read, or are too many.
    """
    if not what:
        raise SourceError("the name of a picture is empty", "give a path; in a script, see whether its variable is set")
    if what == "-":
        return read_limited(standard_input(), name, limits)
    if is_data(what):
        return read_limited(io.BytesIO(data_url(what)), name, limits)
    if what.lower().startswith(WEB):
        return io.BytesIO(fetch(what, name, limits))
    if re.match(r"[a-z][a-z0-9+.-]+://", what, re.IGNORECASE):
        raise SourceError(
            f"{name} is an address of a kind that describe does not fetch",
            "give an http:// or https:// address or a path; a stream is watched with ./run.sh --source ADDRESS",
        )
    return open_file(user_path(what, SourceError), name, limits)


def open_file(path: Path, name: str, limits: Limits) -> BinaryIO:
    """A plain file, read when it is needed; a pipe or a device, read whole now."""
    try:
        handle = open_to_read(path)
    except IsADirectoryError as failure:
        raise no_picture(path, name) from failure
    except OSError as failure:
        if isinstance(failure, FileNotFoundError) and has_magic(name) and not path.is_symlink():
            raise SourceError(f"no file matches {name}", "check the pattern; ** goes into folders, too") from failure
        raise SourceError(*explain(failure, path)) from failure
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    try:
        return io.BytesIO(read_all(handle, limits.size, limits.wait_s, limits.whole_s))
    except TimeoutError as failure:
        raise stuck(name) from failure
    except OSError as failure:
        is_large = failure.errno == errno.EFBIG
        raise (too_much(name, limits) if is_large else SourceError(*explain(failure, path))) from failure
    finally:
        os.close(handle)


def no_picture(folder: Path, name: str) -> SourceError:
    try:
        os.listdir(folder)
    except OSError as failure:
        return SourceError(*explain(failure, folder, "folder"))
    if expand(str(folder)) != [str(folder)]:
        return SourceError(f"{name} is a folder, and folders in folders are not entered", "name it by itself")
    hint = "name a folder with JPEG or PNG files; folders in it are not entered"
    return SourceError(f"the folder {name} holds no pictures", hint)


def stuck(name: str) -> SourceError:
    return SourceError(
        f"{name} is a pipe or a device from which nothing whole has come in time",
        "save the picture as a file and describe that, or pipe it in: ./run.sh describe - < PICTURE.jpg",
    )


def standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("nothing is piped in", "pipe a picture in: ./run.sh describe - < PICTURE.jpg")
    return sys.stdin.buffer


def read_limited(stream: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    """All of `stream` in memory. Raises SourceError if it is more than the limit."""
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
        return from_base64(unquote(body))
    except (ValueError, binascii.Error) as failure:
        raise SourceError(
            f"the data URL cannot be decoded: {failure}", "its form is data:image/png;base64,… and it must be whole"
        ) from failure


def from_base64(text: str) -> bytes:
    """Decode base64 in either alphabet, in lines or not, with or without padding. Raises ValueError."""
    packed = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
