"""The script that measures what quantization does to vision: what it varies, and how it counts."""

from pathlib import Path

import pytest

from app.models.convert import LAYERS
from models.demo.training.exams import sample_exam
from models.demo.training.precision import EYES, FOLDER, VARIANTS, Variant, interval, row, table
from tests import needs

pytestmark = needs.file(FOLDER / "model.safetensors")


def test_the_bundled_model_is_the_one_that_is_measured() -> None:
    assert Path(__file__).parents[2] / "models" / "demo" == FOLDER


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_variant_quantizes_what_its_row_says_and_nothing_else(variant: Variant) -> None:
    parts = dict(variant.examinee(FOLDER).model.named_modules())
    quantized = {path: part.bits for path, part in parts.items() if hasattr(part, "bits")}
    layers = {bits for path, bits in quantized.items() if LAYERS.match(path)}
    eyes = {bits for path, bits in quantized.items() if path.startswith(EYES)}
    assert layers == ({variant.layers} if variant.layers else set())
    assert eyes == ({variant.eyes} if variant.eyes else set())
    assert all(LAYERS.match(path) or path.startswith(EYES) for path in quantized)


def test_every_variant_has_its_row_and_the_first_changes_nothing() -> None:
    lines = list(table(FOLDER, {"stills": sample_exam("stills", 2)}))
    assert len(lines) == 2 + len(VARIANTS)
    assert lines[2].startswith("| float32 | float32 | ")
    assert lines[2].endswith("| 0 of 2 |")


def test_a_row_counts_each_exam_and_all_of_them_together() -> None:
    exams = {"stills": sample_exam("stills", 2), "questions": sample_exam("questions", 2)}
    truth = [question.answer for questions in exams.values() for question in questions]
    told = [truth[0], "Rubbish.", truth[2], truth[3]]
    cells = [cell.strip() for cell in row(Variant(4), exams, told, truth).strip("|").split("|")]
    assert cells[:2] == ["4-bit", "float32"]
    assert [cell.split(" ")[0] for cell in cells[2:5]] == ["50.0%", "100.0%", "75.0%"]
    assert cells[5] == "1 of 4"


def test_intervals_are_wilsons() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, and 0 of 20."""
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)
    assert interval(20, 20)[1] == 1.0
