"""Decoding: one token at a time, or with drafts.

With drafts, words that may come are shown to the language model together, and those it would not have said are thrown
away. What is left is what greedy decoding says token by token, in fewer passes: speculative decoding (Leviathan et al.,
2023) without a second model; the drafts come from app/backends/mlx/draft.py.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from app.backends.mlx.context import Context
from app.backends.mlx.draft import Drafts
from app.backends.mlx.language import Language

Choose = Callable[[mx.array, Sequence[mx.array]], mx.array]
"""From logits (n×vocabulary) of n rows in a row, and the tokens said before the first (1 each), the tokens after each:
n, not yet evaluated."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Tokens that came out of one pass, and what all passes have cost so far."""

    tokens: tuple[int, ...]
    """Without the end mark."""
    forwards: int
    is_last: bool
    drafted: int = 0
    accepted: int = 0


def greedy(logits: mx.array, _said: Sequence[mx.array] = ()) -> mx.array:
    """The likeliest token after each row.

    Of log-probabilities in the model's own type, as mlx-vlm takes it: in bfloat16 the rounding decides ties.
    """
    return mx.argmax(logits - mx.logsumexp(logits, axis=-1, keepdims=True), axis=-1)


@dataclass(frozen=True, slots=True)
class Decoder:
    """How one model's words are chosen."""

    language: Language
    ends: frozenset[int]
    """Tokens that end a description."""
    choose: Choose = greedy

    def singles(self, rows: mx.array, most: int) -> Generator[Burst]:
        """Yield token after token, at most `most`; `rows` are the prompt's (1×n×width).

        Always one token ahead, so that the device computes while its last word is being told, as mlx-vlm does.
        """
        context, said = Context(self.language), list[mx.array]()
        ahead = self.after(context, rows, said)
        for count in range(1, most + 1):
            said.append(ahead)
            if count < most:
                ahead = self.after(context, self.language.rows(said[-1]), said)
            token = int(said[-1].item())  # type: ignore[arg-type]  # an int, of an array of ints
            is_end = token in self.ends
            yield Burst(() if is_end else (token,), context.forwards, is_end or count == most)
            if is_end:
                return

    def after(self, context: Context, rows: mx.array, said: Sequence[mx.array]) -> mx.array:
        """The token after the last of `rows`, on its way."""
        token = self.choose(self.language.logits(context.extend(rows)[:, -1:])[0], said)
        mx.async_eval(token)  # type: ignore[no-untyped-call]  # MLX ships no types for it
        return token

    def bursts(self, rows: mx.array, drafts: Drafts, most: int) -> Generator[Burst]:
        """Yield what greedy decoding says after the prompt's `rows` (1×n×width), at most `most` tokens, in bursts."""
        context, said, drafted, accepted = Context(self.language), list[int](), 0, 0
        while True:
            guess = drafts.guess(said, most - len(said) - 1)
            if guess and not said and not context.can_cut:  # a prompt is too long to come in twice
                context.extend(rows[:, :-1])
                rows = rows[:, -1:]
            found = self.look_ahead(context, rows, guess)
            new = found[: agreeing(found, guess) + 1]
            drafted, accepted = drafted + len(guess), accepted + len(new) - 1
            said += new
            is_last = said[-1] in self.ends or len(said) >= most
            told = tuple(each for each in new if each not in self.ends)
            yield Burst(told, context.forwards, is_last, drafted, accepted)
            if is_last:
                drafts.learn(drafted, accepted)
                return
            context.take_back(len(guess) + 1 - len(new))
            rows = self.language.embed(said[-1:])

    def look_ahead(self, context: Context, rows: mx.array, guess: Sequence[int]) -> list[int]:
        """The token after the last of `rows`, and after each one of the guess, in one pass."""
        shown = mx.concatenate([rows, self.language.embed(guess).astype(rows.dtype)], axis=1) if guess else rows
        hidden = context.extend(shown)[:, -len(guess) - 1 :]
        found: Any = self.choose(self.language.logits(hidden)[0], ())
        return list(found.tolist())


def agreeing(found: Sequence[int], guess: Sequence[int]) -> int:
    """How many tokens of the guess would have been said."""
    pairs = enumerate(zip(guess, found, strict=False))
    return next((index for index, (guessed, said) in pairs if guessed != said), len(guess))
