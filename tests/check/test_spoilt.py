"""Every way of being spoilt that we know of: what the check says, and what mlx-vlm then really does."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.check.findings import Finding
from app.check.stages import judge
from app.models.registry import Card
from tests.fixtures.families.shelf import Shelf
from tests.fixtures.spoilt import CASES, Case
from tests.fixtures.spoilt.case import RAN
from tests.fixtures.witness import what_mlx_vlm_does


@dataclass(frozen=True, slots=True)
class CorruptFile:
    """A case, the folder made from it, and what the check found in that."""

    case: Case
    folder: Path
    findings: list[Finding]


def quick_first(cases: Sequence[Case]) -> list[Any]:
    """The first case of each code; the others are long."""
    firsts = {case.code: case for case in reversed(cases)}.values()
    return [case if case in firsts else pytest.param(case, marks=pytest.mark.long) for case in cases]


@pytest.fixture(scope="module", params=quick_first(CASES), ids=lambda case: case.name)
def spoilt(
    request: pytest.FixtureRequest, shelf: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CorruptFile]:
    case, root = request.param, tmp_path_factory.mktemp("spoilt")
    folder = case.make(shelf.folder(case.family), root / "model")
    yield CorruptFile(case, folder, judge(folder, Card(name=case.family)))
    shutil.rmtree(root)


def test_the_check_says_what_is_wrong(spoilt: CorruptFile) -> None:
    codes = {finding.code for finding in spoilt.findings if finding.status == "bad"}
    assert spoilt.case.code in codes if spoilt.case.code else not codes, spoilt.findings
    assert not any(finding.status == "unknown" for finding in spoilt.findings), spoilt.findings


def test_everything_that_is_found_has_a_code_and_a_remedy(spoilt: CorruptFile) -> None:
    for finding in spoilt.findings:
        assert finding.status == "ok" or (finding.code and finding.hint), finding
        assert not finding.sentence.endswith("."), finding


def test_no_program_out_of_the_folder_was_run_by_the_check(spoilt: CorruptFile) -> None:
    assert not (spoilt.folder / RAN).exists()


def test_mlx_vlm_does_what_the_table_says(spoilt: CorruptFile, shelf: Shelf) -> None:
    assert what_mlx_vlm_does(spoilt.folder, shelf.look(spoilt.case.family)) == spoilt.case.outcome
    assert (spoilt.folder / RAN).exists() == (spoilt.folder / "modeling.py").exists()  # which nobody can forbid it


def test_where_the_check_is_stricter_than_the_loader_it_says_why() -> None:
    stricter = [case for case in CASES if case.code and case.outcome == "loads fine"]
    assert [case.name for case in stricter if not case.spoil.__doc__] == []


def test_no_case_is_there_twice() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
