"""Which files are meant: those of a folder, or those that a pattern finds. Folders in folders are not entered."""

import glob
import logging
import os
from collections.abc import Callable, Sequence

from app.image_files.names import called, is_clip, is_picture, is_remote, natural

log = logging.getLogger(__name__)


def expand(what: str) -> list[str]:
    """The files that `what` names, as a person sorts them (2 before 10); `what` itself where it names one, or none."""
    path = os.path.expanduser(what)
    if is_remote(what):
        return [what]
    if os.path.isdir(path):
        return inside(path, what) or [what]
    if glob.has_magic(what) and not os.path.lexists(path):
        return matching(path, what) or [what]
    return [what]


def inside(folder: str, what: str) -> list[str]:
    """The files of a folder that end like pictures."""
    try:
        files = [name for name in os.listdir(folder) if not name.startswith(".")]  # nor macOS's ._NAME
    except OSError:
        return []
    found = chosen(files, is_picture, what)
    return [os.path.join(folder, name) for name in found]


def matching(pattern: str, what: str) -> list[str]:
    """The files that a pattern finds (`**`: at any depth); of several kinds, those that end like pictures or videos."""
    files = [name for name in glob.iglob(pattern, recursive=True) if not os.path.isdir(name)]
    return chosen(files, lambda name: is_picture(name) or is_clip(name), what) or sorted(files, key=natural)


def chosen(files: Sequence[str], is_wanted: Callable[[str], bool], what: str) -> list[str]:
    found = sorted(filter(is_wanted, files), key=natural)
    if found and len(found) < len(files):
        log.info("%s: left out %d that do not end like pictures", called(what), len(files) - len(found))
    return found
