"""What every version is shown: small models of each family, some of them without eyes, and the demo model."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import mlx.core as mx
from PIL import Image

from models.demo.training.exams import sample_exam
from tests.fixtures.families import NAMES, make

DEMO = Path(__file__).parents[2] / "models" / "demo"
PICTURES = 12
TOWER = re.compile("vision_(tower|model)")
EYELESS = {f"{name}, no tower": name for name in ("smolvlm-hub", "fastvlm-apple", "fastvlm-mlx", "lfm2-vl")}
ALL = (*NAMES, *EYELESS, "demo")


def write_models(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Every model by its name; made in `folder` where it does not lie in the project."""
    return {name: DEMO if name == "demo" else _write(name, folder / name.replace(", ", "-")) for name in names}


def _write(name: str, folder: Path) -> Path:
    make(EYELESS.get(name, name), folder)
    if "fastvlm" in name:
        _make_frames_small(folder / "preprocessor_config.json")
    if name in EYELESS:
        _take_tower_away(folder / "model.safetensors")
    return folder


def _make_frames_small(path: Path) -> None:
    """256×256 instead of 1024×1024: its tower is full-size, and takes a minute a frame on a CPU."""
    path.write_text(path.read_text().replace("1024", "256"))


def _take_tower_away(path: Path) -> None:
    tensors, about = mx.load(str(path), return_metadata=True)
    assert isinstance(tensors, dict)
    assert isinstance(about, dict)
    kept = {name: tensor for name, tensor in tensors.items() if not TOWER.search(name)}
    mx.save_safetensors(str(path), kept, metadata=about)


def write_pictures(folder: Path) -> Path:
    """Scenes of the demo model's world, and in `captions.json` what is to be said of each."""
    folder.mkdir(parents=True, exist_ok=True)
    questions = {f"{number}.png": each for number, each in enumerate(sample_exam("stills", PICTURES))}
    for name, question in questions.items():
        Image.fromarray(question.tiles[0]).save(folder / name)
    (folder / "captions.json").write_text(json.dumps({name: each.answer for name, each in questions.items()}))
    return folder
