"""What mlx-vlm lets pass in silence, and what it would run, is refused."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import mlx.core as mx
import pytest
from mlx import nn

from app.backends.mlx.loading import has_eyes, load
from app.errors import ModelError
from tests.backends.mlx.folders import folder


def copied(name: str, target: Path) -> Path:
    return shutil.copytree(folder(name), target / name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *[("smolvlm-mlx", "vision_model"), ("smolvlm-mlx", "connector"), ("smolvlm-hub", "vision_model")],
        *[("lfm2-vl", "vision_tower"), ("lfm2-vl", "multi_modal_projector"), ("qwen3-vl", "visual")],
        *[("fastvlm-mlx", "vision_tower"), ("fastvlm-mlx", "mm_projector")],
    ],
)
def test_a_checkpoint_without_a_tower_or_connector_is_refused(name: str, part: str, tmp_path: Path) -> None:
    copy = copied(name, tmp_path)
    file = copy / "model.safetensors"
    tensors = mx.load(str(file))
    left = {each: tensor for each, tensor in tensors.items() if part not in each}
    assert 0 < len(left) < len(tensors)
    file.unlink()
    mx.save_safetensors(str(file), left, {"format": "mlx" if name.endswith("mlx") else "pt"})
    with pytest.raises(ModelError) as refusal:
        load(copy)
    assert refusal.value.hint


def test_a_language_model_alone_has_no_eyes() -> None:
    blind = nn.Module()
    blind.language_model = nn.Linear(2, 2)
    assert not has_eyes(blind)
    blind.vision_tower = nn.Linear(2, 2)
    assert has_eyes(blind)
    blind.multi_modal_projector = None
    assert not has_eyes(blind)


@pytest.mark.parametrize("name", ["fastvlm-mlx", "lfm2-vl", "qwen3-vl"])
def test_a_model_without_a_chat_template_is_refused(name: str, tmp_path: Path) -> None:
    copy = copied(name, tmp_path)
    for path in copy.glob("chat_template*"):
        path.unlink()
    for path in copy.glob("*.json"):
        said = json.loads(path.read_text())
        if isinstance(said, dict) and said.pop("chat_template", None):
            path.write_text(json.dumps(said))
    with pytest.raises(ModelError, match="no chat template"):
        load(copy)


def test_a_program_in_the_folder_is_never_run(tmp_path: Path) -> None:
    """mlx-vlm runs `model_file`, and transformers what `auto_map` names, if they are let."""
    copy, left = copied("smolvlm-mlx", tmp_path), tmp_path / "was-here"
    (copy / "own.py").write_text(f"open({str(left)!r}, 'w')\n")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_file": "own.py"}))
    with pytest.raises(ModelError, match="program of its own"):
        load(copy)
    assert not left.exists()


@pytest.mark.parametrize("name", ["smolvlm-mlx", "fastvlm-mlx", "lfm2-vl"])
def test_a_program_that_the_tokenizer_names_is_never_run(name: str, tmp_path: Path) -> None:
    copy, left = copied(name, tmp_path), tmp_path / "was-here"
    (copy / "own.py").write_text(f"open({str(left)!r}, 'w')\n")
    path = copy / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoTokenizer": ["own.Own", None]}}))
    with suppress(ModelError):
        load(copy)
    assert not left.exists()
