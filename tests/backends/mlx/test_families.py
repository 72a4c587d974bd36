"""Every family through the real mlx-vlm, on small models with random weights: what was promised is what is sent, and
all of the frame arrives."""

import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.errors import UserError
from tests.backends.mlx.folders import folder
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
