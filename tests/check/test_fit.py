"""What the loader expects against what it found, as tables of names and shapes."""

from pathlib import Path

import pytest

from app.check.checkpoint import Checkpoint
from app.check.fit import Plan, Shapes, judge_plan

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
