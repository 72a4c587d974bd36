"""Every family through the real mlx-vlm, on small models with random weights: what was promised is what is sent, and
all of the frame arrives."""

import json
import shutil
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import FastVlm, Generic
from app.backends.mlx.fast_path import QuickRoad
from app.backends.mlx.loading import load
from app.config import AS_PUBLISHED, ModelOptions
from app.errors import ModelError, UsageError, UserError
from app.models.registry import Card, ImageTokens
from tests.backends.mlx.folders import SMALL_EDGE, folder
from tests.backends.shown import SIZES, asked, first_word, frame, plain, told
from tests.sweeps import spread

NAMES = [
    "smolvlm-mlx",
    "smolvlm-2.2b",
    "smolvlm-4bit",
    "lfm2-vl",
    "lfm2.5-vl",
    "fastvlm-small",
    "qwen3-vl",
    "nanollava",
]
ONE_FRAME_ONLY = {"fastvlm-small", "nanollava"}


@pytest.fixture(scope="module", params=spread(NAMES, 3))
def describer(request: pytest.FixtureRequest) -> MlxDescriber:
    return MlxDescriber(folder(request.param))


def test_a_frame_is_described_and_the_banner_says_what_is_in_use(describer: MlxDescriber) -> None:
    cost = told(describer, plain())[-1].cost
    assert cost.tokens > 0
    name, tokens, *precision = describer.banner.name.split(", ")
    assert name == describer.loaded.name
    assert "image tokens a frame" in tokens
    assert precision == (["4-bit"] if name.endswith("4bit") else [])


@pytest.mark.parametrize("size", SIZES)
def test_ids_rows_and_promise_agree_for_frames_of_every_shape(describer: MlxDescriber, size: tuple[int, int]) -> None:
    pictures, inputs = describer.plain.seen(asked(plain(size=size)))
    due = describer.family.due(pictures, inputs)
    assert 0 < due <= 729
    assert describer.family.sent(inputs) == due
    assert describer.loaded.image_rows(inputs) == due


def test_every_frame_of_a_source_costs_the_same(describer: MlxDescriber) -> None:
    rng = np.random.default_rng(0)
    frames = [frame(rng.integers(0, 256, (360, 640, 3), np.uint8)) for _ in range(3)]
    assert len({describer.family.sent(describer.plain.seen(asked(each))[1]) for each in frames}) == 1


def test_several_frames_cost_as_often_as_much_or_are_refused(describer: MlxDescriber) -> None:
    one = told(describer, plain())[-1].cost.image_tokens
    if describer.loaded.name in ONE_FRAME_ONLY:
        with pytest.raises(UserError) as refusal:
            told(describer, plain(), plain())
        assert "--frames" in refusal.value.hint
    else:
        assert told(describer, plain(), plain(), plain())[-1].cost.image_tokens == 3 * one


def test_red_and_blue_are_not_the_same(describer: MlxDescriber) -> None:
    red, blue = (first_word(describer, plain(colour)) for colour in ((210, 35, 40), (40, 70, 200)))
    assert not np.allclose(red, blue)


@pytest.mark.parametrize("edge", ["right", "bottom"])
def test_nothing_is_cut_away(describer: MlxDescriber, edge: str) -> None:
    """What changes is a sixteenth of the frame, at its edge; half of it where there are two tokens a side."""
    before, after = plain(), plain()
    part = 2 if describer.loaded.name == "fastvlm-small" else 16
    changed = np.s_[:, -640 // part :] if edge == "right" else np.s_[-480 // part :]
    after.pixels[changed] = (210, 35, 40)
    assert not np.allclose(first_word(describer, before), first_word(describer, after))


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
