"""Text fit for a terminal, a log and a voice: one line, no control characters. Nothing is reworded."""

import unicodedata

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the order in which a terminal shows the rest of the line."""


def harmless(text: str) -> str:
    """`text` on one line, without what a terminal would obey: a camera may read escape codes aloud."""
    if not text.isprintable():  # what is printable holds nothing that `character` would change
        text = "".join(map(character, text))
    return " ".join(text.split())


def character(one: str) -> str:
    """The character itself, or what stands for it."""
    kind = unicodedata.category(one)
    if one.isspace():
        return " "
    if kind == "Cs":
        return "\ufffd"  # half a character, from a file name that is not UTF-8: it cannot be written anywhere
    return "" if kind == "Cc" or one in TURNING else one
