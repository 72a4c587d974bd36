"""From pieces to whole sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import SentenceSplitter, tidy


def told(pieces: list[str]) -> list[str]:
    sentences = SentenceSplitter()
    whole = [sentence for piece in pieces for sentence in sentences.add(piece)]
    return [*whole, *filter(None, [sentences.finish()])]


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([" A", " man", " sits", "."], ["A man sits."]),
        (["A man sits. He", " reads."], ["A man sits.", "He reads."]),
        (["Is it?", " Yes!", ' "Good." ', "Then go."], ["Is it?", "Yes!", '"Good."', "Then go."]),
        (["Mr. Smith and Dr. Jones wait."], ["Mr. Smith and Dr. Jones wait."]),
        (["J. Smith waits."], ["J. Smith waits."]),
        (["It costs 3.50 dollars."], ["It costs 3.50 dollars."]),
        (["Two lines\nof\ttext."], ["Two lines of text."]),
        (["no end mark"], ["no end mark"]),
        (["Ein Mann sitzt. Über ihm hängt ein Bild."], ["Ein Mann sitzt.", "Über ihm hängt ein Bild."]),
        ([], []),
        (["", "  ", "\n"], []),
    ],
)
def test_sentences_are_cut_where_a_reader_would(pieces: list[str], whole: list[str]) -> None:
    assert told(pieces) == whole


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    sentences = SentenceSplitter()
    assert sentences.add("A man sits. ") == []
    assert sentences.add("H") == ["A man sits."]
    assert sentences.rest == "H"


def test_a_sentence_that_was_cut_off_shows_it() -> None:
    sentences = SentenceSplitter()
    sentences.add("A man sits on a")
    assert sentences.finish(is_cut=True) == "A man sits on a…"
    assert sentences.finish(is_cut=True) == ""


@given(st.lists(st.text(alphabet="aB .!?\n\"'3é", max_size=8), max_size=20))
def test_no_word_is_lost_or_doubled_however_the_pieces_fall(pieces: list[str]) -> None:
    assert tidy(" ".join(told(pieces))) == tidy("".join(pieces))


@given(st.text(alphabet="ab CD.!? ", max_size=60), st.integers(1, 7))
def test_the_sentences_do_not_depend_on_how_the_text_is_cut_into_pieces(text: str, size: int) -> None:
    assert told([text[i : i + size] for i in range(0, len(text), size)]) == told([text])
