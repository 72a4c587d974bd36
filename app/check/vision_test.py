"""The sight test: a describer is shown generated pictures, on the road that every frame takes.

Red and blue always, since their exchange betrays swapped channels; two more colours; and one thing on the left and on
the right, which a model whose image tokens come in the wrong order cannot tell.
"""

import time
from random import Random

from app.check import sight_pictures
from app.check.findings import Finding, Status
from app.check.sight_verdict import Sight, judge
from app.events import Frame, Request
from app.images import Pixels
from app.protocols import Describer

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
    others = [colour for colour in sight_pictures.COLOURS if colour not in ALWAYS]
    shown = [*ALWAYS, *chance.sample(others, 2)]
    chance.shuffle(shown)
    colours = {colour: ask(describer, sight_pictures.plain(colour), WHICH_COLOUR) for colour in shown}
    sides = {side: ask(describer, sight_pictures.disc(side), WHICH_SIDE) for side in SIDES}
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
