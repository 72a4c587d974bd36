"""LFM2-VL: a budget of image tokens, kept for frames of every shape."""

import pytest

from app.backends.mlx.describer import MlxDescriber
from app.config import ModelOptions
from app.errors import UsageError
from app.models.registry import Card, ImageTokens, Sampling
from tests.backends.mlx.folders import folder
from tests.backends.shown import SIZES, asked, plain, told

NAMES = ["lfm2-vl", "lfm2.5-vl", "lfm2-vl-hyphen"]


@pytest.mark.parametrize("name", NAMES)
def test_64_asked_is_at_most_64_sent_and_hardly_less(name: str) -> None:
    describer = MlxDescriber(folder(name), wish=ModelOptions(64))
    for size in SIZES:
        _, inputs = describer.plain.seen(asked(plain(size=size)))
        assert 60 <= describer.loaded.image_rows(inputs) <= 64
        assert describer.family.sent(inputs) == describer.loaded.image_rows(inputs)


@pytest.mark.parametrize(("size", "tokens"), [((720, 1280), 60), ((480, 640), 63), ((500, 500), 64)])
def test_a_frame_keeps_its_shape(size: tuple[int, int], tokens: int) -> None:
    describer = MlxDescriber(folder("lfm2-vl"), wish=ModelOptions(64))
    assert told(describer, plain(size=size))[-1].cost.image_tokens == tokens


def test_the_tower_does_not_work_on_padding_beyond_the_budget() -> None:
    describer = MlxDescriber(folder("lfm2-vl"), wish=ModelOptions(64))
    _, inputs = describer.plain.seen(asked(plain()))
    assert inputs["pixel_values"].shape[:2] == (1, 4 * 64)


def test_without_a_wish_the_card_says_how_many_and_without_a_card_the_publisher() -> None:
    card = Card("small", image_tokens=ImageTokens(128, 64, 256, "patch budget"))
    assert "at most 128 image tokens" in MlxDescriber(folder("lfm2-vl"), card).banner.name
    assert "at most 256 image tokens" in MlxDescriber(folder("lfm2-vl")).banner.name


def test_the_recommended_sampling_runs() -> None:
    card = Card("small", sampling=Sampling(temperature=0.1, min_p=0.15, repetition_penalty=1.05))
    assert told(MlxDescriber(folder("lfm2-vl"), card, ModelOptions(64)), plain())[-1].cost.tokens > 0


@pytest.mark.parametrize("wished", [1, 63, 257, "tiles"])
def test_a_wish_beyond_the_bounds_is_refused_with_them(wished: int) -> None:
    with pytest.raises(UsageError) as refusal:
        MlxDescriber(folder("lfm2-vl"), wish=ModelOptions(wished))
    assert "from 64 to 256" in refusal.value.hint
