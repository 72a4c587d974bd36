"""What the answers to the sight test are worth. Words in, a verdict out: no model and no picture here.

Of those who guess one of six colours and one of two sides, 0.4 % end as "sees" and at most 2.8 % as "unsure": by one
colour or by the sides (1.2 %), or with red, blue and a third answer where the prompt grew by a picture (1.6 %). 2.8 %
end as "channels swapped", all others as "blind". A model that describes what is not there cannot pass, for its answers
do not follow the picture.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from app.models.spoilt import short

Verdict = Literal["sees", "blind", "channels swapped", "refuses", "unsure"]

COLOUR_WORDS = {
    "red": "red|crimson|scarlet|maroon",
    "blue": "blue|navy|azure|indigo|cobalt",
    "green": "green|emerald|lime|teal",
    "yellow": "yellow|gold|golden",
    "white": "white",
    "black": "black",
}
SIDE_WORDS = {"left": "left", "right": "right"}
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
    image_tokens: int | None
    """By how many tokens a picture lengthened the prompt: the second witness. None: nobody counted."""


def judge(colours: Mapping[str, str], sides: Mapping[str, str], image_tokens: int | None) -> Sight:
    """`colours`: what was answered to each plain picture, by its colour; `sides`: by where the disc was.

    Right answers are sight unless the prompt was counted and did not grow by a picture (`image_tokens` up to
    A_PICTURE): then one of the two witnesses is wrong. Where nobody counted, the answers stand alone.
    """
    named = {shown: one_of(COLOUR_WORDS, said) for shown, said in colours.items()}
    right = sum(shown == said for shown, said in named.items())
    if right >= len(named) - 1:
        return _with_colours(sides, image_tokens)
    if (named.get("red"), named.get("blue")) == ("blue", "red"):
        return Sight("channels swapped", "it calls red blue and blue red", image_tokens)
    if refusal := _refusal(colours.values()):
        return Sight("refuses", refusal, image_tokens)
    return _without_colours(colours, named, image_tokens)


def _with_colours(sides: Mapping[str, str], image_tokens: int | None) -> Sight:
    if image_tokens is not None and image_tokens <= A_PICTURE:
        why = f"it names colours, but its prompt did not grow by a picture: {image_tokens} tokens more"
        return Sight("unsure", why, image_tokens)
    if all(one_of(SIDE_WORDS, said) == shown for shown, said in sides.items()):
        return Sight("sees", "it names colours, and the side that a thing is on", image_tokens)
    return Sight("unsure", f"it names colours, but not the side that a thing is on: {told(sides)}", image_tokens)


def _refusal(answers: Collection[str]) -> str:
    """How it refuses; empty if it does not."""
    if refusal := next((said for said in answers if REFUSAL.search(words(said))), ""):
        return f"shown a picture, it says {quoted(refusal)}"
    return "" if any(words(said) for said in answers) else "it answers nothing at all"


def _without_colours(colours: Mapping[str, str], named: Mapping[str, str | None], image_tokens: int | None) -> Sight:
    different = len({said or colours[shown] for shown, said in named.items()})
    if different == 1:
        return Sight("blind", f"whatever it is shown, it says {quoted(next(iter(colours.values())))}", image_tokens)
    is_right_in_part = all(named.get(colour) == colour for colour in ("red", "blue")) and different >= 3
    if is_right_in_part and (image_tokens or 0) > A_PICTURE:
        return Sight("unsure", f"its answers follow the picture only in part: {told(colours)}", image_tokens)
    return Sight("blind", f"its answers do not follow the picture: {told(colours)}", image_tokens)


def told(answers: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(said)} for {shown}" for shown, said in answers.items())


def one_of(known: Mapping[str, str], answer: str) -> str | None:
    """The one thing that the answer names; None for none or several."""
    found = [name for name, pattern in known.items() if re.search(rf"\b({pattern})\b", words(answer))]
    return found[0] if len(found) == 1 else None


def words(answer: str) -> str:
    """The answer in small letters."""
    return answer.lower().strip()


def quoted(answer: str, longest: int = 60) -> str:
    return f'"{short(" ".join(answer.split()), longest)}"'
