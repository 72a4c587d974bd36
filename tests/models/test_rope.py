"""Where config.json says what positions are counted with."""

from typing import Any

import pytest

from app.models.convert import rope_theta

SAID = {"rope_theta": 100_000}


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
    assert rope_theta(said) == theta
