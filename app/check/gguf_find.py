"""Which two files a person means: a language model in GGUF, and the mmproj beside it.

Goes by names alone, as llama.cpp's own downloads do: every publisher has "mmproj" in the name of the one and not of
the other. What the files really are, gguf_pair.py says.
"""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from app.files import explain, is_appledouble
from app.models.spoilt import Spoilt

SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?!00000)(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True)
class Pair:
    """A language model, and what lends it eyes."""

    text: Path
    """Of several shards the first."""
    mmproj: Path | None


def find_pair(path: Path, mmproj: Path | None = None) -> Pair:
    """`path`: a language model, one of its shards, or a folder of GGUF files; `mmproj`: if it lies elsewhere.

    Raises:
        Spoilt: `missing`, `unreadable`, `no-gguf`, `several-models` or `several-mmprojs`.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        text = _only_text(path) if is_folder else shards(path)[0]
        return Pair(text, mmproj or _only_mmproj(text.parent))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Spoilt("missing", *explain(error, Path(error.filename or path))) from error
    except OSError as error:
        raise Spoilt("unreadable", *explain(error, Path(error.filename or path))) from error


def shards(path: Path) -> list[Path]:
    """All files of a model that is split into several, by the name of one of them; else the file alone."""
    match = SHARD.fullmatch(path.name)
    if not match:
        return [path]
    count = int(match["count"])
    return [path.with_name(f"{match['stem']}-{number:05d}-of-{count:05d}.gguf") for number in range(1, count + 1)]


def mmprojs(folder: Path) -> list[Path]:
    """The mmproj files in a folder, by name."""
    return [path for path in _ggufs(folder) if _is_mmproj(path)]


def _only_text(folder: Path) -> Path:
    found = sorted({shards(path)[0] for path in _ggufs(folder) if not _is_mmproj(path)})
    if not found:
        raise Spoilt("no-gguf", f"{folder} holds no language model in GGUF", "name the .gguf file of one")
    if len(found) > 1:
        raise Spoilt("several-models", f"{folder} holds several models: {_names(found)}", f"name one, as {found[0]}")
    return found[0]


def _only_mmproj(folder: Path) -> Path | None:
    found = mmprojs(folder)
    if len(found) > 1:
        sentence = f"{folder} holds several mmproj files: {_names(found)}"
        raise Spoilt(
            "several-mmprojs", sentence, f"name one, as --mmproj {found[0]}, or leave only one beside the model"
        )
    return found[0] if found else None


def _ggufs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_gguf(path) and not is_appledouble(path))


def is_gguf(path: Path) -> bool:
    """Whether a file's name ends as GGUF files do."""
    return path.name.lower().endswith(".gguf")


def _is_mmproj(path: Path) -> bool:
    return "mmproj" in path.name.lower()


def _names(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths)
