"""Captions of small models that went wrong, and honest ones that look a little like them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.scenes import caption, sample_scene, story
from app.live.caption_quality import BROKEN, CUT, LOOPING, NOTHING, find_loop, reason_to_doubt

HONEST = [
    "A man sits at a desk.",
    "A red circle, a blue square and a green star.",
    "A red book, a green book and a blue book are on the shelf.",
    "From left to right: a red star, a red star and a red star.",
    "A very very large dog lies on a very small rug.",
    "Knock knock, says the sign.",
    "The sign says NO NO NO.",
    "A man in a red shirt stands next to a man in a red shirt.",
    "A cat is on the left. A cat is on the right. A cat is in the center.",
    "On the table are a cup, a plate, a fork, a knife, a spoon, a glass, a bottle and a bowl.",
    "The clock shows 10:15.",
    "12:30",
    "7",
    "Yes.",
    "No",
    "The licence plate reads B 1234 CD.",
    "The phone number is 0 1 2 3 4 5.",
    "The numbers 1, 2 and 3 are on the board.",
    "The price is 1000000 dollars.",
    "Mississippi, it says on the map.",
    "A banana and an ananas.",
    "ChangeDetector 1, gate 2 and gate 3 are closed.",
    "The shop is called Yo-Yo.",
    "A man sits on a chair. The man wears a hat. The man holds a cup.",
    "A man holding a cup, and a woman holding a cup, and a child holding a cup.",
    "Ein Mann sitzt auf einem Stuhl.",
    "一个男人坐在桌子旁边。",
    "It is 5 minutes past 4, on 3 of 12 screens.",
    "The scene is empty.",
    "Hmm… a dog?",
]
LOOPS = [
    ("A man, a man, a man, a man", "A man, "),
    ("the the the the", "the "),
    ("A man sits. A man sits. A man sits.", "A man sits. "),
    ("A dog. A dog. A dog. A dog. A dog", "A dog. "),
    ("A desk with a lamp and a lamp and a lamp and a lamp", "A desk with a lamp and "),
    ("A red circle is left of a red circle is left of a red circle is left of", "A red circle is left of "),
    ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "1, "),
    ("The board shows 11 12 13 14 15 16 17 18", "The board shows 11 "),
    ("person 1, person 2, person 3, person 4, person 5, person 6", "person 1, "),
    ("aaaaaaaaaaaaaaaaaaaaaaaa", "a"),
    ("A white whitewhitewhitewhitewhitewhitewhitewhite", "A white white"),
    ("一个男人一个男人一个男人一个男人一个男人一个男人一个男人一个男人", "一个男人"),
    ("The sign reads: ......................", "The sign reads: ."),
    ("------------------------------", "-"),
    ("The image shows image image image image image", "The image shows image "),
    (
        "The man with the blue shirt and the black hat is sitting on the chair next to the big window. "
        "The man with the blue shirt and the black hat is sitting on the chair next to the big window.",
        "The man with the blue shirt and the black hat is sitting on the chair next to the big window. ",
    ),
    (
        "A cup, a plate, a fork, a knife, a spoon, a glass, a bottle, a bowl, a pan, a pot, a jar, a lid, a box, a bag",
        "A cup, a plate, a fork, a knife, a spoon, a glass, a bottle, a bowl, a pan, a pot, a jar, a lid, ",
    ),
]
DOUBTED = [
    ("", NOTHING),
    ("   \n ", NOTHING),
    (".", NOTHING),
    ("...", NOTHING),
    ("?!", NOTHING),
    ("**", NOTHING),
    ("```", NOTHING),
    ("- \n- \n- ", NOTHING),
    ("!!!!!!!!!!!!!!!!!!!!!!!!!!!!", NOTHING),
    ("\u200b", NOTHING),
    ("A \ufffd\ufffd man", BROKEN),
    ("\ufffd", BROKEN),
    ("aaaaaaaaaaaaaaaaaa", BROKEN),
    ("a a a a a a a a a a a a", BROKEN),
    ("0000000000000000", BROKEN),
    ("{}[]();:=>a({}[];)", BROKEN),
    ("::::::::::::::::a", BROKEN),
    ('"),("x"),("y"),("z"),("', BROKEN),
    ("A man, a man, a man, a man", LOOPING),
    ("The man is wearing a shirt. The man is wearing a shirt. The man is wearing a shirt.", LOOPING),
    ("The the the the the the", LOOPING),
    ("left left left left left left", LOOPING),
    ("1. 2. 3. 4. 5. 6. 7. 8. 9. and so on", LOOPING),
]


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_is_neither_looping_nor_doubted(text: str) -> None:
    assert find_loop(text) is None
    assert reason_to_doubt(text, is_cut=False) is None


@pytest.mark.parametrize(("text", "kept"), LOOPS)
def test_a_loop_is_cut_where_it_begins_to_repeat(text: str, kept: str) -> None:
    assert text[: find_loop(text)] == kept


@pytest.mark.parametrize(("text", "kept"), LOOPS)
def test_what_is_kept_of_a_loop_does_not_depend_on_how_long_it_went_on(text: str, kept: str) -> None:
    first = next(end for end in range(len(text) + 1) if find_loop(text[:end]) is not None)
    assert all(text[: find_loop(text[:end])] == kept for end in range(first, len(text) + 1))


@pytest.mark.parametrize(("text", "reason"), DOUBTED)
def test_a_text_that_describes_nothing_is_doubted_with_its_reason(text: str, reason: str) -> None:
    assert reason_to_doubt(text, is_cut=False) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A man sits at a", CUT),
        ("A man sits at a desk, and", CUT),
        ("A man sits at a desk. He is wear", None),
        ("A man sits at a desk.", None),
        ("一个男人坐在", CUT),
    ],
)
def test_a_text_that_was_cut_off_is_doubted_if_no_sentence_of_it_is_whole(text: str, reason: str | None) -> None:
    assert reason_to_doubt(text, is_cut=True) == reason


def test_a_text_without_an_end_mark_is_not_doubted_unless_it_was_cut_off() -> None:
    assert reason_to_doubt("A man sits at a desk", is_cut=False) is None


@given(st.integers(0, 2**32), st.integers(0, 3), st.integers(0, 3))
def test_no_sentence_of_the_drawn_world_is_doubted(seed: int, before: int, after: int) -> None:
    rng = np.random.default_rng(seed)
    first, last = sample_scene(rng, before, is_clear=False), sample_scene(rng, after, is_clear=False)
    for text in (caption(first), story((first, last)), f"{caption(first)} {caption(last)}"):
        assert reason_to_doubt(text, is_cut=False) is None


@given(st.text(max_size=80))
def test_any_text_can_be_judged(text: str) -> None:
    at = find_loop(text)
    assert at is None or 0 < at < len(text)
    assert reason_to_doubt(text, is_cut=True) in (None, NOTHING, BROKEN, LOOPING, CUT)
