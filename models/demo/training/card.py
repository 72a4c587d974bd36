"""Writes the model card: `python -m models.demo.training.card CHECKPOINTS FOLDER`.

Takes the scores and the parity that were written into CHECKPOINTS as scores.json and parity.json, and hashes every
file of FOLDER. It measures nothing itself.
"""

import argparse
import hashlib
import json
import struct
from importlib.metadata import version
from math import prod
from pathlib import Path
from string import Template
from typing import Any

from models.demo.training.exams import EXAMS, SEED

_LEARNED = {
    "eyes": "where shapes are, of which colour and kind (vision tower alone)",
    "stills": "words about single pictures",
    "clips": "single pictures and clips of 2 to 4 frames",
}


def card(checkpoints: Path, folder: Path) -> str:
    """The text of the card."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "README.md")
    scores, parity = _read(checkpoints / "scores.json"), _read(checkpoints / "parity.json")
    return Template((Path(__file__).parent / "card.md").read_text()).substitute(
        megabytes=f"{sum(path.stat().st_size for path in files) / 1e6:.1f}",
        parameters=f"{_parameters(folder / 'model.safetensors') / 1e6:.2f} million",
        mlx_vlm=version("mlx-vlm"),
        transformers=version("transformers"),
        seed=SEED,
        missed=_missed(scores),
        scores="\n".join(_score_line(score) for score in scores),
        same=parity["same"],
        compared=parity["asked"],
        difference=f"{parity['largest_difference']:.1e}",
        stages="\n".join(_stage_line(*stage) for stage in _read(checkpoints / "record.json")),
        files="\n".join(f"| `{path.name}` | {path.stat().st_size:,} | `{_hash(path)}` |" for path in files),
    )


def _score_line(score: dict[str, Any]) -> str:
    exam = EXAMS[score["exam"]]
    return f"| {score['exam']} | {exam.says} | {score['asked']} | {_share(score):.1%} | {exam.bar:.0%} |"


def _missed(scores: list[dict[str, Any]]) -> str:
    names = [score["exam"] for score in scores if _share(score) < EXAMS[score["exam"]].bar]
    return f"Below what was wanted: {', '.join(names)}." if names else "All are as good as was wanted."


def _share(score: dict[str, Any]) -> float:
    return float(score["right"] / score["asked"])


def _stage_line(stage: str, steps: int, seconds: float) -> str:
    return f"| {stage} | {_LEARNED[stage]} | {steps:,} | {seconds / 60:.1f} |"


def _parameters(weights: Path) -> int:
    """Counted from the header of the safetensors file."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    (arguments.folder / "README.md").write_text(card(arguments.checkpoints, arguments.folder))


if __name__ == "__main__":
    main()
