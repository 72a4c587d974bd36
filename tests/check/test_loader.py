"""Versions of mlx-vlm against the range that a model works with."""

import pytest

from app.check.fit import in_range
from app.models.registry import Bound, Card

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
