"""A model of a real one's size, of random numbers: it fits, and it never says what the tokenizer has no word for."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import mlx.core as mx
import pytest
from transformers import AutoTokenizer

from app.bench.geometry import make
from app.check.stages import judge
from app.models.registry import Card
from tests.running import DEMO


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not in pytest's own folder, which keeps half a gigabyte of it three times."""
    with TemporaryDirectory() as made:
        yield make(Path(made, "random"), Path(DEMO))


def test_it_passes_the_check(folder: Path) -> None:
    assert {found.status for found in judge(folder, Card("random"))} <= {"ok", "note"}


def test_the_head_knows_words_of_the_tokenizer_and_no_mark_that_ends_a_caption(folder: Path) -> None:
    head = mx.load(str(folder / "model.safetensors"))["language_model.lm_head.weight"]
    known = [number for number, size in enumerate(mx.abs(head).sum(axis=1).tolist()) if size > 0]
    said = AutoTokenizer.from_pretrained(DEMO).batch_decode([[number] for number in known])
    assert len(said) > 100
    assert all(each.strip().isalpha() for each in said)
