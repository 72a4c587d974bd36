"""The bytes of a picture, from wherever they are, within limits: a pipe or a device may never end, or never begin."""

import base64
import binascii
import errno
import io
import os
import re
import stat
import sys
from glob import has_magic
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, unquote_to_bytes

from app.errors import SourceError
from app.files import explain, open_to_read, read_all, user_path
from app.image_files.fetch import Limits, fetch, too_much
from app.image_files.find import expand
from app.image_files.names import WEB, is_data


def opened(what: str, name: str, limits: Limits) -> BinaryIO:
    """The picture's bytes, seekable.

    Raises:
        SourceError: they cannot be had, or are too many.
    """
    if not what:
        raise SourceError("the name of a picture is empty", "give a path; in a script, see whether its variable is set")
    if what == "-":
        return limited(standard_input(), name, limits)
    if is_data(what):
        return limited(io.BytesIO(data_url(what)), name, limits)
    if what.lower().startswith(WEB):
        return io.BytesIO(fetch(what, name, limits))
    if re.match(r"[a-z][a-z0-9+.-]+://", what, re.IGNORECASE):
        raise SourceError(
            f"{name} is an address of a kind that describe does not fetch",
            "give an http:// or https:// address or a path; a stream is watched with ./run.sh --source ADDRESS",
        )
    return file(user_path(what, SourceError), name, limits)


def file(path: Path, name: str, limits: Limits) -> BinaryIO:
    """A file to be read as it is needed; what is no plain file (a pipe, a device), whole."""
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
        return from_base64(unquote(body))
    except (ValueError, binascii.Error) as failure:
        raise SourceError(
            f"the data URL cannot be decoded: {failure}", "its form is data:image/png;base64,… and it must be whole"
        ) from failure


def from_base64(text: str) -> bytes:
    """Either alphabet, in lines or not, with its padding or without.

    Raises:
        ValueError: it is none.
    """
    packed = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
