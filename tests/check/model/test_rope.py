"""How positions are counted: what config.json says, and what the loader would otherwise guess."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.check.model import rope
from app.check.model.files import Checkpoint

SAID = {"rope_theta": 100_000}
NOWHERE = Path("nowhere")


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
    assert rope.rope_theta(said) == theta


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
