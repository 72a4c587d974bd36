"""Every family's frames become the same pixels, rows and words on the quick road as on mlx-vlm's own."""

import mlx.core as mx
import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import Direct
from app.backends.mlx.fast_path import QuickRoad
from app.config import ModelOptions
from app.errors import UsageError
from app.events import Frame
from tests.backends.mlx.folders import folder
from tests.backends.mlx.telling import WORDS, text, told
from tests.backends.shown import SIZES, asked, plain
from tests.sweeps import spread

DIRECT = ["smolvlm-mlx", "smolvlm-2.2b", "smolvlm-4bit", "lfm2-vl", "lfm2.5-vl", "fastvlm-small"]


@pytest.fixture(scope="module", params=spread(DIRECT, 3))
def direct(request: pytest.FixtureRequest) -> MlxDescriber:
    return MlxDescriber(folder(request.param))


@pytest.mark.parametrize("size", SIZES)
def test_every_family_reaches_the_language_model_as_through_its_processor(
    direct: MlxDescriber, size: tuple[int, int]
) -> None:
    reaches_the_language_model_as_through_its_processor(direct, size)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        *[("smolvlm-mlx", tokens) for tokens in (49, 36, 25, 16)],
        *[("smolvlm-2.2b", tokens) for tokens in (64, 49, 36, 25, 16)],
        *[(name, tokens) for name in ("lfm2-vl", "lfm2.5-vl") for tokens in (128, 64)],
    ],
)
def test_it_does_so_with_fewer_image_tokens_too(name: str, tokens: int) -> None:
    describer = MlxDescriber(folder(name), wish=ModelOptions(image_tokens=tokens))
    for size in SIZES:
        reaches_the_language_model_as_through_its_processor(describer, size)


def reaches_the_language_model_as_through_its_processor(describer: MlxDescriber, size: tuple[int, int]) -> None:
    """Assert it of a frame of this size."""
    rng = np.random.default_rng(0)
    frame = Frame(rng.integers(0, 256, (*size, 3), np.uint8), 0.0, 0.0, 0)
    assert isinstance(describer.road, QuickRoad)
    ours = describer.road.rows(asked(frame)).astype(mx.float32)
    theirs = describer.loaded.rows(describer.plain.seen(asked(frame))[1]).astype(mx.float32)
    assert ours.shape == theirs.shape
    assert np.allclose(np.array(ours), np.array(theirs), atol=1e-4 * float(mx.abs(theirs).max()))


@pytest.mark.parametrize("size", SIZES)
def test_pixels_are_the_processors_numbers_to_the_bit(direct: MlxDescriber, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    frame = Frame(rng.integers(0, 256, (*size, 3), np.uint8), 0.0, 0.0, 0)
    assert isinstance(direct.family, Direct)
    ours = np.array(direct.family.pixels(frame.pixels))
    theirs = np.array(direct.plain.seen(asked(frame))[1]["pixel_values"], np.float32)
    ours = laid_out(ours, theirs.shape)
    assert np.array_equal(ours, theirs.reshape(ours.shape))


def laid_out(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """1×H×W×3 as the processors have it: channels first, or (three numbers in its shape) patches in rows, padded."""
    if len(shape) > 3:
        return pixels.transpose(0, 3, 1, 2)
    _, height, width, _ = pixels.shape
    cut = pixels.reshape(height // 16, 16, width // 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(1, -1, 768)
    return np.pad(cut, ((0, 0), (0, shape[1] - cut.shape[1]), (0, 0)))


def test_every_family_says_what_mlx_vlm_says_with_and_without_drafts(direct: MlxDescriber) -> None:
    """Random weights say the same thing for ever: drafts are right, and the end is the limit."""
    for colour in ((210, 35, 40), (40, 70, 200), (210, 35, 40)):
        frame = plain(colour)
        due = text(told(direct.plain, frame, limit=6))
        assert text(told(direct.road, frame, limit=6)) == due


@pytest.mark.parametrize("wrong_at", [0, 2, 4])
def test_a_cache_that_cannot_be_cut_is_put_back_after_a_wrong_draft(wrong_at: int) -> None:
    """LFM2's layers keep a state; a right draft costs two passes, a wrong one one more."""
    describer = MlxDescriber(folder("lfm2-vl"))
    road, frame = describer.road, plain((40, 70, 200))
    assert isinstance(road, QuickRoad)
    due = told(describer.plain, frame, limit=6)
    told(road, frame, limit=6)
    right = told(road, frame, limit=6)
    assert right[-1].cost.forwards == 2
    draft = list(road.drafts(WORDS).said[0][1:])
    draft[wrong_at] += 1
    road.drafts(WORDS).said.clear()
    road.drafts(WORDS).remember(draft)
    spoilt = told(road, frame, limit=6)
    assert text(spoilt) == text(right) == text(due)
    assert 3 <= spoilt[-1].cost.forwards <= 3 + 6


def test_a_model_for_one_frame_refuses_two_on_the_quick_road_too() -> None:
    describer = MlxDescriber(folder("fastvlm-small"))
    with pytest.raises(UsageError) as refusal:
        told(describer, plain(), plain())
    assert "--frames" in refusal.value.hint
