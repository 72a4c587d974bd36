"""What every installed file must be: .models/lock.json, written once at install and compared at every start.

It tells whether a file has changed since it was installed. It does not tell whether a model is any good, and it knows
nothing of folders outside .models: those are "not locked".
"""

import fcntl
import json
import os
import shlex
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from app.errors import ModelError
from app.files import ROOT, is_appledouble
from app.jsonfile import write_atomically
from app.models.digests import digests, reading, sha256
from app.models.registry import fetched_name

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
    path = _path(root)
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
        write_atomically(_path(root), {n: asdict(e) for n, e in {**others, name: entry}.items()})


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
    models = os.path.realpath(_path(root).parent)
    for place in (Path(os.path.realpath(folder.parent), folder.name), Path(os.path.realpath(folder))):
        if str(place.parent) == models:
            return place
    return None


@contextmanager
def _alone(root: Path) -> Generator[None]:
    """Hold the folder .models itself, so that no file of its own is needed. The hold goes with the process."""
    models = _path(root).parent
    models.mkdir(parents=True, exist_ok=True)
    held = os.open(models, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _path(root: Path) -> Path:
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
