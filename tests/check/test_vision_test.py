"""The sight test, on the demo model and on the same model with its eyes spoilt."""

from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.check.vision_test import (
    A_PICTURE,
    COLOUR_WORDS,
    FAULTS,
    REMEDIES,
    SIDE_WORDS,
    Sight,
    finding,
    judge,
    look,
    one_of,
)
from app.errors import ModelError
from app.events import Banner, Chunk, Cost, Frame, Request
from tests.fixtures.blinded import DEMO, blind_demo, shuffled, zeroed


@pytest.fixture(scope="module")
def demo() -> MlxDescriber:
    """Never closed: that would take the streams of this thread, on which other tests compute."""
    return MlxDescriber(DEMO)


def sight_of_spoilt(folder: Path, spoil: Callable[[mx.array], mx.array], part: str = "vision_model") -> Sight:
    """On a thread of its own, for closing a describer takes the thread's streams with it."""

    def made_and_looked() -> Sight:
        with closing(MlxDescriber(blind_demo(folder, spoil, part))) as describer:
            return look(describer)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(made_and_looked).result()


class Through:
    """A describer whose frames are changed on the way."""

    def __init__(self, describer: MlxDescriber, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.describer, self.change = describer, change
        self.banner = Banner("changed")

    def describe(self, request: Request) -> Generator[Chunk]:
        frames = [Frame(self.change(each.pixels), each.seen_at, 0.0, 0) for each in request.frames]
        yield from self.describer.describe(Request(frames, request.prompt, request.max_tokens))

    def close(self) -> None: ...


@pytest.mark.parametrize("seed", range(6))
def test_the_demo_model_sees_whatever_colours_are_drawn(demo: MlxDescriber, seed: int) -> None:
    sight = look(demo, seed)
    assert sight.verdict == "sees", sight.why
    assert sight.image_tokens == 16
    assert finding(sight).status == "ok"


@pytest.mark.parametrize("spoil", [zeroed, shuffled])
@pytest.mark.parametrize("part", ["vision_model", "connector"])
def test_spoilt_eyes_are_blind(tmp_path: Path, spoil: Callable[[mx.array], mx.array], part: str) -> None:
    sight = sight_of_spoilt(tmp_path / "blind", spoil, part)
    assert sight.verdict == "blind", sight.why
    assert finding(sight).code == "blind"


def test_image_tokens_in_the_wrong_order_are_noticed(tmp_path: Path) -> None:
    """Colours alone would not tell: only the places are wrong."""
    sight = sight_of_spoilt(tmp_path / "mirrored", lambda tensor: tensor[::-1], "position_embedding")
    assert sight.verdict != "sees"


def test_swapped_channels_are_called_by_their_name(demo: MlxDescriber) -> None:
    sight = look(Through(demo, lambda pixels: np.ascontiguousarray(pixels[..., ::-1])))
    assert (sight.verdict, finding(sight).code) == ("channels swapped", "channels-swapped")


def test_a_picture_that_never_changes_is_blindness(demo: MlxDescriber) -> None:
    """A server that caches the first picture, or a camera's last frame."""
    first: list[np.ndarray] = []
    sight = look(Through(demo, lambda pixels: first[0] if first else first.append(pixels) or pixels))
    assert sight.verdict == "blind"
    assert sight.image_tokens == 16


class Told:
    """A describer that answers the questions in turn; its cost counts `tokens`."""

    def __init__(self, *answers: str | ModelError, tokens: int = 0) -> None:
        self.answers, self.tokens = iter(answers), tokens
        self.banner = Banner("told")

    def describe(self, _request: Request) -> Generator[Chunk]:
        if isinstance(said := next(self.answers), ModelError):
            raise said
        yield Chunk(said, Cost(0.0, 0.0, image_tokens=self.tokens))

    def close(self) -> None: ...


def test_a_model_that_fails_on_a_picture_is_explained_with_its_own_remedy() -> None:
    with pytest.raises(ModelError, match="do not match") as failure:
        look(Told("Red.", ModelError("tokens and features do not match", "take another")))
    assert failure.value.hint == "take another"


def test_a_model_that_says_nothing_is_refused() -> None:
    found = finding(look(Told(*[""] * 6, tokens=64)))
    assert (found.status, found.code, found.sentence) == ("bad", "refuses", "refuses: it answers nothing at all")


def test_a_cost_of_no_image_tokens_counts_as_not_counted() -> None:
    assert look(Told(*["Red."] * 6)).image_tokens is None
    assert look(Told(*["Red."] * 6, tokens=5)).image_tokens == 5


def test_every_verdict_but_sees_has_a_remedy() -> None:
    assert set(REMEDIES) == set(FAULTS) == {"blind", "channels swapped", "refuses", "unsure"}
    assert all(REMEDIES.values())


SHOWN = ("red", "blue", "yellow", "white")
SIDES = {"left": "It is on the left.", "right": "It is on the right."}


def verdict(*said: str, sides: dict[str, str] = SIDES, tokens: int | None = 64) -> str:
    return judge(dict(zip(SHOWN, said, strict=True)), sides, tokens).verdict


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("Red.", "Blue.", "Yellow.", "White."), "sees"),
        (("A solid crimson square", "navy", "GOLD", "Plain white"), "sees"),
        (("Red.", "Blue.", "Yellow.", "A wall."), "sees"),
        (("Blue.", "Red.", "Yellow.", "White."), "channels swapped"),
        (("Blue", "Red", "Blue", "White"), "channels swapped"),
        (("Red.", "Red.", "Red.", "Red."), "blind"),
        (("A man sits at a desk.",) * 4, "blind"),
        (("A beautiful red sunset over a blue sea",) * 4, "blind"),
        (("White.", "Yellow.", "Red.", "Blue."), "blind"),
        (("I cannot see any image.",) * 4, "refuses"),
        (("I'm sorry, but no image was provided.", "Please upload a picture.", "", ""), "refuses"),
        (("As an AI language model I am unable to view pictures",) * 4, "refuses"),
        (("", "", "", ""), "refuses"),
        (("Red.", "Blue.", "Red.", "Red."), "blind"),
        (("Red.", "Green.", "Yellow.", "Red."), "blind"),
        (("Red.", "Blue.", "Orange.", "Grey."), "unsure"),
    ],
)
def test_answers_and_their_verdict(said, expected):
    assert verdict(*said) == expected


