"""Choosing words: as mlx-vlm does, ties and all."""

from pathlib import Path

import mlx.core as mx
import pytest

from app.backends.mlx.loading import load
from app.backends.mlx.speculative import START, Burst, Drafts, Speech, behind, greedy


def test_of_words_that_rounding_makes_equally_likely_the_first_is_said() -> None:
    """In bfloat16 log-probabilities are coarser than the logits that they were made of, and mlx-vlm compares them."""
    logits = mx.zeros((1, 1000), mx.bfloat16)
    logits[0, 100], logits[0, 200] = 0.5, 0.50390625
    likely = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    assert logits[0, 200].item() > logits[0, 100].item()
    assert likely[0, 200].item() == likely[0, 100].item()
    assert greedy(logits).tolist() == [100]


RED = (1, 2, 3, 4, 5, 6, 7)
BLUE = (1, 9, 3, 4, 8, 6, 7)


def after(*descriptions: tuple[int, ...], longest: int = 4) -> Drafts:
    """Drafts that remember these, the last one newest."""
    drafts = Drafts(longest_after=longest)
    for each in descriptions:
        drafts.remember(each)
    return drafts


def test_nothing_is_guessed_before_anything_was_said() -> None:
    assert Drafts().guess([], 64) == ()
    assert Drafts().guess([1], 64) == ()


def test_a_description_is_guessed_to_be_the_last_one() -> None:
    assert after(BLUE, RED).guess([], 64) == RED


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((1, 2, 3), (4, 5, 6, 7)),
        ((1, 9), (3, 4, 8, 6)),  # an older description begins like this
        ((5,), (6, 7)),  # the longest context is a single token
        ((77, 4, 5), (6, 7)),
        ((77, 78), ()),  # nothing like it was ever said
        (RED, ()),  # and nothing came after it
    ],
)
def test_after_a_difference_it_goes_on_as_what_was_said_after_the_same_words(
    said: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert after(BLUE, RED).guess(said, 64) == expected


def test_the_newest_description_wins_among_equals() -> None:
    assert after((5, 1), (5, 2)).guess((9, 5), 64) == (2,)


def test_the_beginning_counts_as_context() -> None:
    """Not what came after the same word in the middle of the newest one."""
    assert after((3, 8, 8), (1, 3, 4)).guess((3,), 64) == (8, 8)


@pytest.mark.parametrize("most", [0, 1, 2, 64])
def test_no_more_is_guessed_than_may_be_said(most: int) -> None:
    drafts = after(RED)
    assert len(drafts.guess([], most)) == min(most, len(RED))
    assert len(drafts.guess([1], most)) == min(most, 4)


def test_what_is_said_again_is_remembered_once_and_few_are() -> None:
    drafts = after(RED, BLUE, RED)
    assert list(drafts.said) == [(START, *RED), (START, *BLUE)]
    for each in range(100):
        drafts.remember((each,))
    assert len(drafts.said) == 8


@pytest.mark.parametrize(
    ("part", "place"), [((1,), 1), ((3, 4), 4), ((6, 7), 0), ((2, 4), 0), (RED, 0), ((*RED, 8), 0)]
)
def test_the_place_behind_a_part_is_found_where_something_follows(part: tuple[int, ...], place: int) -> None:
    assert behind(part, RED) == place


def test_guesses_that_are_wrong_again_and_again_become_short_until_they_are_right_again() -> None:
    drafts = after(RED)
    lengths = []
    for drafted, accepted in [(7, 0), (7, 1), (4, 0), (4, 1), (7, 7)]:
        lengths.append(len(drafts.guess([], 64)))
        drafts.learn(drafted, accepted)
    assert lengths == [7, 7, 4, 4, 7]


def test_a_description_for_which_nothing_was_guessed_teaches_nothing() -> None:
    drafts = after(RED)
    for _ in range(2):
        drafts.learn(7, 0)
    drafts.learn(0, 0)
    assert len(drafts.guess([], 64)) == 4


DEMO = Path(__file__).parents[3] / "models" / "demo"


@pytest.mark.parametrize("special", ["<image>", "<|im_start|>", "<fake_token_around_image>"])
def test_special_tokens_are_counted_and_not_spoken(special: str) -> None:
    processor = load(DEMO).processor
    words = processor.tokenizer(" A red circle", add_special_tokens=False).input_ids
    mark = processor.tokenizer.convert_tokens_to_ids(special)
    pieces = list(Speech(processor).pieces(Burst((*words[:1], mark, *words[1:]), forwards=1, is_last=True)))
    assert "".join(piece.text for piece in pieces).strip() == "A red circle"
    assert pieces[-1].cost.tokens == len(words) + 1
