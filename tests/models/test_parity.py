"""In every release the demo model says the same by MLX and by transformers, word for word, by the app's own roads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from app.flow import Describer, Frame, Request
from app.settings import Settings
from app.wiring.engines import engine
from app.wish import Wish
from models.demo.training.exams import Question, sample_exam
from scripts.exam import MOST_TOKENS, SIZES, enlarged
from tests import needs

pytestmark = needs.module("torch", even_in_ci=True)
SEED = 5
COUNTS = {"stills": 24, "threes": 12, "empty": 4, "motion": 12, "rest": 6, "questions": 8}
"""Pictures without, with one, two and three things; clips of two to four frames; questions."""


def said(describer: Describer, question: Question, size: tuple[int, int]) -> str:
    frames = [Frame(each, 0.0, 0.0, number) for number, each in enumerate(enlarged(question.tiles, size))]
    pieces = describer.describe(Request(frames, question.request, MOST_TOKENS))
    return "".join(piece.text for piece in pieces).strip()


@pytest.fixture(scope="module")
def mlx() -> Iterator[Any]:
    """Asks the mlx backend, on a thread of its own, which is the one that closes it."""
    with ThreadPoolExecutor(1) as thread:
        model = engine(Settings(model="demo"))
        describer = thread.submit(model.open, Wish(), is_trusted=False).result()
        yield lambda question, size: thread.submit(said, describer, question, size).result()
        thread.submit(describer.close).result()


@pytest.fixture(scope="module")
def transformers() -> Iterator[Any]:
    describer = engine(Settings(model="demo", backend="transformers")).open(Wish(), is_trusted=False)
    yield partial(said, describer)
    describer.close()


@pytest.mark.parametrize("exam", COUNTS)
def test_mlx_and_transformers_say_the_same(mlx: Any, transformers: Any, exam: str) -> None:
    """The one picture in a hundred that may differ is a tie that rounding decides."""
    asked = sample_exam(exam, COUNTS[exam], SEED)
    pairs = [(mlx(each, size), transformers(each, size)) for each in asked for size in SIZES.values()]
    assert [pair for pair in pairs if pair[0] != pair[1]][1:] == []
    assert all(ours for ours, _ in pairs)


def test_several_frames_are_among_what_is_compared() -> None:
    assert {len(each.tiles) for each in sample_exam("motion", COUNTS["motion"], SEED)} == {2, 3, 4}
    assert sum(COUNTS.values()) >= 40