def test_half_right_without_a_sign_of_a_picture_in_the_prompt_is_blind():
    said = ("Red.", "Blue.", "Orange.", "Grey.")
    assert [verdict(*said, tokens=tokens) for tokens in (None, 0, A_PICTURE)] == ["blind"] * 3
    assert verdict(*said, tokens=A_PICTURE + 1) == "unsure"


@pytest.mark.parametrize("tokens", [0, 5, A_PICTURE])
def test_right_answers_to_a_prompt_that_did_not_grow_by_a_picture_are_no_sight(tokens):
    sight = judge(dict(zip(SHOWN, SHOWN, strict=True)), SIDES, tokens)
    assert sight.verdict == "unsure"
    assert f"did not grow by a picture: {tokens} tokens" in sight.why


def test_right_answers_stand_alone_where_nobody_counted():
    assert verdict(*SHOWN, tokens=None) == "sees"


@pytest.mark.parametrize(("left", "right"), [("left", "left"), ("right", "left"), ("left or right", "right"), ("", "")])
def test_colours_without_places_are_not_sight(left, right):
    assert verdict("red", "blue", "yellow", "white", sides={"left": left, "right": right}) == "unsure"


def test_an_answer_that_names_several_names_none():
    assert one_of(COLOUR_WORDS, "red or blue") is None
    assert one_of(COLOUR_WORDS, "a hundred reddish things") is None
    assert one_of(COLOUR_WORDS, "dark") is None
    assert one_of(SIDE_WORDS, "The LEFT side") == "left"


@pytest.mark.parametrize("colour", COLOUR_WORDS)
@pytest.mark.parametrize("shade", ["Dark", "Light", "Bright", "Deep", "Pale", "Solid", "Plain"])
def test_a_shade_of_a_colour_is_that_colour(shade, colour):
    assert one_of(COLOUR_WORDS, f"{shade} {colour}.") == colour


@pytest.mark.parametrize(
    ("tokens", "shares"),
    [
        (64, {"sees": 21, "unsure": 147, "channels swapped": 144, "blind": 4872}),
        (None, {"sees": 21, "unsure": 63, "channels swapped": 144, "blind": 4956}),
        (A_PICTURE, {"unsure": 84, "channels swapped": 144, "blind": 4956}),
    ],
)
def test_of_all_guesses_few_are_sight_or_doubt(tokens, shares):
    """Every way to guess: 6 colours for 4 pictures, 2 sides for 2."""
    guesses = product(product(COLOUR_WORDS, repeat=4), product(SIDE_WORDS, repeat=2))
    ended = Counter(
        verdict(*said, sides=dict(zip(SIDES, where, strict=True)), tokens=tokens) for said, where in guesses
    )
    assert ended == shares
    assert ended["sees"] < 0.005 * ended.total()
    assert ended["unsure"] < 0.03 * ended.total()
