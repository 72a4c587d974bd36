"""What config.json must say, and what the loader would otherwise guess."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.check.model import config
from app.check.model.files import Checkpoint
from tests.fixtures.families.shelf import Shelf

SAID = {"rope_theta": 100_000}


def checkpoint(tmp_path: Any, **said: Any) -> Checkpoint:
    return Checkpoint(tmp_path, said)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, ["model-type-unknown"]),
        ({"model_type": 7}, ["model-type-unknown"]),
        ({"model_type": "smolvlm9"}, ["model-type-unknown"]),
        ({"model_type": "../smolvlm"}, ["model-type-unknown"]),
        ({"model_type": "smolvlm.config"}, ["model-type-unknown"]),
        ({"model_type": "smolvlm", "model_file": "modeling.py"}, ["config-unfit"]),
        ({"model_type": "smolvlm"}, []),
        ({"model_type": "SmolVLM"}, []),
        ({"model_type": "llava_qwen2"}, []),
        ({"model_type": "lfm2-vl"}, []),
        ({"model_type": "moondream1"}, []),
    ],
)
def test_an_architecture_is_known_by_its_name_or_its_alias(
    tmp_path: Any, said: dict[str, Any], code: list[str]
) -> None:
    assert [each.code for each in config.known(checkpoint(tmp_path, **said))] == code


@pytest.mark.parametrize(
    "said",
    [
        {"text_config": [1, 2]},
        {"vision_config": "x"},
        {"quantization": 4},
        {"text_config": {"num_hidden_layers": 10**7}},
        {"num_hidden_layers": 10**7},
        {"vision_config": {"depth": 1}},
    ],
)
def test_a_part_that_cannot_be_built_is_told_before_the_loader_tries(tmp_path: Any, said: dict[str, Any]) -> None:
    found = config.known(checkpoint(tmp_path, model_type="smolvlm", **said))
    assert [each.code for each in found] == ["config-unfit"]


@pytest.mark.parametrize(
    ("said", "theta"),
    [
        ({}, None),
        ({"text_config": SAID}, 100_000),
        ({"text_config": {"rope_parameters": SAID}}, 100_000),
        ({"text_config": {"rope_parameters": SAID, "rope_theta": 1}}, 100_000),
        ({"llm_config": SAID}, 100_000),
        (SAID, 100_000),
        ({"text_config": {"rope_parameters": {"full_attention": SAID}}}, None),
        ({"text_config": {"rope_parameters": None}}, None),
        ({"text_config": "x"}, None),
    ],
)
def test_rope_theta_is_read_as_transformers_reads_it(said: dict[str, Any], theta: float | None) -> None:
    assert config.rope_theta(said) == theta


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
    ],
)
def test_what_the_loader_would_guess_is_told(
    tmp_path: Any, architecture: str, said: dict[str, Any], used: float | None, code: list[str]
) -> None:
    loaders = SimpleNamespace(text_config=SimpleNamespace(rope_theta=used))
    found = config.rope(checkpoint(tmp_path, model_type=architecture, **said), loaders)
    assert [each.code for each in found] == code


def test_a_config_of_the_loader_without_a_text_part_says_nothing_about_rope(tmp_path: Any) -> None:
    assert config.rope(checkpoint(tmp_path, model_type="florence2"), SimpleNamespace()) == []


def test_the_loaders_plan_has_all_tensors_of_a_good_model(shelf: Shelf) -> None:
    plan = config.plan(Checkpoint(shelf.folder("smolvlm-hub"), {"model_type": "smolvlm"}))
    assert isinstance(plan, config.Plan)
    assert plan.expected == plan.found
    assert plan.config.text_config.rope_theta == 100_000
