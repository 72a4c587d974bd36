"""The SHA-256 of a folder's files, without reading those that have not been touched since they were read last.

A file counts as untouched while its size, its inode and the times of its last change (to the nanosecond; the system's
own mark of it cannot be set back by a program) are what they were. What was changed within two seconds of being read
is read again, for it may have changed once more within the clock's grain.
"""

import hashlib
import os
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from app.errors import ModelError
from app.files import ROOT, explain, is_appledouble
from app.jsonfile import load_cached, save_cached

LOADED = ("json", "jsonl", "safetensors", "txt", "jinja", "model", "tiktoken")
"""How the names of those files end that a loader reads: weights, configs, and what tokenizers and templates are in."""
TEMPLATES = "additional_chat_templates"
"""The one folder inside a model's folder that is looked into."""
GRAIN_NS = 2_000_000_000
Remembered = dict[str, tuple[list[int], str]]
"""By absolute path: how the file stood when it was read, and its SHA-256."""


def digests(files: Iterable[Path], root: Path = ROOT, *, afresh: bool = False) -> dict[Path, str]:
    """The SHA-256 of each file, in hex; about 1 ms for a model that has not been touched, else 0.7 s a gigabyte.

    `afresh`: read every file, whatever is remembered.

    Raises:
        OSError: a file cannot be read.
    """
    known = {} if afresh else _recalled(root)
    fresh: Remembered = {}
    found: dict[Path, str] = {}
    for file in files:
        stands = _stands(file)
        was = known.get(str(file.absolute()))
        if was is None or was[0] != stands:
            was = (stands, sha256(file))
            if _is_settled(stands):
                fresh[str(file.absolute())] = was
        found[file] = was[1]
    if fresh:
        _keep({**_recalled(root), **fresh}, root)
    return found


def folder_digests(folder: Path, root: Path = ROOT) -> dict[str, str]:
    """The SHA-256 of every file that a loader may read, by its name inside the folder.

    What else lies there, a disk image of 6 GB perhaps, is not read.

    Raises:
        ModelError: the folder, or a file of it, cannot be read.
    """
    with reading(folder):
        templates = folder / TEMPLATES
        files = [*_loaded(folder), *(_loaded(templates) if templates.is_dir() else ())]
        return {file.relative_to(folder).as_posix(): each for file, each in digests(files, root).items()}


@contextmanager
def reading(path: Path) -> Generator[None]:
    """The border to the disk that models lie on: names what cannot be read, or `path` if the system does not say.

    Raises:
        ModelError: in the place of every OSError.
    """
    try:
        yield
    except OSError as error:
        raise ModelError(*explain(error, Path(error.filename or path))) from error


def sha256(path: Path) -> str:
    """The file's SHA-256, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stands(file: Path) -> list[int]:
    stat = file.stat()
    return [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]


def _is_settled(stands: list[int]) -> bool:
    return max(stands[2:]) < time.time_ns() - GRAIN_NS


def _path(root: Path) -> Path:
    return root / ".cache" / "digests.json"


def _recalled(root: Path) -> Remembered:
    """Entries of another shape are passed over: then the file is read."""
    kept = load_cached(_path(root)).items()
    return {path: (was[0], was[1]) for path, was in kept if isinstance(was, list) and len(was) == 2}


def _keep(known: Remembered, root: Path) -> None:
    save_cached(_path(root), {path: was for path, was in known.items() if os.path.exists(path)})


def _loaded(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.suffix[1:] in LOADED and not is_appledouble(path))
    return sorted(path for path in files if not path.is_dir())
