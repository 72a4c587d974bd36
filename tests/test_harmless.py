"""What the model says can be shown, logged and spoken without being obeyed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import sanitize


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
