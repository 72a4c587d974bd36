"""SmolVLM: fewer image tokens by a smaller tile, and the processor's whole reading in tiles."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.fast_path import QuickRoad
from app.config import ModelOptions
from app.errors import ModelError, UsageError
from app.models.registry import Card, ImageTokens
from tests.backends.mlx.folders import folder
from tests.backends.shown import asked, first_word, plain, told

DEMO = Path(__file__).parents[3] / "models" / "demo"


@pytest.mark.parametrize(
    ("name", "wished", "edge"),
    [
        *[("smolvlm-mlx", 16, 256), ("smolvlm-mlx", 36, 384), ("smolvlm-mlx", 64, 512)],
        *[("smolvlm-2.2b", 16, 168), ("smolvlm-2.2b", 81, 384)],
    ],
)
def test_fewer_tokens_are_a_smaller_tile(name: str, wished: int, edge: int) -> None:
    describer = MlxDescriber(folder(name), wish=ModelOptions(wished))
    pictures, inputs = describer.plain.seen(asked(plain()))
    assert pictures[0].size == (edge, edge)
    assert inputs["pixel_values"].shape[-2:] == (edge, edge)
    assert describer.loaded.image_rows(inputs) == wished
    assert told(describer, plain())[-1].cost.image_tokens == wished
    assert f"{wished} image tokens a frame" in describer.banner.name


@pytest.mark.parametrize("wished", [1, 17, 100, 832])
def test_a_number_that_no_tile_has_is_refused_with_those_that_can_be_had(wished: int) -> None:
    with pytest.raises(UsageError) as refusal:
        MlxDescriber(folder("smolvlm-mlx"), wish=ModelOptions(wished))
    assert "16 or 25 or 36 or 49 or 64" in refusal.value.hint


def test_the_card_bounds_what_can_be_had() -> None:
    card = Card("small", image_tokens=ImageTokens(64, 36, 64, "tile edge"))
    with pytest.raises(UsageError) as refusal:
        MlxDescriber(folder("smolvlm-mlx"), card, ModelOptions(16))
    assert "36 or 49 or 64" in refusal.value.hint


def test_without_a_wish_the_card_says_how_many_and_without_a_card_the_publisher() -> None:
    card = Card("small", image_tokens=ImageTokens(36, 16, 64, "tile edge"))
    assert "36 image tokens" in MlxDescriber(folder("smolvlm-mlx"), card).banner.name
    assert "64 image tokens" in MlxDescriber(folder("smolvlm-mlx")).banner.name


@pytest.mark.parametrize(
    ("name", "size", "tiles", "each"),
    [
        *[("smolvlm-mlx", (720, 1280), 13, 64), ("smolvlm-mlx", (600, 600), 17, 64)],
        ("smolvlm-2.2b", (480, 640), 13, 81),
    ],
)
def test_tiles_are_the_whole_reading_of_the_processor(name: str, size: tuple[int, int], tiles: int, each: int) -> None:
    describer = MlxDescriber(folder(name), wish=ModelOptions("tiles"))
    pictures, inputs = describer.plain.seen(asked(plain(size=size)))
    assert describer.family.due(pictures, inputs) == describer.loaded.image_rows(inputs) == tiles * each
    assert f"{each} image tokens a tile" in describer.banner.name


def test_in_tiles_too_all_of_the_frame_arrives() -> None:
    """Before 0.6.14, mlx-vlm looked at the top left tile alone."""
    describer = MlxDescriber(folder("smolvlm-mlx"), wish=ModelOptions("tiles"))
    before, after = plain(), plain()
    after.pixels[:, 600:] = (210, 35, 40)
    assert not np.allclose(first_word(describer, before), first_word(describer, after))
    assert told(describer, before)[-1].cost.image_tokens == 13 * 64


def test_a_model_that_was_not_taught_tiles_refuses_them() -> None:
    with pytest.raises(UsageError, match="in tiles"):
        MlxDescriber(DEMO, wish=ModelOptions("tiles"))


def test_a_processor_that_promises_another_number_than_the_tower_makes_is_found_out(tmp_path: Path) -> None:
    copy = shutil.copytree(folder("smolvlm-mlx"), tmp_path / "copy")
    (copy / "processor_config.json").write_text(json.dumps({"image_seq_len": 81}))
    with pytest.raises(ModelError):
        MlxDescriber(copy)


def test_the_card_says_whether_a_frame_is_squeezed_or_padded() -> None:
    """On both roads alike, or the quick one would not be taken."""
    white = np.full((360, 640, 3), 255, np.uint8)
    corners = {}
    for shape in ("squeezed", "padded"):
        describer = MlxDescriber(folder("smolvlm-mlx"), Card("small", shape=shape))
        corners[shape] = float(describer.family.pixels(white)[0, 0, 0, 0])
        assert np.asarray(describer.family.picture(white))[0, 0, 0] == (0 if shape == "padded" else 255)
        assert isinstance(describer.road, QuickRoad)
    assert corners == {"squeezed": 1.0, "padded": -1.0}
