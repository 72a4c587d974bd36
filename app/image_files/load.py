"""The bytes of a picture, from wherever they are, within limits: a pipe or a device may never end, or never begin."""

import base64
import binascii
import io
import os
import re
import select
import stat
import sys
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, unquote_to_bytes

from app.errors import SourceError
from app.image_files.fetch import Limits, fetch, too_much
from app.image_files.find import expand
from app.image_files.names import WEB, called, is_data

BLOCK = 65536
TICK_S = 0.05


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
    return file(Path(what).expanduser(), name, limits)


def file(path: Path, name: str, limits: Limits) -> BinaryIO:
    """A file to be read as it is needed; what is no plain file (a pipe, a device), whole."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without a writer would hang
    except FileNotFoundError as failure:
        raise missing(path, name) from failure
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or failure
        raise SourceError(
            f"{name} cannot be opened: {reason}",
            "chmod u+r FILE; on a Mac, allow your terminal in System Settings, Privacy & Security, Files and Folders",
        ) from failure
    kind = os.fstat(handle).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(handle, "rb")
    try:
        if stat.S_ISDIR(kind):
            raise no_picture(path, name)
        return patient(handle, name, limits)
    finally:
        os.close(handle)


def missing(path: Path, name: str) -> SourceError:
    """What is not there, and why it may seem to be."""
    if path.is_symlink():
        leads = called(os.readlink(path))
        return SourceError(f"{name} is a link to {leads}, which is not there", "give the path of the picture itself")
    if any(letter in name for letter in "*?["):
        return SourceError(f"no file matches {name}", "check the pattern; ** goes into folders, too")
    return SourceError(f"there is no file {name}", "check the spelling; quote names that contain blanks")


def no_picture(folder: Path, name: str) -> SourceError:
    if expand(str(folder)) != [str(folder)]:
        return SourceError(f"{name} is a folder, and folders in folders are not entered", "name it by itself")
    hint = "name a folder with JPEG or PNG files; folders in it are not entered"
    return SourceError(f"the folder {name} holds no pictures", hint)


def patient(handle: int, name: str, limits: Limits) -> BinaryIO:
    """All that comes out of a pipe or a device, if it begins, ends and fits in time."""
    began, read = time.monotonic(), bytearray()
    while len(read) <= limits.size:
        if time.monotonic() - began > (limits.whole_s if read else limits.wait_s):
            raise stuck(name)
        chunk = at_hand(handle)
        if chunk == b"" and read:
            return io.BytesIO(read)
        if chunk == b"":  # nobody has opened its other end yet
            time.sleep(TICK_S)
        read += chunk or b""
    raise too_much(name, limits)


def stuck(name: str) -> SourceError:
    return SourceError(
        f"{name} is a pipe or a device from which nothing whole has come in time",
        "save the picture as a file and describe that, or pipe it in: ./run.sh describe - < PICTURE.jpg",
    )


def at_hand(handle: int) -> bytes | None:
    """What can be read now; nothing at the end, None where that has to be waited for."""
    try:
        return os.read(handle, BLOCK) if select.select([handle], [], [], TICK_S)[0] else None
    except BlockingIOError:
        return None


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
