"""The vision test: four colours, and one thing on the left and on the right. A model that cannot tell is blind."""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np

from app.check.findings import Finding, Status
from app.events import Frame, Request
from app.images import Pixels
from app.models.corrupt_file import short
from app.protocols import Describer

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 20, 20),
    "blue": (20, 40, 220),
    "green": (20, 160, 20),
    "yellow": (240, 220, 0),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
"""RGB, 0..255; whoever takes RGB for BGR sees red and blue exchanged."""
SIZE = (480, 640)
"""Height and width of a common camera, so that what a camera's frames go through is gone through here."""
PALE = (235, 235, 235)


def plain(colour: str) -> Pixels:
    """One colour all over: RGB, H×W×3 uint8."""
    return np.full((*SIZE, 3), COLOURS[colour], np.uint8)


def disc(side: str) -> Pixels:
    """A blue disc on a pale ground, in the middle of the "left" or "right" half: RGB, H×W×3 uint8."""
    height, width = SIZE
    rows, columns = np.ogrid[:height, :width]
    middle = width // 4 if side == "left" else width * 3 // 4
    is_inside = (rows - height // 2) ** 2 + (columns - middle) ** 2 < (height // 5) ** 2
    found: Pixels = np.where(is_inside[..., None], COLOURS["blue"], PALE).astype(np.uint8)
    return found


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


WHICH_COLOUR = "What single color fills this picture? Answer with one word: red, green, blue, yellow, white or black."
WHICH_SIDE = "What do you see, and is it on the left or on the right of the picture?"
ALWAYS = ("red", "blue")
SIDES = ("left", "right")
MAX_TOKENS = 24
FAULTS = {"blind": "blind", "channels swapped": "channels-swapped", "refuses": "refuses", "unsure": "unsure"}
"""Verdicts, and the codes of the findings that they become."""
REMEDIES = {
    "blind": "take another model (./run.sh models), or pass --trust-model if you know better",
    "channels swapped": "its processor takes RGB for BGR: take another conversion of it, or pass --trust-model",
    "refuses": "take another model (./run.sh models), or pass --trust-model if you know better",
    "unsure": "compare what it says with what you know to be there, before you rely on it",
}


def look(describer: Describer, seed: int = 0) -> Sight:
    """Show the pictures and judge the answers. Six short requests; the order and two of the colours hang on `seed`.

    A cost of 0 image tokens is taken as "nobody counted": servers without usage end there, and servers that count the
    text alone, so that it is no evidence against answers which follow the picture.

    Raises:
        ModelError: the model failed on a picture; its own remedy says more than a verdict could.
    """
    chance = Random(seed)
    others = [colour for colour in COLOURS if colour not in ALWAYS]
    shown = [*ALWAYS, *chance.sample(others, 2)]
    chance.shuffle(shown)
    colours = {colour: ask(describer, plain(colour), WHICH_COLOUR) for colour in shown}
    sides = {side: ask(describer, disc(side), WHICH_SIDE) for side in SIDES}
    said = {shown: text for shown, (text, _) in colours.items()}
    tokens = min(tokens for _, tokens in colours.values())
    return judge(said, {shown: text for shown, (text, _) in sides.items()}, tokens or None)


def ask(describer: Describer, pixels: Pixels, question: str) -> tuple[str, int]:
    """What the describer answers, and how many image tokens the picture became.

    Raises:
        ModelError: the model failed on the picture.
    """
    frame = Frame(pixels, seen_at=time.monotonic(), media_s=0.0, number=0)
    pieces = list(describer.describe(Request((frame,), question, MAX_TOKENS)))
    return "".join(each.text for each in pieces).strip(), pieces[-1].cost.image_tokens if pieces else 0


def finding(sight: Sight) -> Finding:
    """The verdict as a finding: `unsure` is a note, everything worse is bad."""
    if sight.verdict == "sees":
        return Finding("sight", "ok", f"it sees: {sight.why}")
    status: Status = "note" if sight.verdict == "unsure" else "bad"
    sentence = f"{sight.verdict}: {sight.why}"
    return Finding("sight", status, sentence, REMEDIES[sight.verdict], FAULTS[sight.verdict])
