"""What the loader expects against what it found, as tables of names and shapes."""

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.check import fit as rope
from app.check.checkpoint import Checkpoint
from app.check.findings import Finding
from app.check.fit import FAMILIES, Plan, Shapes, in_range, judge_plan, look
from app.models.registry import Bound, Card, registered
from app.models.safetensors import Tensor

TOWER = {"vision_model.fc.weight": (8, 8)}
MODEL = {**TOWER, "language_model.layers.0.q_proj.weight": (64, 64), "language_model.norm.weight": (64,)}
LAYER = "language_model.layers.0.q_proj"
FOUR_BITS = {**MODEL, f"{LAYER}.weight": (64, 8), f"{LAYER}.scales": (64, 1), f"{LAYER}.biases": (64, 1)}
EIGHT_BITS = {**FOUR_BITS, f"{LAYER}.weight": (64, 16)}


def codes(expected: Shapes, found: Shapes, architecture: str = "smolvlm", dropped: tuple[str, ...] = ()) -> list[str]:
    checkpoint = Checkpoint(Path("nowhere"), {"model_type": architecture})
    findings = judge_plan(checkpoint, Plan(expected, found, None, dropped))
    assert all(each.hint for each in findings if each.status == "bad")
    return [each.code for each in findings]


def without(shapes: Shapes, *parts: str) -> Shapes:
    return {name: shape for name, shape in shapes.items() if not any(part in name for part in parts)}


@pytest.mark.parametrize("shapes", [MODEL, FOUR_BITS])
def test_what_is_expected_is_ok(shapes: Shapes) -> None:
    assert codes(shapes, shapes) == [""]


@pytest.mark.parametrize(
    ("expected", "found", "code"),
    [
        (MODEL, without(MODEL, "norm"), ["tensors-missing"]),
        (MODEL, {**MODEL, "audio.weight": (2,)}, ["tensors-foreign"]),
        (MODEL, {**without(MODEL, "norm"), "audio.weight": (2,)}, ["tensors-missing", "tensors-foreign"]),
        (MODEL, {**MODEL, "language_model.norm.weight": (32,)}, ["shapes"]),
        (MODEL, {**MODEL, "vision_tower.fc.weight": (8, 8)}, ["tensors-foreign"]),
        (FOUR_BITS, without(FOUR_BITS, "q_proj"), ["tensors-missing"]),
        (MODEL, {**MODEL, "language_model.layers.1.q_proj.scales": (64, 1)}, ["tensors-foreign"]),
    ],
)
def test_every_difference_is_told(expected: Shapes, found: Shapes, code: list[str]) -> None:
    assert codes(expected, found) == code


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (MODEL, FOUR_BITS),
        (FOUR_BITS, EIGHT_BITS),
        (FOUR_BITS, {**FOUR_BITS, f"{LAYER}.scales": (64, 2), f"{LAYER}.biases": (64, 2)}),
        (FOUR_BITS, MODEL),
        (MODEL, {**without(MODEL, "q_proj"), f"{LAYER}.qweight": (8, 64), f"{LAYER}.qzeros": (1, 8)}),
        (MODEL, {**MODEL, f"{LAYER}.weight": (2048, 1), f"{LAYER}.weight.absmax": (64,)}),
    ],
    ids=["not said", "other bits", "other groups", "said and not done", "gptq", "bitsandbytes"],
)
def test_layers_that_are_packed_otherwise_are_about_quantization(expected: Shapes, found: Shapes) -> None:
    assert codes(expected, found) == ["quantization"]


def test_another_vocabulary_is_a_shape_in_a_quantized_model_too() -> None:
    more_rows = {**FOUR_BITS, f"{LAYER}.weight": (96, 8), f"{LAYER}.scales": (96, 1), f"{LAYER}.biases": (96, 1)}
    assert codes(FOUR_BITS, more_rows) == ["shapes"]


def test_another_width_is_a_shape_in_a_quantized_model_too() -> None:
    wider = {**FOUR_BITS, f"{LAYER}.weight": (64, 16), f"{LAYER}.scales": (64, 2), "language_model.norm.weight": (128,)}
    assert codes(FOUR_BITS, wider) == ["shapes"]


@pytest.mark.parametrize("architecture", ["gemma3", "llama", "somethingnew"])
def test_an_architecture_whose_whole_tower_is_missing_has_no_eyes(architecture: str) -> None:
    assert codes(MODEL, without(MODEL, "vision"), architecture) == ["no-eyes"]


def test_a_tower_that_the_loader_gave_up_is_missing_though_nothing_else_is() -> None:
    text = without(MODEL, "vision")
    assert codes(text, text, "gemma3", dropped=("vision_tower",)) == ["no-eyes"]
    projector = {**text, "vision_projector.weight": (8, 8)}
    assert codes(projector, projector, "gemma3", dropped=("vision_tower",)) == ["no-eyes"]


def test_ears_that_the_loader_gave_up_are_not_needed_for_seeing() -> None:
    assert codes(MODEL, MODEL, "gemma4", dropped=("audio_tower",)) == [""]


def test_a_language_model_alone_has_no_eyes() -> None:
    text = without(MODEL, "vision")
    assert codes(text, text, "llama") == ["no-eyes"]


