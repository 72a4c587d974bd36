"""Models as they are published: the check finds no fault with them, and mlx-vlm loads them and shows that they see."""

from pathlib import Path

import pytest

from app.check.stages import judge
from app.models.registry import Card
from tests.fixtures.families import NAMES, make
from tests.fixtures.families.shelf import Shelf
from tests.fixtures.families.tensors import read
from tests.fixtures.spoilt.case import WEIGHTS
from tests.sweeps import spread


@pytest.mark.parametrize("name", NAMES)
def test_the_check_finds_no_fault_with_a_good_model(shelf: Shelf, name: str) -> None:
    findings = judge(shelf.folder(name), Card(name=name))
    assert findings
    assert {finding.status for finding in findings} == {"ok"}, findings


@pytest.mark.parametrize("name", spread(NAMES, 6))
def test_mlx_vlm_loads_it_and_it_sees(shelf: Shelf, name: str) -> None:
    assert shelf.look(name).sees


@pytest.mark.parametrize(
    "names", [("smolvlm-hub", "smolvlm-mlx"), ("lfm2-vl", "lfm2-vl-hyphen"), ("fastvlm-apple", "fastvlm-mlx")]
)
def test_two_ways_of_naming_tensors_are_one_model(shelf: Shelf, names: tuple[str, str]) -> None:
    one, other = (shelf.look(name) for name in names)
    assert (one.red == other.red).all()
    assert (one.blue == other.blue).all()


def test_a_model_is_the_same_every_time(shelf: Shelf, tmp_path: Path) -> None:
    again = make("smolvlm-hub", tmp_path / "again")
    assert read(again / WEIGHTS) == read(shelf.folder("smolvlm-hub") / WEIGHTS)
