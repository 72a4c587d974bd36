"""From tokens to pieces of text, with what they have cost so far."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
)

from app.backends.transformers.loading import FAILURES, PUBLISHED, Loaded, device, load
from app.backends.transformers.processor import KINDS, Inputs, Published, Shown, Square, counted
from app.cleaning import Cleaner, cleaned, is_thinking_mark, opens_thinking
from app.config import AS_PUBLISHED, ModelOptions
from app.errors import ModelError
from app.events import Banner, Chunk, Cost, Frame, Request
from app.models.registry import Card, Sampling


class Speech:
    """One description as it comes; the clock runs from its making."""

    def __init__(self, loaded: Loaded, frames: int) -> None:
        self.loaded, self.frames, self.image_tokens = loaded, frames, 0
        self.started, self.first_word_s = time.monotonic(), 0.0
        self.said: list[int] = []
        tokenizer = loaded.tokenizer
        self.skipped = {
            number
            for token, number in zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True)
            if not is_thinking_mark(token)
        }
        self.written = ""

    def piece(self, token: int) -> Chunk:
        """What a token adds; nothing while a letter of several tokens is not whole."""
        self.said.append(token)
        text = self.text()
        return self.made("" if text.endswith("\ufffd") else text, len(self.said))

    def last(self, most: int) -> Chunk:
        """What was still held back; where the limit did not end it, the end mark took one more pass."""
        return self.made(self.text(), len(self.said) + (len(self.said) < most))

    def text(self) -> str:
        shown = [token for token in self.said if token not in self.skipped]
        whole: str = self.loaded.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return whole

    def made(self, text: str, forwards: int) -> Chunk:
        new, self.written = text[len(self.written) :], max(text, self.written, key=len)
        total_s = time.monotonic() - self.started
        self.first_word_s = self.first_word_s or (total_s if new.strip() else 0.0)
        tokens = len(self.said)
        return Chunk(
            new,
            Cost(self.first_word_s, total_s, tokens, self.image_tokens, forwards=forwards, encoded=self.frames),
        )


Choose = Callable[[Any, Sequence[int]], int]
"""From the logits of the next token (vocabulary) and what was said before it, the prompt's last token among that."""


def greedy(logits: Any, _said: Sequence[int]) -> int:
    return int(torch.argmax(logits.float()).item())


def sampled(how: Sampling) -> Choose:
    """Draws as a card says; the repetition penalty counts what the model has said, and not the prompt."""
    changes: list[Any] = []
    if how.repetition_penalty != 1.0:
        changes.append(RepetitionPenaltyLogitsProcessor(how.repetition_penalty))
    if how.temperature not in (0.0, 1.0):
        changes.append(TemperatureLogitsWarper(how.temperature))
    if how.temperature and how.min_p:
        changes.append(MinPLogitsWarper(how.min_p))

    def choose(logits: Any, said: Sequence[int]) -> int:
        rows, before = logits.float()[None], torch.tensor([list(said)], device=logits.device)
        for change in changes:
            rows = change(before, rows)
        if not how.temperature:
            return greedy(rows[0], said)
        return int(torch.multinomial(torch.softmax(rows[0], dim=-1), 1).item())

    return choose


def chooser(how: Sampling) -> Choose:
    return greedy if how == Sampling() else sampled(how)


@dataclass(frozen=True, slots=True)
class Decoder:
    """How one model's words are chosen."""

    model: Any
    ends: frozenset[int]
    """Tokens that end a description."""
    choose: Choose = greedy

    def tokens(self, inputs: Inputs, most: int) -> Generator[int]:
        """Yield token after token, at most `most`, without the end mark. One pass through the model before each."""
        said, kept = [int(inputs["input_ids"][0, -1])], inputs
        for _ in range(most):
            logits, kept = self.step(kept)
            token = self.choose(logits, said)
            if token in self.ends:
                return
            said.append(token)
            yield token
            kept = {**kept, "input_ids": torch.full_like(inputs["input_ids"][:, :1], token)}

    def step(self, given: Inputs) -> tuple[Any, Inputs]:
        """One pass: the logits after the last token (vocabulary), and what the next pass begins with.

        Inference mode is entered for the pass alone: a generator that sleeps within it would leave it to the thread.
        """
        with torch.inference_mode():
            found = self.model(**given, use_cache=True)
        mask = given["attention_mask"]
        longer = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
        return found.logits[0, -1], {"past_key_values": found.past_key_values, "attention_mask": longer}


