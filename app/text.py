"""Text: sentences from a stream, safe lines for terminals, times in clips, yes-or-no answers."""

import os
import re
import select
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TextIO

END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-ZÀ-Þ0-9])")
"""The end of a sentence: after its mark, once a new sentence visibly begins."""
SHORT_FORMS = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|vs|etc|e\.g|i\.e|approx)|\b[A-Z])\.$")
"""Words that end in a full stop without ending a sentence, and single initials."""


def tidy(text: str) -> str:
    """One line, single spaces, no blanks at its ends."""
    return " ".join(text.split())


@dataclass(slots=True)
class SentenceSplitter:
    """Splits a stream of text into sentences, each as soon as it is whole."""

    rest: str = ""
    """The unfinished sentence so far."""

    def add(self, piece: str) -> list[str]:
        """Add text; return the sentences that it completes."""
        self.rest += piece
        whole, start = [], 0
        for end in END.finditer(self.rest):
            if not SHORT_FORMS.search(self.rest[: end.start()]):
                whole.append(tidy(self.rest[start : end.end()]))
                start = end.end()
        self.rest = self.rest[start:]
        return whole

    def finish(self, is_cut: bool = False) -> str:
        """Return the unfinished rest; `is_cut`: the describer was stopped there, shown by an ellipsis."""
        last, self.rest = tidy(self.rest), ""
        return last + "…" if last and is_cut else last


BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order in which a terminal shows the rest of a line."""


def sanitize(text: str) -> str:
    """`text` on one line without control characters: a camera may read out a sign with escape codes on it."""
    if not text.isprintable():  # printable text has no characters to replace
        text = "".join(map(character, text))
    return " ".join(text.split())


def character(one: str) -> str:
    """The character itself, or its replacement."""
    kind = unicodedata.category(one)
    if one.isspace():
        return " "
    if kind == "Cs":
        return "\ufffd"  # half a character, from a file name that is not UTF-8: it cannot be written anywhere
    return "" if kind == "Cc" or one in BIDI_CONTROLS else one


SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?", re.ASCII)
CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:\.\d+)?)", re.ASCII)


def parse_time(text: str) -> float | None:
    """Seconds from `80`, `1:20` or `1:01:20.5`; None for anything else."""
    if plain := SECONDS.fullmatch(text.strip()):
        return float(plain[1])
    if found := CLOCK.fullmatch(text.strip()):
        hours, minutes, rest = int(found[1] or 0), int(found[2]), float(found[3])
        return hours * 3600 + minutes * 60 + rest
    return None


def format_time(at_s: float) -> str:
    """Seconds as m:ss, with tenths where there are some."""
    minutes, tenths = divmod(round(at_s * 10), 600)
    return f"{minutes}:{tenths // 10:02}" + (f".{tenths % 10}" if tenths % 10 else "")


def join_times(moments: Sequence[float]) -> str:
    """Several times in words: 0:01, 0:02 and 0:03."""
    said = [format_time(each) for each in moments]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def write_line(line: str, stream: TextIO, end: str = "\n") -> None:
    """Write a line and flush; characters outside the stream's encoding become `?`."""
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, "replace").decode(encoding) + end)
    stream.flush()


def has_reader(stream: IO[str]) -> bool:
    """Whether the other end of a pipe is still open (`… | head -1` closes it); True for a file or a terminal."""
    ends = select.poll()
    ends.register(stream.fileno(), 0)
    return not any(state & (select.POLLERR | select.POLLHUP) for _, state in ends.poll(0))


def discard_output(stdout: IO[str]) -> None:
    """Point a broken standard output at /dev/null, so that Python's last flush does not fail as well."""
    with suppress(OSError, ValueError):  # a stream of the tests has no file behind it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout.fileno())
        os.close(nowhere)


_WORD = re.compile(r"[a-z]+")
_YES, _NO = frozenset({"yes", "yeah", "yep", "true"}), frozenset({"no", "not", "none", "nope", "false"})
_QUESTION = re.compile(r"^(is|are|was|were|do|does|did|has|have|can|could|will)\b|\?\s*$", re.IGNORECASE)


def question(wish: str) -> str:
    """The question for a model: the wish itself if it is one, else "Is there …?"."""
    return wish if _QUESTION.search(wish) else f"Is there {wish}?"


def is_yes(answer: str) -> bool | None:
    """Whether an answer means yes; None: neither yes nor no. Only its first word counts: "Yes, there is no doubt."."""
    first = _WORD.search(answer.lower())
    if first is None:
        return None
    return True if first[0] in _YES else False if first[0] in _NO else None


def is_decided(answer: str) -> bool:
    """Whether the first word of an answer is complete."""
    first = _WORD.search(answer.lower())
    return first is not None and first.end() < len(answer)
