"""What the answers to the sight test are worth, as a table."""

from collections import Counter
from itertools import product

import pytest

from app.check.vision_test import A_PICTURE, COLOUR_WORDS, SIDE_WORDS, judge, one_of

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


