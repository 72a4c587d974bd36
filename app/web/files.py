"""The files that a browser is given, read once: some 30 small ones, all of which every window asks for at once.

Each from the disk, through a thread of its own, took 20 ms; that was half of what it took to open the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class File:
    """One of them."""

    content: bytes
    kind: str


@cache
def files() -> Mapping[str, File]:
    """By name; a path that leads anywhere else is no name of one."""
    found = (each for each in STATIC.iterdir() if each.suffix in KINDS)
    return {each.name: File(each.read_bytes(), KINDS[each.suffix]) for each in found}
