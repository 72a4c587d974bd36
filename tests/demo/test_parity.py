"""In every release the demo model says by transformers what it says by MLX, word for word, and by llama.cpp as rightly.

Each by the app's own road, from the settings on. `python -m scripts.exam` asks more of the same.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from app.backends import engine
from app.config import ModelOptions, Settings
from app.events import Frame, Request
from app.protocols import Describer
from models.demo.training.exams import Question, sample_exam
from scripts.exam import MOST_TOKENS, SIZES, enlarged, questions
from tests import needs
from tests.fixtures.gguf_pair import demo_pair

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
        describer = thread.submit(model.open, ModelOptions(), is_trusted=False).result()
        yield lambda question, size: thread.submit(said, describer, question, size).result()
        thread.submit(describer.close).result()


@pytest.fixture(scope="module")
def transformers() -> Iterator[Any]:
    describer = engine(Settings(model="demo", backend="transformers")).open(ModelOptions(), is_trusted=False)
    yield partial(said, describer)
    describer.close()


@pytest.mark.long
@needs.module("torch", even_in_ci=True)
@pytest.mark.parametrize("exam", COUNTS)
def test_mlx_and_transformers_say_the_same(mlx: Any, transformers: Any, exam: str) -> None:
    """The one picture in a hundred that may differ is a tie that rounding decides."""
    asked = zip(sample_exam(exam, COUNTS[exam], SEED), cycle(SIZES.values()))
    pairs = [(mlx(each, size), transformers(each, size)) for each, size in asked]
    assert [pair for pair in pairs if pair[0] != pair[1]][1:] == []
    assert all(ours for ours, _ in pairs)


@pytest.mark.long
@needs.module("gguf")
@needs.module("xllamacpp")
def test_llama_cpp_is_right_as_often_as_mlx_within_two_points(
    mlx: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its pair spells one tile as two, so a word may differ; of 300 pictures each named 292 exactly."""
    monkeypatch.setenv("PATH", str(tmp_path))  # no llama-server of this machine's
    pair = demo_pair()
    settings = Settings(backend="llama", gguf=str(pair.text), mmproj=str(pair.mmproj))
    with closing(engine(settings).open(ModelOptions(), is_trusted=False)) as llama:
        asked, size = questions(60), SIZES["640x480"]
        right = [(mlx(each, size) == each.answer, said(llama, each, size) == each.answer) for each in asked]
    ours, theirs = (sum(each) for each in zip(*right, strict=True))
    assert abs(ours - theirs) <= 0.02 * len(asked)
    assert ours >= 0.9 * len(asked)


def test_several_frames_are_among_what_is_compared() -> None:
    assert {len(each.tiles) for each in sample_exam("motion", COUNTS["motion"], SEED)} == {2, 3, 4}
    assert sum(COUNTS.values()) >= 40
