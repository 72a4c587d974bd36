"""Small JSON files, written whole or not at all, and caches that last from one start to the next."""

import json
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def as_line(content: Mapping[str, object], *, allow_nan: bool = True) -> str:
    """JSON on one line, letters as they are; a file name's bytes that are not UTF-8 as escapes, which JSON can hold."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=allow_nan)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def load_cached(path: Path) -> dict[str, Any]:
    """The object in the file; empty if it is missing or cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def save_cached(path: Path, content: Mapping[str, object]) -> None:
    """Write the file; where that fails, the next start only has to compute it again."""
    with suppress(OSError):
        write_atomically(path, content)


def write_atomically(path: Path, content: Mapping[str, object]) -> None:
    """Replace the file in one step: readers find the old content or the new one.

    Raises:
        OSError: the disk is full or cannot be written to; the old content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}")
    try:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
