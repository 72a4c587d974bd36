"""Why a folder has no weights, or not all of them: what lies there in their place."""

from pathlib import Path

from app.files import is_appledouble
from app.models.spoilt import Spoilt

PIECES = ("*.incomplete", "*.part", "*.crdownload", ".cache/huggingface/download/**/*.incomplete")
"""What huggingface_hub, curl users and browsers leave of a download that was interrupted."""
MOST_OF_A_REASON = 160
COMPLETE = "take the complete model: ./run.sh models lists those that are known to be"


def leftovers(folder: Path) -> list[str]:
    """Names of what an interrupted download left, relative to the folder."""
    found = (path for pattern in PIECES for path in folder.glob(pattern) if not is_appledouble(path))
    return sorted(str(path.relative_to(folder)) for path in found)


def explain_absence(folder: Path, missing: list[Path]) -> Spoilt:
    """The reason why the shards `missing` are not there; an empty list stands for: no weights at all."""
    lacking = _listed([path.name for path in missing]) or "there are no weights (*.safetensors)"
    again = "run the download again: it goes on where it stopped"
    if pieces := leftovers(folder):
        return Spoilt(
            "unfinished-download", f"{lacking}, and {pieces[0]} shows a download that was not finished", again
        )
    if missing:
        return Spoilt("shard-missing", f"the index names what is not there: {lacking}", again)
    kind, hint = _instead(folder)
    return Spoilt("no-weights", f"{lacking}{kind}", hint)


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
