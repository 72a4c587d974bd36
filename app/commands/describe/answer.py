"""One answer of the model: whole, in one line. A model elsewhere that cannot be asked for a moment is asked again."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from app.commands.describe.task import Described, Task
from app.errors import ModelError, Outage
from app.events import Chunk, Cost, Notice
from app.image_files.inputs import Shown
from app.live.caption_quality import find_loop
from app.live.stall import Outages
from app.models.spoilt import short
from app.protocols import Describer
from app.text import sanitize

LONGEST = 100
"""Characters of what it said before, for the message."""
TRIES = 5
LONGEST_S = 60.0
"""It is not waited for longer than that, whatever it asks for."""


def described(shown: Shown, task: Task, describer: Describer) -> Described:
    """The whole description, in one line; an ellipsis where the limit of tokens cut it.

    Raises:
        ModelError: the model failed, said nothing, or said the same again and again.
    """
    request = task.request(shown)
    said, piece = "", Chunk("", Cost())
    with closing(describer.describe(request)) as pieces:
        for piece in pieces:
            said += piece.text
    text = sanitize(said)
    if not text:
        raise ModelError(
            f"the model said nothing about {', '.join(shown.names)}",
            'ask it something: ./run.sh describe PICTURE --ask "What is in the picture?"',
        )
    if (begins := find_loop(text)) is not None:
        raise ModelError(
            f'the model repeated itself over {", ".join(shown.names)}: "{short(text[:begins], LONGEST)}…"',
            "ask it in other words; of a clip, show it fewer moments: --frames 4",
        )
    is_cut = piece.cost.tokens >= request.max_tokens and text[-1] not in ".!?"
    return Described(shown, text + "…" if is_cut else text, piece.cost)


@dataclass(slots=True)
class Patience:
    """With a model elsewhere: what a picture in vain costs is remembered for the next."""

    tell: Callable[[Notice], None]
    wait: Callable[[float], None] = time.sleep
    outages: Outages = field(default_factory=Outages, init=False)
    is_spent: bool = field(default=False, init=False)
    """The last picture was given up, after some waiting."""

    def asked(self, ask: Callable[[], Described]) -> Described:
        """What it answers in the end. After a picture that was given up, the next one is asked about once.

        Raises:
            Outage: it does not answer.
        """
        for attempt in range(TRIES):
            try:
                answer = ask()
            except Outage as outage:
                if self.is_spent or attempt == TRIES - 1 or outage.wait_s > LONGEST_S:
                    raise
                self.begin(outage)
            else:
                self.end()
                return answer
        raise AssertionError("the last try returns or raises")

    def begin(self, outage: Outage) -> None:
        for notice in self.outages.begin(outage, max(time.monotonic(), self.outages.until)):
            self.tell(notice)
        self.wait(max(0.0, self.outages.until - time.monotonic()))

    def end(self) -> None:
        self.is_spent = False
        for notice in self.outages.end():
            self.tell(notice)
