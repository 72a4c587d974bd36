"""Families without ways of their own: their image tokens are measured, then held to."""

import pytest

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import Generic
from app.backends.mlx.loading import load
from app.config import AS_PUBLISHED, ModelOptions
from app.errors import UsageError
from app.models.registry import Card
from tests.backends.mlx.folders import folder
from tests.backends.shown import SIZES, asked, plain

QWEN = "qwen3-vl"


def test_a_frame_keeps_its_shape_and_is_about_as_large_as_512_by_512() -> None:
    describer = MlxDescriber(folder(QWEN))
    for size in SIZES:
        (picture,), _ = describer.plain.seen(asked(plain(size=size)))
        assert 0.9 * 512**2 <= picture.width * picture.height <= 512**2
        assert picture.width / picture.height == pytest.approx(size[1] / size[0], rel=0.1)


def test_a_wish_for_image_tokens_is_refused() -> None:
    for wished in (64, "tiles"):
        with pytest.raises(UsageError):
            MlxDescriber(folder(QWEN), wish=ModelOptions(wished))


def test_a_placeholder_that_becomes_many_rows_is_measured() -> None:
    """FastVLM, as if nobody had written a file for it."""
    loaded = load(folder("fastvlm-small"))
    family = Generic(loaded, Card("foreign"), AS_PUBLISHED)
    picture = family.picture(plain().pixels)
    inputs = loaded.inputs([picture], "What do you see?")
    assert loaded.placeholders(inputs) == 1
    assert family.sent(inputs) == family.due([picture], inputs) == loaded.image_rows(inputs) > 1


def test_each_size_is_measured_once() -> None:
    family = MlxDescriber(folder(QWEN)).family
    assert isinstance(family, Generic)
    for _ in range(2):
        family.tokens((576, 448))
        family.tokens((672, 384))
    assert len(family.measured) == 2


def test_a_model_that_quietly_drops_all_frames_but_the_first_is_found_out() -> None:
    describer = MlxDescriber(folder(QWEN))
    (picture,), inputs = describer.plain.seen(asked(plain()))
    with pytest.raises(UsageError, match="one frame at a time"):
        describer.family.due([picture, picture], inputs)
