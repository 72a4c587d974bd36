"""Decoding on torch: one token at a time, the rows before it kept, so that it can be left after any of them.

transformers' own `generate` would have to run on a thread of its own to be left; tests hold this to what it says.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
)

from app.backends.transformers.shown import Inputs
from app.models.registry import Sampling

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
