"""Eyes by the names of tensors, in the hub's and in MLX's ways of naming."""

import re
from pathlib import Path

import pytest

from app.check.checkpoint import Checkpoint
from app.check.findings import Finding
from app.check.fit import FAMILIES, look
from app.models.registry import registered
from app.models.safetensors import Tensor

NAMED = {
    "smolvlm": (
        "model.vision_model.encoder.layers.0.mlp.fc1.weight",
        "model.connector.modality_projection.proj.weight",
    ),
    "idefics3": ("vision_model.post_layernorm.weight", "connector.modality_projection.proj.weight"),
    "llava_qwen2": ("model.vision_tower.vision_tower.model.head.proj", "model.mm_projector.0.weight"),
    "fastvlm": ("vision_tower.vision_model.head.proj", "mm_projector.layers.0.weight"),
    "llava-qwen2": ("model.vision_tower.vision_tower.vision_model.head.weight", "model.mm_projector.0.weight"),
    "lfm2_vl": ("model.vision_tower.vision_model.encoder.x", "model.multi_modal_projector.linear_1.weight"),
    "lfm2-vl": ("vision_tower.encoder.layers.0.x", "multi_modal_projector.linear_1.weight"),
    "qwen3_vl": ("model.visual.blocks.0.attn.qkv.weight", "model.visual.merger.norm.weight"),
}
TEXT = "language_model.model.layers.0.self_attn.q_proj.weight"


def found(architecture: str, *names: str, folder: Path = Path("nowhere")) -> list[Finding]:
    tensors = {name: Tensor("F32", (1,)) for name in names}
    return look(Checkpoint(folder, {"model_type": architecture}, tensors))


@pytest.mark.parametrize("architecture", NAMED)
def test_a_tower_and_a_connector_are_eyes(architecture: str) -> None:
    assert [each.status for each in found(architecture, TEXT, *NAMED[architecture])] == ["ok"]


@pytest.mark.parametrize("architecture", NAMED)
@pytest.mark.parametrize("kept", [(), (0,), (1,)])
def test_without_tower_or_connector_there_are_no_eyes(architecture: str, kept: tuple[int, ...]) -> None:
    (finding,) = found(architecture, TEXT, *(NAMED[architecture][i] for i in kept))
    assert (finding.status, finding.code) == ("bad", "no-eyes")
    assert ("connector" in finding.sentence) == (kept != (1,))
    assert ("vision tower is" in finding.sentence) == (kept == (1,))


def test_a_coreml_tower_beside_the_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "fastvithd.mlpackage").mkdir()
    (finding,) = found("llava_qwen2", TEXT, folder=tmp_path)
    assert "fastvithd.mlpackage" in finding.sentence


def test_every_remedy_names_a_registered_model() -> None:
    for family in FAMILIES.values():
        named = re.search(r"--model (\S+)", family.hint)
        assert named
        assert named[1] in registered()
