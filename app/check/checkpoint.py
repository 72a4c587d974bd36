"""A model's files: whole, complete, and of the kinds that a loader needs. Nothing is loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.check.findings import Finding, bad
from app.files import is_appledouble
from app.models.corrupt_file import CorruptFile
from app.models.safetensors import Tensor, read_header

PIECES = ("*.incomplete", "*.part", "*.crdownload", ".cache/huggingface/download/**/*.incomplete")
"""What huggingface_hub, curl users and browsers leave of a download that was interrupted."""
MOST_OF_A_REASON = 160
COMPLETE = "take the complete model: ./run.sh models lists those that are known to be"


def leftovers(folder: Path) -> list[str]:
    """Names of what an interrupted download left, relative to the folder."""
    found = (path for pattern in PIECES for path in folder.glob(pattern) if not is_appledouble(path))
    return sorted(str(path.relative_to(folder)) for path in found)


def explain_absence(folder: Path, missing: list[Path]) -> CorruptFile:
    """The reason why the shards `missing` are not there; an empty list stands for: no weights at all."""
    lacking = _listed([path.name for path in missing]) or "there are no weights (*.safetensors)"
    again = "run the download again: it goes on where it stopped"
    if pieces := leftovers(folder):
        return CorruptFile(
            "unfinished-download", f"{lacking}, and {pieces[0]} shows a download that was not finished", again
        )
    if missing:
        return CorruptFile("shard-missing", f"the index names what is not there: {lacking}", again)
    kind, hint = _instead(folder)
    return CorruptFile("no-weights", f"{lacking}{kind}", hint)


def _listed(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 1} more files are missing" if len(names) > 1 else " is missing"
    return names[0] + more


def _instead(folder: Path) -> tuple[str, str]:
    """What is there instead, and what to do about it."""
    if found := _first(folder, "adapter*.safetensors"):
        return f"; {found} is an adapter, which changes a model and is none", "take the model that it was made for"
    if found := _first(folder, "*.gguf"):
        return f"; {found} is for llama.cpp", f"./run.sh check {folder / found}, or {COMPLETE}"
    if found := _first(folder, "*.mlpackage"):
        return f"; {found} is a CoreML export, which mlx-vlm cannot load", COMPLETE
    if found := _first(folder, "*.bin", "*.pt", "*.pth"):
        return f"; {found} is of PyTorch's own kind, which looksay does not open", COMPLETE
    return "", "download the folder again, with its *.safetensors"


def _first(folder: Path, *patterns: str) -> str:
    found = (path.name for pattern in patterns for path in sorted(folder.glob(pattern)))
    return next((name for name in found if not is_appledouble(name)), "")


def one_line(error: Exception) -> str:
    """What a library said, short enough for a sentence."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) <= MOST_OF_A_REASON else text[: MOST_OF_A_REASON - 1] + "…"


INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model folder as its files describe it."""

    folder: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    """config.json."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """Of all weight files that the loader would read, by the names in the files."""

    @property
    def architecture(self) -> str:
        """`model_type` of config.json; empty where it says none."""
        named = self.config.get("model_type")
        return named if isinstance(named, str) else ""


def read(folder: Path) -> tuple[Checkpoint, list[Finding]]:
    """The folder's checkpoint, and what was found. It is empty where anything was bad."""
    try:
        config = _config(folder)
        paths = weight_files(folder)
    except CorruptFile as spoilt:
        return Checkpoint(folder), [bad("files", spoilt)]
    tensors, spoilt_ones = _tensors(paths)
    if spoilt_ones:
        return Checkpoint(folder), [bad("files", each) for each in spoilt_ones]
    return Checkpoint(folder, config, tensors), [_whole(paths, tensors), *_left_behind(folder)]


def weight_files(folder: Path) -> list[Path]:
    """The files that mlx-vlm would load: those of the index where any is there, else every *.safetensors.

    Raises:
        CorruptFile: `no-weights`, `unfinished-download`, `shard-missing` or `index-unreadable`.
    """
    found = [path for path in sorted(folder.glob("*.safetensors")) if _counts(path)]
    shards = _indexed(folder)
    missing = [path for path in shards if not path.is_file()]
    is_stale = len(missing) == len(shards)  # mlx-vlm passes over an index of which no shard is there
    if not found or (missing and not is_stale):
        raise explain_absence(folder, missing)
    if not is_stale:
        return shards
    if all(path.name.startswith("adapter") for path in found):
        raise explain_absence(folder, [])
    return found


def _counts(path: Path) -> bool:
    """No link to nothing, no shadow that a Mac leaves on a stick, no second copy of the weights as Mistral has it."""
    return path.is_file() and not path.name.startswith(".") and not path.name.endswith("consolidated.safetensors")


def _config(folder: Path) -> Mapping[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise CorruptFile(
            "no-config", "there is no config.json", "give the folder that config.json is in, or download it"
        )
    config = _json(path, "config-unreadable")
    if not isinstance(config, dict):
        raise CorruptFile("config-unreadable", "config.json is no JSON object", "download config.json again")
    return config


def _indexed(folder: Path) -> list[Path]:
    """The shards that the index names; none where there is no index."""
    path = folder / INDEX
    if not path.is_file():
        return []
    index = _json(path, "index-unreadable")
    named = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(named, dict) or not all(isinstance(each, str) for each in named.values()):
        raise CorruptFile("index-unreadable", f"{INDEX} has no weight_map", f"download {INDEX} again")
    return [folder / name for name in sorted(set(named.values()))]


def _json(path: Path, code: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        sentence = f"{path.name} is no JSON: {one_line(error)}"
        raise CorruptFile(code, sentence, f"download {path.name} again") from error


def _tensors(paths: list[Path]) -> tuple[dict[str, Tensor], list[CorruptFile]]:
    tensors: dict[str, Tensor] = {}
    spoilt_ones = []
    for path in paths:
        try:
            tensors.update(read_header(path).tensors)
        except CorruptFile as spoilt:
            spoilt_ones.append(spoilt)
    return tensors, spoilt_ones


def _whole(paths: list[Path], tensors: Mapping[str, Tensor]) -> Finding:
    files = "file is" if len(paths) == 1 else "files are"
    return Finding("files", "ok", f"{len(paths)} weight {files} whole: {len(tensors):,} tensors")


def _left_behind(folder: Path) -> list[Finding]:
    """Beside whole weights a piece of a download is litter, and worth a word only if something else is missing."""
    pieces = leftovers(folder)
    if not pieces:
        return []
    sentence = f"{pieces[0]} is left of a download that was not finished"
    return [Finding("files", "note", sentence, "delete it if nothing else is found", "unfinished-download")]
