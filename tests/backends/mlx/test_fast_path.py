"""The quick road says what mlx-vlm's own generation says, word for word, whatever is drafted and whatever is kept."""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import pytest

from app.backends.mlx import cpu as device
from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.families import Direct
from app.backends.mlx.fast_path import DRAFTS, QuickRoad
from app.backends.mlx.speculative import Drafts
from app.config import ModelOptions, Precision
from app.errors import ModelError
from app.events import Frame, Request
from app.models.registry import Card, Sampling
from tests.backends.mlx.telling import WORDS, clip, text, told
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
