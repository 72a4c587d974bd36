"""How positions are counted: what config.json says, and what the loader would otherwise guess."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.check import fit as rope
from app.check.checkpoint import Checkpoint

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
