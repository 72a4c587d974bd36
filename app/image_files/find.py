"""Names of pictures and videos: which files a folder or a pattern stands for, and how an input is called in messages.

Names and messages show no passwords or keys of an address. Folders in folders are not entered.
"""

import glob
import logging
import os
import re
from collections.abc import Callable, Sequence

from app.files import readable

log = logging.getLogger(__name__)

PICTURES = re.compile(
    r".*\.(avif|bmp|dib|gif|heic|heif|ico|jfif|jp2|jpe|jpe?g|mpo|pbm|pgm|png|pnm|ppm|qoi|tiff?|webp)",
    re.IGNORECASE | re.DOTALL,
)
"""Names of files that are taken for pictures in a folder."""
CLIPS = re.compile(r".*\.(3gp|asf|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)", re.IGNORECASE | re.DOTALL)
"""Names of files that a pattern may find, too."""
SECRET = re.compile(r"([?&][^=&#]*(?:key|token|pass|pwd|secret|sig|auth|cred)[^=&#]*=)[^&#]+", re.IGNORECASE)
DIGITS = re.compile(r"(\d+)", re.ASCII)
WEB = ("http://", "https://")


def display_name(what: str) -> str:
    """The name for the terminal and messages: short, printable, without passwords."""
    return readable(json_name(what))


def json_name(what: str) -> str:
    """The name for JSON: a path as it really is, an address without passwords."""
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
    return bool(PICTURES.fullmatch(os.fspath(name)))


def is_clip(name: str) -> bool:
    """Whether a file's name ends like that of a video."""
    return bool(CLIPS.fullmatch(name))


def natural_key(name: str) -> list[tuple[int, str]]:
    """A sorting key that reads digits as numbers and ignores case."""
    parts = DIGITS.split(name.lower())
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]


def expand(what: str) -> list[str]:
    """The files that `what` names, sorted with 2 before 10; `what` itself where it names one file, or none."""
    path = os.path.expanduser(what)
    if is_remote(what):
        return [what]
    if os.path.isdir(path):
        return files_in(path, what) or [what]
    if glob.has_magic(what) and not os.path.lexists(path):
        return files_matching(path, what) or [what]
    return [what]


def files_in(folder: str, what: str) -> list[str]:
    """The files of a folder that are named like pictures."""
    try:
        files = [name for name in os.listdir(folder) if not name.startswith(".")]  # nor macOS's ._NAME
    except OSError:
        return []
    found = wanted_files(files, is_picture, what)
    return [os.path.join(folder, name) for name in found]


def files_matching(pattern: str, what: str) -> list[str]:
    """The files that a pattern finds (`**`: at any depth); of several kinds, the pictures and videos."""
    files = [name for name in glob.iglob(pattern, recursive=True) if not os.path.isdir(name)]
    return wanted_files(files, lambda name: is_picture(name) or is_clip(name), what) or sorted(files, key=natural_key)


def wanted_files(files: Sequence[str], is_wanted: Callable[[str], bool], what: str) -> list[str]:
    found = sorted(filter(is_wanted, files), key=natural_key)
    if found and len(found) < len(files):
        log.info("%s: skipped %d that are not named like pictures", display_name(what), len(files) - len(found))
    return found