def test_an_architecture_of_unheard_of_names_that_takes_pictures_gets_the_benefit_of_the_doubt() -> None:
    text = without(MODEL, "vision")
    assert codes(text, text, "florence2") == [""]


TILES = Bound(least="0.6.14", why="it saw the top-left tile only")
TORCH = Bound(least="0.4.1", why="it asked for torch")
BROKEN = Bound(before="0.8", why="it renames the connector")


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ("0.7.10", []),
        ("0.6.14", []),
        ("0.6.9", ["loader-too-old"]),
        ("0.6.14rc1", ["loader-too-old"]),
        ("0.4.0", ["loader-too-old", "loader-too-old"]),
        ("0.8.0", ["loader-too-new"]),
        ("0.10.0", ["loader-too-new"]),
        ("1.0", ["loader-too-new"]),
    ],
)
def test_a_version_outside_the_range_is_told_with_the_reason(version: str, codes: list[str]) -> None:
    bounds = (TILES, TORCH, BROKEN)
    found = in_range(Card("smolvlm2-256m", loader=bounds), version)
    assert [each.code for each in found if each.status == "bad"] == codes
    for each in found:
        if each.status == "bad":
            assert any(bound.why in each.sentence for bound in bounds)
            assert "./install.sh" in each.hint


def test_a_version_within_the_range_is_told_with_it() -> None:
    (found,) = in_range(Card("x", loader=(TILES, BROKEN)), "0.7.10")
    assert found.sentence == "mlx-vlm 0.7.10; this model needs 0.6.14 or later and one before 0.8"


def test_a_model_without_bounds_takes_any_version() -> None:
    (found,) = in_range(Card("x"), "0.3.9")
    assert (found.status, found.sentence) == ("ok", "mlx-vlm 0.3.9")


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


SAID = {"rope_theta": 100_000}
NOWHERE = Path("nowhere")


@pytest.mark.parametrize(
    ("architecture", "said", "used", "code"),
    [
        ("smolvlm", {"text_config": SAID}, 100_000.0, []),
        ("smolvlm", {"text_config": {"rope_parameters": SAID}}, 1e6, ["rope-theta"]),
        ("smolvlm", {}, 1e6, ["rope-theta"]),
        ("lfm2_vl", {}, 1e6, []),
        ("lfm2_vl", {"text_config": {"rope_parameters": SAID}}, 1e6, ["rope-theta"]),
        ("gemma4", {"text_config": {"rope_parameters": {"full_attention": SAID}}}, 1e4, []),
        ("gemma4", {}, None, []),
        ("smolvlm", {"text_config": {"rope_theta": None}}, None, ["rope-theta"]),
        ("lfm2_vl", {"text_config": {"rope_theta": "x"}}, "x", ["rope-theta"]),
        ("gemma4", {"text_config": {"rope_theta": None, "rope_parameters": {"full_attention": SAID}}}, None, []),
    ],
)
def test_what_the_loader_would_guess_is_told(
    architecture: str, said: dict[str, Any], used: object, code: list[str]
) -> None:
    loaders = SimpleNamespace(text_config=SimpleNamespace(rope_theta=used))
    found = rope.counting(Checkpoint(NOWHERE, {"model_type": architecture, **said}), loaders)
    assert [each.code for each in found] == code


def test_a_config_of_the_loader_without_a_text_part_says_nothing_about_rope() -> None:
    for said in ({}, SAID):
        assert rope.counting(Checkpoint(NOWHERE, {"model_type": "florence2", **said}), SimpleNamespace()) == []


@pytest.mark.parametrize("family", ["cohere_compass", "zaya1_vl"])
def test_a_loader_that_reads_rope_parameters_itself_does_not_guess(family: str) -> None:
    said = {"rope_parameters": {"rope_theta": 50_000.0, "rope_type": "default"}}
    its = import_module(f"mlx_vlm.models.{family}.config").TextConfig.from_dict(said)
    assert its.rope_theta != 50_000
    checkpoint = Checkpoint(NOWHERE, {"model_type": family, "text_config": said})
    assert rope.counting(checkpoint, SimpleNamespace(text_config=its)) == []


@pytest.mark.parametrize("family", rope.CARRIED)
def test_a_loader_that_only_carries_rope_parameters_along_guesses(family: str) -> None:
    said = {"rope_parameters": {"rope_theta": 50_000.0}}
    its = import_module(f"mlx_vlm.models.{family}.config").TextConfig.from_dict(said)
    checkpoint = Checkpoint(NOWHERE, {"model_type": family, "text_config": said})
    found = rope.counting(checkpoint, SimpleNamespace(text_config=its))
    assert [each.code for each in found] == ["rope-theta"]


def test_rope_parameters_of_the_loaders_own_making_are_not_what_config_json_says() -> None:
    its = SimpleNamespace(rope_theta=1e6, rope_parameters={"rope_theta": 1e6})
    for said, code in (({"rope_parameters": {"rope_theta": 5e4}}, ["rope-theta"]), ({}, ["rope-theta"])):
        checkpoint = Checkpoint(NOWHERE, {"model_type": "smolvlm", "text_config": said})
        assert [each.code for each in rope.counting(checkpoint, SimpleNamespace(text_config=its))] == code
