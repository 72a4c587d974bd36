"""Whether a model's text can be trusted as a description: not empty, garbled, looping or cut.

Only the text is judged: a fluent sentence that is wrong passes.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

NOTHING = "The model said nothing about this picture."
BROKEN = "The model's words about this picture make no sense."
LOOPING = "The model repeated itself over this picture."
CUT = "The model did not finish its sentence about this picture."

WORD = re.compile(r"\w+")
STUTTER = re.compile(r"([^\W\d]{1,12}?|[^\s\d])\1{7,}")
"""The same few characters eight times over, without a blank between."""
LIST = re.compile(r"(?:(?<=[,;])|\band\b)\s*(?=[^\s,;])")
"""Behind which a list goes on."""
END = re.compile(r"[.!?。！？]")
LONG = 16
"""Words; so long a wording is a loop when it is said a second time, a shorter one the third time."""
LONGEST = 40
"""Words; longer wordings are not looked for."""
ITEMS, ITEM = 12, 5
"""So many things in a row, each of at most so many words, are a list without end."""
COUNTED = 7
"""So many numbers in a row, each one more than the last, are counted and not seen."""


def find_loop(text: str) -> int | None:
    """The index of the first repetition of a loop; None if there is none. Cheap enough for every chunk of a stream."""
    words = list(WORD.finditer(text))
    spoken = [word.group().lower() for word in words]
    masked = ["0" if word.isdecimal() else word for word in spoken]
    places = [_repeated(spoken, 2)]
    if masked != spoken:
        places += [_repeated(masked, 4, shortest=2), _counted(spoken)]
    found = [words[place].start() for place in places if place is not None]
    if stutter := STUTTER.search(text):
        found.append(stutter.end(1))
    return min([*found, *_endless(text)], default=None)


def _repeated(words: Sequence[str], times: int, shortest: int = 1) -> int | None:
    """The index of the first word that repeats a wording which is repeated `times` times in all."""
    for period in range(shortest, min(LONGEST, len(words) // 2) + 1):
        wanted = max(3, period * (1 if period >= LONG else times))
        run = 0
        for place in range(period, len(words)):
            run = run + 1 if words[place] == words[place - period] else 0
            if run == wanted:
                return place - run + 1
    return None


def _counted(words: Sequence[str]) -> int | None:
    """The index of the second number in a run of numbers that count up."""
    run = 1
    for place in range(1, len(words)):
        one, other = words[place - 1], words[place]
        is_next = one.isdecimal() and other.isdecimal() and int(other) == int(one) + 1
        run = run + 1 if is_next else 1
        if run == COUNTED:
            return place - run + 2
    return None


def _endless(text: str) -> list[int]:
    """Where a list goes on after more items than a person would name; none or one."""
    starts = [found.end() for found in LIST.finditer(text)]
    run = 1
    for start, following in pairwise([*starts, len(text)]):
        item = text[start:following]
        run = run + 1 if len(WORD.findall(item)) <= ITEM and not END.search(item.rstrip(" .!?")) else 1
        if run > ITEMS:
            return [start]
    return []


def reason_to_doubt(text: str, *, is_cut: bool) -> str | None:
    """Why a finished description cannot be trusted, as a sentence to be spoken; None if it can.

    `is_cut`: the describer was stopped at its limit of tokens; that alone is no reason once one sentence is whole.
    """
    if not any(character.isalnum() or character == "\ufffd" for character in text):
        return NOTHING
    if _is_garbled(text):
        return BROKEN
    if find_loop(text) is not None:
        return LOOPING
    return CUT if is_cut and not END.search(text) else None


def _is_garbled(text: str) -> bool:
    """Whether most characters are the same, or not letters."""
    shown = [character for character in text.lower() if not character.isspace()]
    most = max(Counter(shown).values())
    letters = sum(character.isalnum() for character in shown)
    return "\ufffd" in text or (len(shown) >= 8 and (2 * most > len(shown) or 2 * letters < len(shown)))
