"""What comes to lie under a model file's name when a download goes wrong: nothing, a pointer, a web page.

Of every kind of file alike; what else a file may be, its own reader says.
"""

from pathlib import Path

from app.models.spoilt import Spoilt


def refuse_placeholders(path: Path, start: bytes) -> None:
    """Judge a file by its first bytes, of which some hundred are enough.

    Raises:
        Spoilt: `empty`, `lfs-pointer` or `html-page`.
    """
    again = f"download {path.name} again"
    if not start:
        raise Spoilt("empty", f"{path.name} is empty", again)
    if start.startswith(b"version https://git-lfs"):
        hint = f"run git lfs pull where it was cloned, or {again}"
        raise Spoilt("lfs-pointer", f"{path.name} is a Git LFS pointer, not the weights that it points to", hint)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise Spoilt("html-page", f"{path.name} is a web page, not weights", f"{again}, from the file's own address")
