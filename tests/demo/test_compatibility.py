"""The compatibility matrix is whole and read aright, and the registry admits only what it saw to work."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from app.models.registry import Card, registered
from scripts.compatibility import matrix
from scripts.compatibility.agreement import compared
from scripts.compatibility.environments import PROBE, RELEASED
from scripts.compatibility.matrix import MEANS_SIGHT, Half, Matrix, as_numbers, verdict
from scripts.compatibility.subjects import ALL, DEMO, write_pictures
from tests.fixtures.blinded import blind_demo, zeroed

ROOT = Path(__file__).parents[2]
FOUND = matrix.read()
CARDS = registered()
STEMS = {
    "smolvlm2-": "smolvlm-", "fastvlm-": "fastvlm-", "lfm2-vl-": "lfm2-vl", "lfm2.5-vl-": "lfm2.5-vl",
    "nanollava-": "nanollava", "qwen3-vl-": "qwen3-vl", "demo": "demo",
}  # fmt: skip
"""How registered models begin, and the rows of the matrix that have their layout."""
UNTRIED = {"gemma-4-e2b", "moondream2"}
"""No small weights are made of these; their bounds are read in mlx-vlm's history."""
BESIDES = {"qwen3-vl-": "2,048 tokens"}
"""What the matrix does not try, and a bound may rest on. mlx-vlm 0.6.0 dies of a Qwen3-VL prompt of more tokens than it
reads at once, 0.6.5 to 0.6.7 raise `cannot be broadcast`, from 0.6.8 on all agree (run 2026-11-21, 8,752 tokens)."""
TRIED = [card for card in CARDS.values() if card.name not in UNTRIED]


def rows(card: Card) -> list[matrix.Answers]:
    stem = next(row for start, row in STEMS.items() if card.name.startswith(start))
    return [row for name, row in FOUND.today.families.items() if name.startswith(stem) and "no tower" not in name]


def admits(card: Card, version: str) -> bool:
    wanted = as_numbers(version)
    return all(
        as_numbers(each.least or "0") <= wanted and not (each.before and as_numbers(each.before) <= wanted)
        for each in card.loader
    )


def is_fit(card: Card, answer: str) -> bool:
    """One tile is looksay's way, and whether more than one frame is shown stands on the card."""
    return verdict(answer) in MEANS_SIGHT and (verdict(answer) != "one-frame-only" or card.frames == 1)


@pytest.mark.parametrize("card", TRIED, ids=lambda card: card.name)
def test_a_version_that_a_registered_model_admits_was_seen_to_work(card: Card) -> None:
    seen = {version: [row[version] for row in rows(card)] for version in RELEASED if admits(card, version)}
    assert seen
    assert not {version: wrong for version, all_ in seen.items() if (wrong := unfit(card, all_))}


def unfit(card: Card, answers: Iterable[str]) -> list[str]:
    return [answer for answer in answers if not is_fit(card, answer)]


@pytest.mark.parametrize("card", TRIED, ids=lambda card: card.name)
def test_the_newest_version_below_the_bound_was_seen_to_do_worse(card: Card) -> None:
    below = [version for version in RELEASED if not admits(card, version)]
    is_worse = below and any(row[below[-1]] != "works" for row in rows(card))
    assert not below or is_worse or is_known_besides(card)


def is_known_besides(card: Card) -> bool:
    reason = next((why for start, why in BESIDES.items() if card.name.startswith(start)), None)
    return reason is not None and any(reason in bound.why for bound in card.loader)


def test_what_was_never_tried_is_known_by_name() -> None:
    assert {name for name in CARDS if not name.startswith(tuple(STEMS))} == UNTRIED


def test_the_pinned_mlx_vlm_is_the_newest_that_was_tried() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = next(found[1] for each in wanted if (found := re.match(r"mlx-vlm==([\d.]+)", each)))
    assert pinned == max(RELEASED, key=as_numbers)


@pytest.mark.parametrize("half", [FOUND.today, FOUND.then], ids=["today", "then"])
def test_every_model_was_shown_to_every_version(half: Half) -> None:
    assert list(half.families) == list(ALL)
    assert all(list(row) == list(RELEASED) == list(half.brings) for row in half.families.values())


def test_no_version_describes_without_a_tower() -> None:
    eyeless = [row for name, row in FOUND.today.families.items() if "no tower" in name]
    assert eyeless
    assert not [answer for row in eyeless for answer in row.values() if verdict(answer) in MEANS_SIGHT]


def test_the_page_has_the_tables_on_file() -> None:
    assert matrix.PAGE.read_text() == matrix.page(FOUND), "run python -m scripts.compatibility --page"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    matrix.write(FOUND, tmp_path / "again.toml")
    assert matrix.read(tmp_path / "again.toml") == FOUND


def test_families_that_answer_alike_share_a_row_and_reasons_stand_below() -> None:
    answers = {
        "a": {"1.0": "does not load: no `torch`"},
        "b": {"1.0": "does not load: no `torch`"},
        "c": {"1.0": "works"},
    }
    half = Half({"1.0": {"mlx": "0.3"}}, answers)
    table = matrix.markdown(Matrix(date(2026, 11, 21), "here", half, half))
    assert "| a, b | does not load (1) |\n| c | works |" in table
    assert table.endswith("\n1. `no 'torch'`\n")


@pytest.mark.parametrize(
    ("one", "two", "said"), [(0.0, 0.0, "works"), (0.5, 0.5, "answers otherwise"), (0.0, 0.5, "one-frame-only")]
)
def test_seeing_is_not_enough_where_the_newest_version_comes_to_other_numbers(
    tmp_path: Path, one: float, two: float, said: str
) -> None:
    np.savez(tmp_path / "newest.npz", one=np.zeros(3), two=np.zeros(3))
    np.savez(tmp_path / "own.npz", one=np.full(3, one), two=np.full(3, two))
    assert verdict(compared("works", tmp_path / "own.npz", tmp_path / "newest.npz")) == said


def probe(model: Path, folder: Path) -> str:
    command = [sys.executable, "-P", PROBE, model, folder / "numbers.npz", write_pictures(folder / "pictures")]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return told.stdout.splitlines()[-1]


@pytest.mark.long
def test_the_probe_finds_that_the_demo_model_sees_and_says_what_it_sees(tmp_path: Path) -> None:
    assert probe(DEMO, tmp_path) == "works"


@pytest.mark.long
def test_the_probe_finds_a_blind_model_blind(tmp_path: Path) -> None:
    assert probe(blind_demo(tmp_path / "model", zeroed), tmp_path) == "blind"
