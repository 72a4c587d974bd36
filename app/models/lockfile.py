"""The SHA-256 of a folder's files, without reading those that have not been touched since they were read last.

A file counts as untouched while its size, its inode and the times of its last change (to the nanosecond; the system's
own mark of it cannot be set back by a program) are what they were. What was changed within two seconds of being read
is read again, for it may have changed once more within the clock's grain.
"""

import fcntl
import hashlib
import json
import os
import shlex
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from app.errors import ModelError
from app.files import ROOT, explain, is_appledouble
from app.jsonfile import load_cached, save_cached, write_atomically
from app.models.registry import fetched_name

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


def cache_path(root: Path) -> Path:
    return root / ".cache" / "digests.json"


def _recalled(root: Path) -> Remembered:
    """Entries of another shape are passed over: then the file is read."""
    kept = load_cached(cache_path(root)).items()
    return {path: (was[0], was[1]) for path, was in kept if isinstance(was, list) and len(was) == 2}


def _keep(known: Remembered, root: Path) -> None:
    save_cached(cache_path(root), {path: was for path, was in known.items() if os.path.exists(path)})


def _loaded(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.suffix[1:] in LOADED and not is_appledouble(path))
    return sorted(path for path in files if not path.is_dir())


Trust = Literal["pinned", "recorded at install", "not locked"]
"""How far a folder is known: checked against the registry's hash, against what came at install, or not at all."""

FINDERS_OWN = ".DS_Store"  # macOS puts it into every folder that is looked at


@dataclass(frozen=True, slots=True)
class Mark:
    """What one file must be."""

    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One installed model."""

    repository: str
    revision: str
    """The commit that was taken."""
    trust: Trust
    made: Mapping[str, str | int]
    """What was made of it, with what: bits, group_size, versions."""
    files: Mapping[str, Mark]
    """By path inside the folder."""
    licence: str = ""
    """As the hub named it, for what is in no table of the registry."""


def entries(root: Path = ROOT) -> dict[str, Entry]:
    """Every installed model, by name; empty before the first.

    Raises:
        ModelError: the lock file cannot be read.
    """
    path = lock_path(root)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: _entry(each) for name, each in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{path} cannot be read: {type(error).__name__}: {error}",
            f"rm {shlex.quote(str(path))}, then ./install.sh writes it anew",
        ) from error


def write(name: str, entry: Entry, root: Path = ROOT) -> None:
    """Put the entry into the lock file, whole or not at all. One that cannot be read is begun anew.

    Installations of two models at once wait for one another here, so that neither loses the other's entry.

    Raises:
        OSError: the disk is full, or cannot be written to.
    """
    with _alone(root):
        try:
            others = entries(root)
        except ModelError:
            others = {}
        write_atomically(lock_path(root), {n: asdict(e) for n, e in {**others, name: entry}.items()})


def marks(folder: Path) -> dict[str, Mark]:
    """What every file in the folder is now."""
    return {name: Mark(sha256(folder / name), (folder / name).stat().st_size) for name in _names(folder)}


def verify(folder: Path, root: Path = ROOT, *, afresh: bool = False) -> Trust:
    """Compare every file of an installed model with the lock file.

    A file that has not been touched since it was last read is not read again (digests.py), unless all are to be read
    `afresh`: 500 MB take a third of a second.

    Raises:
        ModelError: a file has changed, is missing, was added or cannot be read; or the lock file does not know the
            folder.
    """
    place = _place(folder, root)
    if place is None:
        return "not locked"
    entry = entries(root).get(place.name)
    if entry is None:
        raise ModelError(f"{place} was not recorded at install", _remedy(place))
    with reading(place):
        _compare(place, entry, root, afresh)
    return entry.trust


def _place(folder: Path, root: Path) -> Path | None:
    """The folder as a place in .models; None if it is elsewhere.

    Inside is what lies there, also where it is only a link to elsewhere; and what a link from elsewhere leads to.
    """
    models = os.path.realpath(lock_path(root).parent)
    for place in (Path(os.path.realpath(folder.parent), folder.name), Path(os.path.realpath(folder))):
        if str(place.parent) == models:
            return place
    return None


@contextmanager
def _alone(root: Path) -> Generator[None]:
    """Hold the folder .models itself, so that no file of its own is needed. The hold goes with the process."""
    models = lock_path(root).parent
    models.mkdir(parents=True, exist_ok=True)
    held = os.open(models, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def lock_path(root: Path) -> Path:
    return root / ".models" / "lock.json"


def _entry(found: dict[str, Any]) -> Entry:
    files = {name: Mark(**mark) for name, mark in found["files"].items()}
    return Entry(found["repository"], found["revision"], found["trust"], found["made"], files, found.get("licence", ""))


def _names(folder: Path) -> list[str]:
    files = (path for path in _inside(folder) if path.name != FINDERS_OWN and not is_appledouble(path))
    return sorted(path.relative_to(folder).as_posix() for path in files)


def _inside(folder: Path) -> Iterator[Path]:
    """Everything but folders, at any depth; a link to a folder counts, for a loader would follow it.

    Raises:
        OSError: a folder cannot be listed.
    """
    with os.scandir(folder) as found:
        for each in found:
            if each.is_dir(follow_symlinks=False):
                yield from _inside(Path(each.path))
            else:
                yield Path(each.path)


def _compare(folder: Path, entry: Entry, root: Path, afresh: bool) -> None:
    there = set(_names(folder))
    for name in sorted(entry.files.keys() | there):
        if name not in there:
            raise ModelError(f"{folder / name} is missing", _remedy(folder))
        if name not in entry.files:
            away = f"rm {shlex.quote(str(folder / name))}"
            raise ModelError(f"{folder / name} does not belong there", f"{away}, or {_remedy(folder)}")
    found = digests([folder / name for name in there], root, afresh=afresh)
    for name in sorted(there):
        if found[folder / name] != entry.files[name].sha256:
            raise ModelError(f"{folder / name} has changed since it was installed", _remedy(folder))


def _remedy(folder: Path) -> str:
    name = shlex.quote(fetched_name(folder))
    return f"./install.sh --model {name} fetches it anew; your own models belong outside .models"
