"""Of all that llama.cpp says, the line that tells why."""

import pytest

from app.backends.llama.server import failure, last_words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", ""),
        ("all is well\n", ": all is well"),
        ("1.2 I begins\n1.3 E first failed\n1.4 E then an error\n1.5 I ends\n", ": then an error"),
        ("W could not load a thing\nI slot release: all done\n", ": I slot release: all done"),
        ("E mm-unknown.gguf failed\nE unknown projector type: x\nE failed", ": E unknown projector type: x"),
    ],
)
def test_the_line_that_tells_most_is_told(said: str, words: str) -> None:
    assert last_words(said) == words


def test_what_speaks_of_no_failure_is_none() -> None:
    assert failure("1.2 I slot release: all done\n") == ""


def test_a_reason_is_one_short_line() -> None:
    assert len(failure("E failed " + "x" * 5000)) < 220
