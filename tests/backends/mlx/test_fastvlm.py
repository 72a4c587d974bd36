"""FastVLM: one placeholder among the ids, 256 rows in the cache."""

import mlx.core as mx
import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import FastVlm
from app.backends.mlx.loading import load
from app.config import AS_PUBLISHED, ModelOptions
from app.errors import UsageError
from app.models.registry import Card
from tests.backends.mlx.folders import SMALL_EDGE, folder
from tests.backends.shown import asked, frame, plain, told

ROWS = (SMALL_EDGE // 64) ** 2


@pytest.fixture(scope="module")
def small() -> MlxDescriber:
    return MlxDescriber(folder("fastvlm-small"))


@pytest.mark.parametrize("name", ["fastvlm-apple", "fastvlm-mlx", "fastvlm-4bit"])
def test_one_placeholder_becomes_256_rows(name: str) -> None:
    """In the published geometry; the tower is not run, only asked what shape its answer has."""
    loaded = load(folder(name))
    family = FastVlm(loaded, Card(name), AS_PUBLISHED)
    picture = family.picture(plain().pixels)
    inputs = loaded.inputs([picture], "What do you see?")
    assert picture.size == (1024, 1024)
    assert loaded.placeholders(inputs) == 1
    assert loaded.image_rows(inputs) == family.sent(inputs) == family.due([picture], inputs) == 256


def test_the_cost_counts_rows_and_not_ids(small: MlxDescriber) -> None:
    assert told(small, plain())[-1].cost.image_tokens == ROWS


def test_a_frame_that_lost_its_placeholder_is_noticed(small: MlxDescriber) -> None:
    _, inputs = small.plain.seen(asked(plain()))
    inputs["input_ids"] = mx.where(inputs["input_ids"] == -200, 0, inputs["input_ids"])
    assert small.family.sent(inputs) == 0


def test_the_last_column_and_row_of_a_frame_reach_the_tower(small: MlxDescriber) -> None:
    corner = plain((0, 0, 0), size=(480, 640))
    corner.pixels[-4:, -5:] = 255
    _, inputs = small.plain.seen(asked(corner))
    assert np.array(inputs["pixel_values"])[0, :, SMALL_EDGE * 7 // 8 - 1, -1].min() > 0.5


def test_a_frame_is_padded_with_black_and_scaled_once(small: MlxDescriber) -> None:
    _, inputs = small.plain.seen(asked(plain((255, 0, 0), size=(480, 640))))
    pixels = np.array(inputs["pixel_values"])
    assert pixels.shape == (1, 3, SMALL_EDGE, SMALL_EDGE)
    assert np.all(pixels[0, :, : SMALL_EDGE // 8] == 0)
    assert pixels[0, :, SMALL_EDGE // 2, SMALL_EDGE // 2] == pytest.approx([1, 0, 0])


def test_the_noise_of_a_covered_camera_stays_dark(small: MlxDescriber) -> None:
    """The processor's own scaling takes a frame of zeros and ones for black and white."""
    noise = np.random.default_rng(0).integers(0, 2, (480, 640, 3), np.uint8)
    _, inputs = small.plain.seen(asked(frame(noise)))
    assert np.array(inputs["pixel_values"]).max() <= 1 / 255 + 1e-6


@pytest.mark.parametrize("wished", [64, "tiles"])
def test_another_number_of_image_tokens_is_refused(wished: int) -> None:
    with pytest.raises(UsageError) as refusal:
        MlxDescriber(folder("fastvlm-small"), wish=ModelOptions(wished))
    assert str(ROWS) in refusal.value.hint


def test_the_number_that_it_has_may_be_asked_for() -> None:
    assert FastVlm(load(folder("fastvlm-mlx")), Card("fastvlm"), ModelOptions(256)).words == "256 image tokens a frame"


def test_why_several_frames_are_refused_mlx_vlm_moves_words_before_the_second_one(small: MlxDescriber) -> None:
    """Should this fail, mlx-vlm has mended it, and FastVLM can be shown several frames."""
    words = [10, 11, 12, 13]
    ids = mx.array([[words[0], -200, words[1], -200, words[2], words[3]]])
    features = mx.zeros((2, ROWS, small.loaded.model.config.text_config.hidden_size))
    model = small.loaded.model
    rows = model.get_input_embeddings(
        ids, mx.zeros((2, 3, SMALL_EDGE, SMALL_EDGE)), mask=mx.ones_like(ids), cached_image_features=features
    ).inputs_embeds[0]
    third = model.language_model.model.embed_tokens(mx.array(words[2]))
    assert mx.allclose(rows[1 + ROWS + 1], third).item()  # right before the second frame, not behind it


def test_the_remedy_for_several_frames_can_be_typed(small: MlxDescriber) -> None:
    with pytest.raises(UsageError) as refusal:
        told(small, plain(), plain())
    assert "--frames" in refusal.value.hint
