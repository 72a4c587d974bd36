"""Sentences from a stream, safe lines, times in clips."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import SentenceSplitter, format_time, join_times, parse_time, sanitize, tidy


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


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("A red circle.", "A red circle."),
        ("one\ntwo\r\n\tthree", "one two three"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;owned\x07title", "]0;ownedtitle"),
        ("\x9b2Jcleared", "2Jcleared"),
        ("back\x08\x7fspace", "backspace"),
        ("a\u202eb\u2066c", "abc"),
        ("line\u2028break", "line break"),
        ("Grüße, 世界 👩‍💻", "Grüße, 世界 👩‍💻"),
        ("half \udce9 a character", "half \ufffd a character"),
        ("  ", ""),
    ],
)
def test_words_stay_and_commands_go(said: str, shown: str) -> None:
    assert sanitize(said) == shown


@given(st.text(st.characters(), max_size=40))
def test_whatever_comes_one_line_without_control_characters_goes(text: str) -> None:
    shown = sanitize(text)
    assert not [each for each in shown if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")]
    assert shown.encode() is not None
    assert sanitize(shown) == shown


@pytest.mark.parametrize(
    ("text", "at_s"),
    [("80", 80), ("80s", 80), ("1.5", 1.5), ("1:20", 80), ("0:05.25", 5.25), ("1:01:20", 3680), ("90:00", 5400)],
)
def test_times_are_read_as_people_write_them(text, at_s):
    assert parse_time(text) == at_s


@pytest.mark.parametrize("text", ["", "-1", "1:60", "nan", "inf", "1e3", "1:2:3:4", "captions.jsonl", "1m", ":5", "٣"])
def test_anything_else_is_no_time(text):
    assert parse_time(text) is None


@given(st.floats(0, 1e5))
def test_what_is_told_can_be_typed_again(at_s):
    assert abs((parse_time(format_time(at_s)) or 0.0) - at_s) <= 0.0501


def test_several_are_told_as_one_says_them():
    assert join_times([0.0]) == "0:00"
    assert join_times([0.5, 61.0]) == "0:00.5 and 1:01"
    assert join_times([1, 2, 3]) == "0:01, 0:02 and 0:03"