class TransformersDescriber:
    """Describes frames with a model that transformers loads, as its card says and the user wishes.

    Raises:
        ModelError: the folder holds no model that can be loaded, prompted and shown a frame.
        UsageError: the wish cannot be granted.
    """

    def __init__(self, folder: Path, card: Card | None = None, wish: ModelOptions = AS_PUBLISHED) -> None:
        self.card, self.device = card or Card(folder.name), device(wish.precision)
        self.device.settle()
        self.loaded = load(folder, self.device)
        self.shown = settled(self.loaded, self.card, wish)
        self.decoder = Decoder(self.loaded.model, self.loaded.ends, chooser(self.card.sampling))
        self.check_warnings: tuple[str, ...] = ()
        """What the check could not rule out; set at start-up, shown first in the banner."""
        self.starts_thinking = opens_thinking(self.shown.rendered("What do you see?"))
        self.warm_up()

    @property
    def banner(self) -> Banner:
        warnings = (*self.check_warnings, *self.device.warnings)
        return Banner(f"{self.card.name}, {self.shown.words}, {self.device.words}", warnings)

    def warm_up(self) -> None:
        """Describe a frame: a model that cannot is found out now, and the first caption is quick."""
        grey = Frame(np.full((720, 1280, 3), 90, np.uint8), time.monotonic(), 0.0, 0)
        for _ in self.raw(Request((grey,), "What do you see?", max_tokens=2)):
            pass

    def prepare(self, request: Request) -> Inputs:
        """From frames and words to what the model is given, on its device."""
        with explained(self.loaded, request):
            return self.shown.inputs(request)

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the description of `request.frames` as it comes; to cancel, close the iterator.

        Raises:
            ModelError: the model failed.
            NoAnswer: the description was all thinking.
            UsageError: there are more frames than it can be shown at once.
        """
        cleaner = Cleaner(request.prompt, starts_thinking=self.starts_thinking)
        with closing(cleaned(self.raw(request), cleaner)) as chunks:
            yield from chunks

    def raw(self, request: Request) -> Generator[Chunk]:
        """The text as the model makes it."""
        speech = Speech(self.loaded, len(request.frames))
        with explained(self.loaded, request):
            inputs = self.shown.inputs(request)
            speech.image_tokens = counted(inputs, self.loaded)
            with closing(self.decoder.tokens(inputs, request.max_tokens)) as tokens:
                for token in tokens:
                    yield speech.piece(token)
            yield speech.last(request.max_tokens)

    def close(self) -> None:
        """Give back the device's memory."""
        self.device.free()


def settled(loaded: Loaded, card: Card, wish: ModelOptions) -> Shown:
    """The way to show frames that suits the model."""
    try:
        return (Square if loaded.kind in KINDS else Published)(loaded, card, wish)
    except FAILURES as failure:
        raise ModelError(f"the processor in {loaded.folder} cannot be set: {failure}", PUBLISHED) from failure


@contextmanager
def explained(loaded: Loaded, request: Request) -> Iterator[None]:
    """The border where failures of transformers and torch over a request are translated."""
    try:
        yield
    except FAILURES as failure:
        hint = PUBLISHED if len(request.frames) == 1 else "show it one frame at a time: leave --frames out"
        raise ModelError(f"transformers failed with {loaded.name} on a frame: {failure}", hint) from failure
