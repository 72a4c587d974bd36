"""What the answers to the sight test are worth. Words in, a verdict out: no model and no picture here.

Somebody who guesses one of six colours names all four with a probability of 0.0007, and three of them, three different
ones, with 0.015; a model that describes what is not there cannot pass, for its answers do not follow the picture.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["sees", "blind", "channels swapped", "refuses", "unsure"]

COLOUR_WORDS = {
    "red": "red|crimson|scarlet|maroon",
    "blue": "blue|navy|azure|indigo|cobalt",
    "green": "green|emerald|lime|teal",
    "yellow": "yellow|gold|golden",
    "white": "white|blank",
    "black": "black|dark",
}
SIDE_WORDS = {"left": "left", "right": "right"}
THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
"""What a reasoning model says to itself; without an end if the answer was cut short in it."""
REFUSAL = re.compile(
    r"\b(can ?not|can't|unable to|don't|do not|am not able to) (\w+ )?(see|view|access|process|open)\b"
    r"|\bno (image|picture|photo)\b|\b(sorry|apologi[sz]e)\b|\bas an? (ai|language) |\bplease (provide|upload|share)\b"
)
A_PICTURE = 8
"""A picture is more tokens than this; a server that only writes "[img-0]" into the prompt adds about five."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How the sight test went."""

    verdict: Verdict
    why: str
    """Without a full stop."""
    image_tokens: int
    """By how many tokens a picture lengthened the prompt: the second witness. 0 where nobody counted."""


def judge(colours: Mapping[str, str], sides: Mapping[str, str], image_tokens: int) -> Sight:
    """`colours`: what was answered to each plain picture, by its colour; `sides`: by where the disc was."""
    named = {shown: one_of(COLOUR_WORDS, said) for shown, said in colours.items()}
    right = sum(shown == said for shown, said in named.items())
    different = len({said or colours[shown] for shown, said in named.items()})
    if right == len(named) or (right == len(named) - 1 and different >= 3):
        return _with_sides(sides, image_tokens)
    if (named.get("red"), named.get("blue")) == ("blue", "red"):
        return Sight("channels swapped", "it calls red blue and blue red", image_tokens)
    if refusal := next((said for said in colours.values() if REFUSAL.search(words(said))), ""):
        return Sight("refuses", f"shown a picture, it says {quoted(refusal)}", image_tokens)
    return _without_colours(colours, right, different, image_tokens)


def _with_sides(sides: Mapping[str, str], image_tokens: int) -> Sight:
    if all(one_of(SIDE_WORDS, said) == shown for shown, said in sides.items()):
        return Sight("sees", "it names colours, and the side that a thing is on", image_tokens)
    said = ", ".join(f"{quoted(said)} for {shown}" for shown, said in sides.items())
    return Sight("unsure", f"it names colours, but not the side that a thing is on: {said}", image_tokens)


def _without_colours(colours: Mapping[str, str], right: int, different: int, image_tokens: int) -> Sight:
    said = ", ".join(f"{quoted(said)} for {shown}" for shown, said in colours.items())
    if not any(words(said) for said in colours.values()):
        return Sight("unsure", "it answers nothing at all", image_tokens)
    if different == 1:
        return Sight("blind", f"whatever it is shown, it says {quoted(next(iter(colours.values())))}", image_tokens)
    if right >= 2 and image_tokens > A_PICTURE:
        return Sight("unsure", f"its answers follow the picture only in part: {said}", image_tokens)
    return Sight("blind", f"its answers do not follow the picture: {said}", image_tokens)


def one_of(known: Mapping[str, str], answer: str) -> str | None:
    """The one thing that the answer names; None for none or several."""
    found = [name for name, pattern in known.items() if re.search(rf"\b({pattern})\b", words(answer))]
    return found[0] if len(found) == 1 else None


def words(answer: str) -> str:
    """The answer in small letters, without a reasoning model's thoughts."""
    return THOUGHT.sub(" ", answer.lower()).strip()


def quoted(answer: str, longest: int = 60) -> str:
    line = " ".join(answer.split())
    return f'"{line[: longest - 1]}…"' if len(line) > longest else f'"{line}"'
