"""The bundled model is as good as its card says, asked through the real mlx-vlm about pictures it never saw."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.config import PROMPT, PROMPT_FRAMES
from app.demo import scenes as world
from models.demo.training import wordings
from models.demo.training.exams import EXAMS, SEED, UNHEARD, sample_exam
from models.demo.training.score import Examinee, mark
from tests import drawn_elsewhere, needs
from tests.sweeps import spread

DEMO = Path(__file__).parents[2] / "models" / "demo"
COUNTS = {
    "empty": 12, "stills": 60, "threes": 60, "motion": 60, "rest": 24, "questions": 60, "plain": 32, "wordings": 60,
}  # fmt: skip
"""Questions in each exam: as many as a minute or so allows. The card's scores rest on more of the same."""
NAME = re.compile(rf"({'|'.join(world.COLOURS)}) ({'|'.join(world.KINDS)})")

pytestmark = needs.file(DEMO / "model.safetensors")


@pytest.fixture(scope="module")
def examinee() -> Examinee:
    return Examinee(DEMO)


@pytest.mark.parametrize("exam", spread(EXAMS, 2))
def test_every_exam_is_passed(examinee: Examinee, exam: str) -> None:
    score = mark(examinee, exam, sample_exam(exam, COUNTS[exam]))
    assert score.share >= EXAMS[exam].bar, score.mistakes


@pytest.mark.long
@pytest.mark.parametrize("through", ["jpeg", "video"])
def test_pictures_from_another_renderer_are_named_rightly(examinee: Examinee, through: str) -> None:
    rng = np.random.default_rng(SEED)
    scenes = [world.sample_scene(rng, number % 4) for number in range(40)]
    frames = [drawn_elsewhere.picture(scene, seed) for seed, scene in enumerate(scenes)]
    if through == "jpeg":
        seen = [drawn_elsewhere.through_jpeg(frame) for frame in frames]
    else:
        seen = drawn_elsewhere.through_video([frame for frame in frames for _ in range(3)])[2::3]
    told = [examinee.answer([drawn_elsewhere.as_tile(frame)], wordings.PRODUCT[0]) for frame in seen]
    wrong = [
        (world.caption(scene), said)
        for scene, said in zip(scenes, told, strict=True)
        if _names(said) != Counter(shape.name for shape in scene)
    ]
    assert len(wrong) <= 0.05 * len(scenes), wrong


def _names(sentence: str) -> Counter[str]:
    return Counter(" ".join(found) for found in NAME.findall(sentence))


def test_the_unheard_wordings_were_never_trained() -> None:
    assert len(set(UNHEARD)) == 30
    rng = np.random.default_rng(0)
    heard = {wordings.sample_request(rng) for _ in range(5000)}
    assert not heard & set(UNHEARD)
    assert set(wordings.PRODUCT) <= heard


def test_what_looksay_asks_by_default_is_among_what_was_trained() -> None:
    assert {PROMPT, PROMPT_FRAMES} <= set(wordings.PRODUCT)


def test_the_card_gives_every_file_and_its_hash() -> None:
    card = (DEMO / "README.md").read_text()
    assert all(_hash(path) in card for path in _files()), "remake the card: python -m models.demo.training.card"


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in _files()) < 10e6


def _files() -> Sequence[Path]:
    return [path for path in DEMO.iterdir() if path.is_file() and path.name != "README.md"]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.long
@needs.module("torch", even_in_ci=True)
def test_it_says_what_the_reference_implementation_says() -> None:
    from models.demo.training import parity  # it needs torch, which is never installed to run the app

    result = parity.compare(DEMO, 80)
    assert result.same >= 0.99 * result.asked
    assert result.largest_difference < 1e-2
