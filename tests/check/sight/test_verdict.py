"""What the answers to the sight test are worth, as a table."""

from random import Random

import pytest

from app.check.sight.verdict import A_PICTURE, COLOUR_WORDS, SIDE_WORDS, judge, one_of, quoted

SHOWN = ("red", "blue", "yellow", "white")
SIDES = {"left": "It is on the left.", "right": "It is on the right."}


def verdict(*said: str, sides: dict[str, str] = SIDES, tokens: int = 64) -> str:
    return judge(dict(zip(SHOWN, said, strict=True)), sides, tokens).verdict


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("Red.", "Blue.", "Yellow.", "White."), "sees"),
        (("A solid crimson square", "navy", "GOLD", "It is blank."), "sees"),
        (("<think>not blue, not white</think>Red", "<think>x</think> blue", "yellow", "white"), "sees"),
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
        (("", "", "", ""), "unsure"),
        (("<think>the picture is red and",) * 4, "unsure"),
        (("Red.", "Blue.", "Red.", "Red."), "unsure"),
    ],
)
def test_answers_and_their_verdict(said, expected):
    assert verdict(*said) == expected


def test_half_right_without_a_sign_of_a_picture_in_the_prompt_is_blind():
    said = ("Red.", "Blue.", "Red.", "Red.")
    assert verdict(*said, tokens=A_PICTURE) == "blind"
    assert verdict(*said, tokens=A_PICTURE + 1) == "unsure"


@pytest.mark.parametrize(("left", "right"), [("left", "left"), ("right", "left"), ("left or right", "right"), ("", "")])
def test_colours_without_places_are_not_sight(left, right):
    assert verdict("red", "blue", "yellow", "white", sides={"left": left, "right": right}) == "unsure"


def test_an_answer_that_names_several_names_none():
    assert one_of(COLOUR_WORDS, "red or blue") is None
    assert one_of(COLOUR_WORDS, "a hundred reddish things") is None
    assert one_of(SIDE_WORDS, "The LEFT side") == "left"


def test_a_guesser_passes_once_in_a_hundred_at_most():
    chance, colours = Random(1), list(COLOUR_WORDS)

    def guessed() -> str:
        sides = {side: chance.choice(["left", "right"]) for side in SIDES}
        return verdict(*chance.choices(colours, k=4), sides=sides)

    assert [guessed() for _ in range(20_000)].count("sees") < 200


def test_long_answers_are_cut_to_a_line():
    assert quoted("a\n b") == '"a b"'
    assert len(quoted("word " * 50)) == 62
