"""The quick road says what mlx-vlm's own generation says, word for word, whatever is drafted and whatever is kept."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx_vlm.models.idefics3.language import LanguageModel

from app.backends.mlx import cpu as device
from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import Direct, FastVlm, SmolVlm
from app.backends.mlx.fast_path import DRAFTS, QuickRoad, alike, places
from app.backends.mlx.speculative import Drafts
from app.config import ModelOptions, Precision
from app.errors import ModelError, UsageError
from app.events import Frame, Request
from app.models.registry import Card, Sampling
from tests.backends.mlx.folders import folder
from tests.backends.mlx.telling import WORDS, clip, text, told
from tests.backends.shown import SIZES, asked, plain
from tests.sweeps import spread

DEMO = Path(__file__).parents[3] / "models" / "demo"
HAPPENING = "Describe what is happening in one short sentence."
FRAMES = int(os.environ.get("LOOKSAY_FRAMES", "40"))
"""Frames to compare in each precision: LOOKSAY_FRAMES=500 takes half an hour of two cores."""


@pytest.fixture(scope="module")
def describer() -> MlxDescriber:
    return MlxDescriber(DEMO)


def clips(count: int) -> Iterator[Frame]:
    """Five clips in a row: a cut between each two."""
    for seed in range(5):
        yield from clip(seed, count // 5)


def as_published(monkeypatch: pytest.MonkeyPatch, precision: Precision) -> MlxDescriber:
    """The demo model computing in `precision` on this CPU too, where looksay would take float32 for it."""
    monkeypatch.setattr(device, "is_cpu", lambda: False)
    return MlxDescriber(DEMO, wish=ModelOptions(precision=precision))


@pytest.mark.parametrize("precision", spread(["float32", "bfloat16", "4bit"], 1))
def test_with_drafts_every_frame_gets_the_words_of_plain_greedy_decoding(
    monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    describer = as_published(monkeypatch, precision)
    drafted = forwards = 0
    for frame in clips(FRAMES if precision == "float32" else FRAMES // 2):
        pieces, due = told(describer.road, frame), told(describer.plain, frame)
        assert text(pieces) == text(due), frame.number
        drafted += pieces[-1].cost.draft_accepted
        forwards += due[-1].cost.forwards - pieces[-1].cost.forwards
    assert drafted > 0
    assert forwards > 0


@pytest.mark.parametrize("seed", range(8))
def test_no_draft_can_change_a_word(describer: MlxDescriber, seed: int) -> None:
    """Adversaries: noise, the right words with one wrong among them, and words in another order."""
    rng, road = random.Random(seed), describer.road
    assert isinstance(road, QuickRoad)
    frame = next(clip(seed, 1))
    due = text(told(describer.plain, frame))
    right = describer.loaded.processor.tokenizer(due, add_special_tokens=False).input_ids
    wrong = list(right)
    wrong[rng.randrange(len(wrong))] = rng.randrange(6, 1000)
    for draft in ([rng.randrange(6, 1000) for _ in range(20)], wrong, rng.sample(right, len(right)), right * 3):
        road.drafts(WORDS).said.clear()
        road.drafts(WORDS).remember(draft)
        assert text(told(road, frame)) == due


@pytest.mark.parametrize("limit", [1, 2, 5, 64])
def test_the_limit_cuts_a_drafted_description_where_it_cuts_a_plain_one(describer: MlxDescriber, limit: int) -> None:
    frame = next(clip(3, 1))
    told(describer.road, frame)
    pieces, due = told(describer.road, frame, limit=limit), told(describer.plain, frame, limit=limit)
    assert text(pieces) == text(due)
    assert pieces[-1].cost.tokens == due[-1].cost.tokens <= limit


def test_the_same_again_is_one_pass_and_no_look(describer: MlxDescriber) -> None:
    frame = next(clip(4, 1))
    first, again = told(describer.road, frame)[-1].cost, told(describer.road, frame)[-1].cost
    assert (first.encoded, again.encoded) == (1, 0)
    assert again.forwards == 1
    assert again.drafted == again.draft_accepted == again.tokens


def test_a_draft_never_makes_up_for_what_is_seen(describer: MlxDescriber) -> None:
    """Another picture under the same words, again and again."""
    frames = [next(clip(seed, 1)) for seed in (1, 2)]
    due = [text(told(describer.plain, frame)) for frame in frames]
    assert due[0] != due[1]
    for _ in range(3):
        assert [text(told(describer.road, frame)) for frame in frames] == due


@pytest.mark.parametrize("count", [2, 3])
def test_of_several_frames_each_is_encoded_once_and_the_words_are_those_of_all_encoded_afresh(
    describer: MlxDescriber, count: int
) -> None:
    seen: list[Frame] = []
    said = set()
    for frame in clip(7, 20, every=15):
        seen = [*seen, frame][-count:]
        pieces, due = told(describer.road, *seen, words=HAPPENING), told(describer.plain, *seen, words=HAPPENING)
        assert text(pieces) == text(due)
        assert pieces[-1].cost.encoded == 1
        assert pieces[-1].cost.image_tokens == 16 * len(seen)
        said.add(text(pieces))
    assert any("move" in each for each in said), said  # motion can only be told from more than one frame


@pytest.mark.parametrize("tokens", [16, 9, 4])
def test_with_fewer_image_tokens_it_says_what_mlx_vlm_says(tokens: int) -> None:
    describer = MlxDescriber(DEMO, wish=ModelOptions(image_tokens=tokens))
    assert isinstance(describer.road, QuickRoad)
    for frame in clip(1, 3):
        pieces = told(describer.road, frame)
        assert pieces[-1].cost.image_tokens == tokens
        assert text(pieces) == text(told(describer.plain, frame))


@pytest.mark.parametrize("drafts", [True, False])
def test_every_end_mark_of_the_tokenizer_ends_a_description(drafts: bool) -> None:
    """A model may have several; here the third word is made one, for a first description and for one with a draft."""
    describer, frame = MlxDescriber(DEMO), next(clip(6, 1))
    whole = text(told(describer.plain, frame))
    tokenizer = describer.loaded.processor.tokenizer
    ids = tokenizer(whole, add_special_tokens=False).input_ids
    tokenizer.stopping_criteria.add_eos_token_ids(ids[2])
    assert isinstance(describer.family, Direct)
    road = QuickRoad(describer.loaded, describer.family, Sampling(), drafts=drafts)
    for pieces in (told(describer.plain, frame), told(road, frame), told(road, frame)):
        assert text(pieces) == tokenizer.decode(ids[:2])
        assert pieces[-1].cost.tokens == 2


@pytest.mark.parametrize(
    "sampling", [Sampling(temperature=0.7), Sampling(repetition_penalty=1.3), Sampling(0.1, 0.15, 1.05)]
)
def test_what_is_drawn_by_chance_is_not_drafted_and_drawn_as_mlx_vlm_draws_it(sampling: Sampling) -> None:
    describer = MlxDescriber(DEMO, Card("demo", sampling=sampling))
    for seed, frame in enumerate(clip(5, 4)):
        said = []
        for road in (describer.road, describer.plain):
            mx.random.seed(seed)
            pieces = told(road, frame)
            said.append(text(pieces))
            assert pieces[-1].cost.drafted == 0
        assert said[0] == said[1]


def test_without_drafts_nothing_is_drafted() -> None:
    describer = MlxDescriber(DEMO, drafts=False)
    costs = [told(describer.road, frame)[-1].cost for frame in clip(1, 3)]
    assert all(cost.drafted == 0 for cost in costs)
    assert all(cost.forwards == cost.tokens + 2 for cost in costs), "the end mark, and one ahead"


def test_another_mlx_vlm_that_computes_otherwise_is_found_out_and_its_own_road_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.backends.mlx.families import SmolVlm

    features = SmolVlm.features
    monkeypatch.setattr(SmolVlm, "features", lambda family, pixels: features(family, pixels[:, ::-1]))
    describer = MlxDescriber(DEMO)
    assert describer.road is describer.plain
    assert any("slow path" in warning for warning in describer.banner.warnings)


def test_a_wrong_number_of_features_is_an_error_and_not_a_blind_caption(
    describer: MlxDescriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(describer.family)
    features = kind.features  # type: ignore[attr-defined]
    monkeypatch.setattr(kind, "features", lambda family, pixels: features(family, pixels)[1:])
    with pytest.raises(ModelError, match="15 image tokens where 16 were due"):
        list(describer.describe(Request((next(clip(9, 1)),), WORDS)))


def test_prompts_and_their_drafts_are_few(describer: MlxDescriber) -> None:
    frame = next(clip(1, 1))
    for number in range(20):
        told(describer.road, frame, words=f"Question {number}?", limit=2)
    assert isinstance(describer.road, QuickRoad)
    assert describer.road.prompt.cache_info().currsize <= 8
    assert describer.road.drafts_of.cache_info().maxsize == DRAFTS
    assert isinstance(describer.road.drafts(WORDS), Drafts)


def test_of_several_cameras_each_has_its_own_drafts(describer: MlxDescriber) -> None:
    road = describer.road
    assert isinstance(road, QuickRoad)
    for seed, name in enumerate(("Door", "Yard"), start=40):
        told(road, replace(next(clip(seed, 1)), camera=name))
    assert [len(road.drafts(WORDS, name).said) for name in ("Door", "Yard", "Hall")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("ids", "due", "expected"),
    [
        ([1, 0, 0, 0, 2], [3], [(1, 4)]),
        ([1, 0, 0, 2, 0, 0, 3], [2, 2], [(1, 3), (4, 6)]),
        ([0, 0, 0, 0], [2, 2], [(0, 2), (2, 4)]),  # nothing between them
        ([0, 0, 0, 2, 0], [3, 1], [(0, 3), (4, 5)]),  # frames of two shapes
        ([1, 0, 2, 0, 3], [256, 256], [(1, 2), (3, 4)]),  # one placeholder for hundreds of rows
    ],
)
def test_every_frame_has_its_places(ids: list[int], due: list[int], expected: list[tuple[int, int]]) -> None:
    assert places(ids, 0, due) == expected


@pytest.mark.parametrize(
    ("ids", "due"), [([1, 2], [1]), ([0, 0, 0], [2, 2]), ([0, 1, 0], [2]), ([0, 0, 1, 0, 1, 0], [2, 2]), ([0], [3, 3])]
)
def test_placeholders_that_cannot_be_shared_out_are_an_error(ids: list[int], due: list[int]) -> None:
    with pytest.raises(ValueError, match="shared out"):
        places(ids, 0, due)


CHANGES: dict[str, Callable[[Any, mx.array], mx.array]] = {
    "upside down": lambda features, pixels: features(pixels[:, ::-1]),
    "blacked out": lambda features, pixels: features(0 * pixels),
    "no features": lambda features, pixels: 0 * features(pixels),
    "no such part": lambda features, _pixels: features.vision_eyes,
}


def change(kind: Any, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features = kind.features
    monkeypatch.setattr(kind, "features", lambda family, pixels: CHANGES[how](partial(features, family), pixels))


def is_found_out(model: Path) -> bool:
    describer = MlxDescriber(model)
    assert list(describer.describe(Request((Frame(np.zeros((9, 9, 3), np.uint8), 0.0, 0.0, 0),), "What?", 2)))
    slowed = any("slow path" in warning for warning in describer.banner.warnings)
    assert slowed == (describer.road is describer.plain)
    return slowed


@pytest.mark.parametrize("how", CHANGES)
def test_other_features_are_found_out_and_mlx_vlms_own_road_is_taken(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    change(SmolVlm, how, monkeypatch)
    assert is_found_out(DEMO)


@pytest.mark.parametrize("how", spread(["upside down", "no features"], 1))
def test_they_are_found_out_beside_words_that_are_a_hundred_times_as_loud(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    change(FastVlm, how, monkeypatch)
    assert is_found_out(folder("fastvlm-small"))


def test_a_language_model_that_goes_on_otherwise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = LanguageModel.__call__

    def otherwise(model: Any, *given: Any, **named: Any) -> Any:
        found = theirs(model, *given, **named)
        found.logits = -found.logits
        return found

    monkeypatch.setattr(LanguageModel, "__call__", otherwise)
    assert is_found_out(DEMO)


def test_a_processor_without_the_parts_that_are_needed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: Any, **_named: Any) -> None:
        raise AttributeError("stopping_criteria")

    monkeypatch.setattr(QuickRoad, "__init__", broken)
    assert is_found_out(DEMO)


def test_what_is_as_it_was_is_left_alone() -> None:
    assert not is_found_out(DEMO)


def test_rounding_is_alike_and_more_is_not() -> None:
    rows = mx.array([[1.0, -4.0], [0.5, 2.0]])
    assert alike(rows * 1.004, rows)
    assert not alike(rows[::-1], rows)
    assert alike(rows, mx.array([[float("nan"), 0.0], [0.0, 0.0]]))  # the sight test will tell


def test_frames_of_two_shapes_in_one_question_have_their_own_places() -> None:
    """LFM2 makes 63 image tokens of a 4:3 frame and 60 of 16:9."""
    describer = MlxDescriber(folder("lfm2-vl"), wish=ModelOptions(64))
    frames = [Frame(np.full((*size, 3), 120, np.uint8), 0.0, 0.0, 0) for size in ((480, 640), (720, 1280))]
    request = Request(frames, "What has changed?", 4)
    ours, theirs = (list(road.describe(request)) for road in (describer.road, describer.plain))
    assert ours[-1].cost.image_tokens == 123
    assert "".join(piece.text for piece in ours) == "".join(piece.text for piece in theirs)


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
