"""Letting a describer in that asks a server: in the order in which its model sees, and lasting through its failures.

Which goes first, the question or the pictures? With the question first its tokens, and the template's before them, are
a prefix that stays the same from frame to frame, which servers keep: 10 to 20 tokens of each prefill. But most models
were trained with pictures first, and some of those go wrong the other way round without a sign of it: the demo model
behind mlx_vlm.server answers 44 of 60 questions about its world then, and 60 of 60 with the picture first. So the
question goes first only where two questions with known answers, and then the sight test, show that it does no harm.
"""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from app.backends.startup import doubts
from app.errors import ModelError
from app.protocols import Describer
from app.text import is_yes, question

if TYPE_CHECKING:
    from app.backends.openai.describer import ServerDescriber
    from app.check.findings import Finding

MANY_TOKENS = 600
"""More than this for a frame is said: a live narrator waits for every one of them."""
EYES = "serve it with its eyes (llama-server: --mmproj FILE) or serve another; or pass --trust-model if you know better"
KNOWN = (("left", "a blue circle", True), ("right", "a red square", False))
"""Where the sight test's blue disc is, what is asked for, and whether it is there."""


def admitted(describer: "ServerDescriber", name: str, *, is_trusted: bool) -> Describer:
    """The describer, asked in the order in which it sees, if it sees.

    Raises:
        ModelError: it does not, or cannot be asked.
    """
    began = time.monotonic()
    found, spent = sight(describer)
    describer.expect(time.monotonic() - began)
    if found.status == "bad" and not is_trusted:
        raise ModelError(f"{name} does not pass the check: {found.sentence}", found.hint)
    said = doubts([found])
    if spent > MANY_TOKENS:
        said = (*said, f"Each frame is {spent} tokens there; the server may be told to make fewer of it.")
    describer.check_warnings, describer.is_running = said, True
    return describer


def sight(describer: "ServerDescriber") -> "tuple[Finding, int]":
    """What the sight test finds, and how many tokens a frame is, 0 where nobody counts; it leaves the order chosen.

    Raises:
        ModelError: the server cannot be asked.
    """
    orders = [replace(describer.form, is_picture_first=each) for each in (False, True)]
    describer.form = orders[0]
    if not answers_rightly(describer):
        orders.reverse()
    results: list[tuple[Finding, int]] = []
    for describer.form in orders:
        results.append(looked(describer))
        if results[-1][0].status == "ok":
            return results[-1]
    describer.form = orders[0]
    return results[0]


def answers_rightly(describer: Describer) -> bool:
    """Whether two questions are answered with yes and no as they should be. Raises ModelError as `sight`."""
    from app.check.vision_test import ask, disc

    return all(is_yes(ask(describer, disc(side), question(wish))[0]) is truth for side, wish, truth in KNOWN)


def looked(describer: Describer) -> "tuple[Finding, int]":
    """The sight test once. Raises ModelError as `sight`."""
    from app.check.vision_test import finding, look

    result = look(describer)
    found = finding(result)
    if found.code in ("blind", "refuses"):
        found = replace(found, hint=EYES)
    return found, result.image_tokens or 0
