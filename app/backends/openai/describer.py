"""A describer that asks an OpenAI-compatible server, and speaks its answer as it comes.

It holds nothing between two questions but what it has learned, so several threads may ask at once. Left in the middle,
it closes the connection: that is how a server learns that nobody listens any more.
"""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

from app.backends.openai.client import Exchange, Line, Question, Silent
from app.backends.openai.completion import Answer
from app.backends.openai.payload import COUNT, Form
from app.backends.openai.refusal import TooLarge
from app.backends.openai.wire import Patience
from app.cleaning import Cleaner, cleaned
from app.errors import ModelError, Outage
from app.events import Banner, Chunk, Cost, Request

CHAT = "/v1/chat/completions"
PATIENCE = Patience(most_bytes=4_000_000)
LATER_S = 5.0
"""Seconds between two requests to a server that has refused one for good."""
LEAST_S, TIMES = 15.0, 4.0
"""How long a server may be silent that has answered before."""
MOST_SIZES = 64
"""That are remembered."""
Sizes = tuple[object, ...]


@dataclass(slots=True)
class Clock:
    """What a description has cost so far."""

    started: float
    first_word_s: float = 0.0

    def cost(self, text: str, tokens: int, image_tokens: int = 0) -> Cost:
        took = time.monotonic() - self.started
        if text and not self.first_word_s:
            self.first_word_s = took
        return Cost(self.first_word_s, took, tokens, image_tokens)


class ServerDescriber:
    """Describes frames with a model on the server at `line`."""

    def __init__(self, line: Line, form: Form, patience: Patience = PATIENCE) -> None:
        self.line, self.form, self.patience = line, form, patience
        self.image_tokens: dict[Sizes, int] = {}
        """What frames of these sizes add to a prompt, as the server counts."""
        self.check_warnings: tuple[str, ...] = ()
        """What the check could not rule out; set at start-up, shown first in the banner."""
        self.is_running = False
        """It has passed the vision test: failures from now on may pass, so that a live run goes on."""

    @property
    def banner(self) -> Banner:
        name = self.form.model.rpartition("/")[2] if self.form.model.startswith("/") else self.form.model
        return Banner(f"{name} on {self.line.root}", (*self.check_warnings, *warnings(self.line)))

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the answer as it comes, and pieces without text while it is waited for.

        Its image tokens are what the frames add to the prompt; 0 also where the server does not count.

        Raises:
            Outage: the server cannot be asked, or breaks off; the next question may go well. Once it `is_running`,
                whatever it fails with.
            NoAnswer: the description was all thinking.
            ModelError: it refuses for good, or its answer is none.
        """
        try:
            yield from self._describe(request)
        except Silent:
            self.patience = self.patience.longer()
            raise
        except Outage:
            raise
        except ModelError as failure:
            if not self.is_running:
                raise
            raise Outage(failure.message, failure.hint, LATER_S) from failure

    def close(self) -> None:
        """Nothing is held between two questions."""

    def expect(self, took_s: float) -> None:
        """Wait less long in vain from now on: so many times what several questions have taken, and 15 s at least."""
        self.patience = replace(self.patience, silence_s=min(self.patience.total_s, max(LEAST_S, TIMES * took_s)))

    def _other_form(self, request: Request, refused: ModelError) -> Form | None:
        """What a server may take that has refused this one: smaller pictures, or no wish for a count of tokens."""
        if isinstance(refused, TooLarge):
            return self.form.smaller(request)
        return replace(self.form, is_counted=False) if self.form.is_counted and COUNT in refused.message else None

    def _describe(self, request: Request) -> Generator[Chunk]:
        """In the present form; refused, once more in another: if that is what it took, all others are asked so too."""
        try:
            yield from self._clean(request)
        except ModelError as failure:
            refused, other = failure, self._other_form(request, failure)
            if other is None:
                raise
        else:
            return
        was, self.form = self.form, other
        try:
            yield from self._clean(request)
        except TooLarge:
            self.form = was
            raise refused from None

    def _clean(self, request: Request) -> Generator[Chunk]:
        cleaner = Cleaner(request.prompt)
        with closing(cleaned(self._raw(request, cleaner), cleaner)) as chunks:
            yield from chunks

    def _raw(self, request: Request, cleaner: Cleaner) -> Generator[Chunk]:
        """The text as the server sends it; reasoning that comes apart from it is noted, and is no text."""
        clock, answer = Clock(time.monotonic()), Answer(request.max_tokens, self.line.key)
        question = Question(self.line, CHAT, self.form.of(request), self.patience)
        with closing(self._asked(question, answer)) as texts:
            for text in texts:
                cleaner.has_thought |= answer.has_reasoned
                yield Chunk(text, clock.cost(text, answer.tokens))
        cost = clock.cost("", answer.tokens)
        tokens = yield from self._counted(request, cost, answer.prompt_tokens)
        yield Chunk("", replace(cost, image_tokens=tokens))

    def _asked(self, question: Question, answer: Answer) -> Generator[str]:
        """The answer's text as it comes, nothing while it is waited for; what comes after its end is not waited for."""
        asked = Exchange(question)
        with closing(asked.parts()) as parts:
            for part in parts:
                yield answer.add(asked.kind, part) if part else ""
                if answer.has_ended:
                    break
        yield answer.finish()

    def _counted(self, request: Request, cost: Cost, prompt_tokens: int) -> Generator[Chunk, None, int]:
        """What the frames add to the prompt: asked for once for frames of a size; 0 where nobody counts."""
        sizes = (self.form.longest_edge, *(frame.pixels.shape for frame in request.frames))
        if not request.frames or not prompt_tokens or sizes in self.image_tokens:
            return self.image_tokens.get(sizes, 0)
        alone = Answer(1, self.line.key)
        words = self.form.of(Request((), request.prompt, 1), is_streamed=False)
        try:
            for _ in self._asked(Question(self.line, CHAT, words, self.patience), alone):
                yield Chunk("", cost)
        except Outage:
            return 0
        except ModelError:  # some refuse a question without a picture, and a count is not worth a failure
            pass
        found = max(0, prompt_tokens - alone.prompt_tokens) if alone.prompt_tokens else 0
        if len(self.image_tokens) < MOST_SIZES:
            self.image_tokens[sizes] = found
        return found


def warnings(line: Line) -> tuple[str, ...]:
    """Where pictures go, and who else may see them."""
    whereto = f"Pictures go to {line.root}"
    if line.place.is_here:
        return (f"{whereto}, on this machine.",)
    told = [f"{whereto}, which is not this machine."]
    if line.place.is_overheard:
        what = "the pictures and the key" if line.key.secret else "the pictures"
        told.append(f"It is asked over http, so that others on the way can read {what}; https would hide them.")
    return tuple(told)
