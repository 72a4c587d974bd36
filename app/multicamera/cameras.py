"""Several cameras: their names, sources and own settings, from flags or from a cameras.toml."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from app.errors import UsageError
from app.files import explain, read_small, readable, user_path
from app.text import sanitize

LONGEST = 40
"""Letters in a name: it comes before every sentence."""
LONGEST_S = 1e9
"""Seconds between two looks: more is a mistake, and hundreds of digits are too many for a float."""
NAMED = re.compile(r"([^=:/\\]+)=(.+)", re.DOTALL)
"""NAME=SOURCE. Text with a colon or a slash before its first = is a source alone."""
EXAMPLE = 'such as: [Door] and below it source = "camera:1"'


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera."""

    name: str
    source: str
    """As --source takes it."""
    prompt: str | None = None
    watch: tuple[str, ...] | None = None
    every: float | None = None
    """These three as the flags of the same names; None: as for all cameras."""


def of_flags(flags: Sequence[str]) -> tuple[CameraConfig, ...]:
    """The cameras that --camera names.

    Raises:
        UsageError: two have been given the same name, or one a name that cannot be said.
    """
    cameras = tuple(map(of_flag, flags))
    refuse_duplicates([each.name for each in cameras if each.name])
    return with_unique_names(cameras)


def of_flag(text: str) -> CameraConfig:
    """Its name empty where none is given."""
    found = None if os.path.exists(os.path.expanduser(text)) else NAMED.fullmatch(text)
    return CameraConfig(valid_name(found[1]), found[2].strip()) if found else CameraConfig("", text)


def with_unique_names(cameras: Sequence[CameraConfig]) -> tuple[CameraConfig, ...]:
    """The same, each with a unique name: what people would say, with a number where two would be the same."""
    taken, found = {each.name.casefold() for each in cameras}, list[CameraConfig]()
    for each in cameras:
        name = each.name or unique(default_name(each.source), taken)
        taken.add(name.casefold())
        found.append(replace(each, name=name))
    return tuple(found)


def unique(name: str, taken: set[str]) -> str:
    count, found = 1, name
    while found.casefold() in taken:
        count += 1
        found = f"{name} {count}"
    return found


def default_name(source: str) -> str:
    """The camera's own name, the host of a stream, the name of a file."""
    kind, _, rest = source.partition(":")
    if kind == "camera":
        name = f"Camera {rest}" if rest.isdigit() else Path(rest).stem or "Camera"
    elif "://" in source:
        name = host(source) or "Stream"
    else:
        stem = Path(source).stem.replace("_", " ").strip() or "Camera"
        name = {"scenes": "Drawn scenes", "browser": "Browser"}.get(source, stem[:1].upper() + stem[1:])
    return sanitize(name)[:LONGEST].strip() or "Camera"


def host(url: str) -> str:
    """Of a stream's address; empty if it has none or is malformed, which opening it will report."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def of_file(path: Path) -> tuple[CameraConfig, ...]:
    """The cameras of a cameras.toml, in its order.

    Raises:
        UsageError: it cannot be read, or says what is not understood; the message names the line or the table.
    """
    path = user_path(path)
    cameras = tuple(of_table(path, name, table) for name, table in tables(path).items())
    if not cameras:
        raise UsageError(f"no camera in {readable(path)}", EXAMPLE)
    refuse_duplicates([each.name for each in cameras])
    return cameras


def tables(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(read_small(path).decode())
    except (OSError, UnicodeError) as failure:
        raise UsageError(*explain(failure, path)) from failure
    except (ValueError, RecursionError) as failure:  # tomllib's own names the line
        raise UsageError(f"{readable(path)} is not valid TOML: {failure}", EXAMPLE) from failure


def of_table(path: Path, name: str, table: object) -> CameraConfig:
    where = f"{readable(path)}, [{name}]"
    if not isinstance(table, dict):
        raise UsageError(f"{readable(path)}: {name!r} is outside of a table", EXAMPLE)
    known = [each.name for each in fields(CameraConfig) if each.name != "name"]
    if unknown := [key for key in table if key not in known]:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}", f"a camera can have: {', '.join(known)}")
    source, prompt, wishes = table.get("source"), table.get("prompt"), table.get("watch")
    if not is_text(source):
        raise UsageError(f"{where} has no source", 'add source = "…": anything that --source takes')
    if prompt is not None and not is_text(prompt):
        raise UsageError(f"{where}: its prompt is not text", 'such as: prompt = "Who is at the door?"')
    if wishes is not None and not (isinstance(wishes, list) and wishes and all(map(is_text, wishes))):
        raise UsageError(f"{where}: its watch is not a list of texts", 'such as: watch = ["a person at the door"]')
    return CameraConfig(
        valid_name(name, where), source, prompt, tuple(wishes) if wishes else None, seconds(where, table.get("every"))
    )


def is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def seconds(where: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_S:
        raise UsageError(f"{where}: its every is not a number of seconds", "such as: every = 2.5")
    return float(value)


def valid_name(name: str, where: str = "") -> str:
    """The name, if it can come before a sentence."""
    found = " ".join(name.split())
    if not found or found != sanitize(found) or len(found) > LONGEST:
        subject = f"{where}: the name" if where else f"the camera name {sanitize(name)[:LONGEST]!r}"
        raise UsageError(f"{subject} must be 1 to {LONGEST} plain letters long", "use a short one, such as Door")
    return found


def refuse_duplicates(names: Sequence[str]) -> None:
    """Raise UsageError for two names that sound the same."""
    for count, name in enumerate(names):
        if name.casefold() in [each.casefold() for each in names[:count]]:
            raise UsageError(f"two cameras are named {name!r}", "give each a name of its own")
