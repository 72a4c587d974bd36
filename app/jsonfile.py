"""Small JSON files that are there whole or not at all, and what is kept from one start to the next.

Nothing here is needed: what cannot be recalled is found out again. It does not know what the files hold.
"""

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def load_cached(path: Path) -> dict[str, Any]:
    """What was kept; empty where there is nothing, or nothing that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def save_cached(path: Path, content: Mapping[str, object]) -> None:
    """Keep it for the next start. A disk that cannot be written to only means finding it out again."""
    with suppress(OSError):
        write_atomically(path, content)


def write_atomically(path: Path, content: Mapping[str, object]) -> None:
    """Put the content in the file's place at once: who reads meanwhile finds the former or the new one.

    Raises:
        OSError: the disk is full, or cannot be written to. The former content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}")
    try:
        half.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)
