"""Decoding with the language model's own layers: greedy with drafts (prompt-lookup speculative decoding), or sampled.

The last caption is the draft: it is verified together with the new frame, in one forward pass. mlx-vlm puts the head on
every row of a prompt, and a head of 49,280 words is a third of a small model; here only the rows that count have one.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
from mlx_vlm.models.base import create_attention_mask
from mlx_vlm.models.cache import make_prompt_cache
from mlx_vlm.sample_utils import make_logits_processors, make_sampler
from mlx_vlm.tokenizer_utils import make_streaming_detokenizer

from app.cleaning import is_thinking_mark
from app.events import Chunk, Cost
from app.models.registry import Sampling

Parts = list[Any]
"""What mlx-vlm's layers keep of the rows so far, one part a layer."""


class Language:
    """A language model by its three steps: words to rows, rows through the layers, rows to logits."""

    def __init__(self, model: Any) -> None:
        self.whole = model.language_model
        self.body: Any = getattr(self.whole, "model", None)
        """Where mlx-vlm has the layers in a part of their own; with Idefics3 and SmolVLM it has not."""

    def embed(self, ids: Sequence[int]) -> mx.array:
        """Rows of these words, 1×n×width."""
        return self.rows(mx.array(list(ids)))

    def rows(self, ids: mx.array) -> mx.array:
        """Rows of n words, 1×n×width; they need not be known yet."""
        found: mx.array = (self.body or self.whole).embed_tokens(ids[None])
        return found

    def hidden(self, rows: mx.array, cache: Parts) -> mx.array:
        """The last layer's rows (1×n×width), normed; the cache is longer by n after it."""
        found: mx.array = self.stacked(rows, cache) if self.body is None else self.body(None, cache, rows)
        return found

    def stacked(self, rows: mx.array, cache: Parts) -> mx.array:
        rows = rows.astype(self.whole.norm.weight.dtype)
        mask = create_attention_mask(rows, cache)
        for layer, part in zip(self.whole.layers, cache, strict=True):
            rows = layer(rows, mask, part)
        found: mx.array = self.whole.norm(rows)
        return found

    def logits(self, hidden: mx.array) -> mx.array:
        """1×n×vocabulary."""
        has_head = hasattr(self.whole, "lm_head")
        found: mx.array = self.whole.lm_head(hidden) if has_head else self.body.embed_tokens.as_linear(hidden)
        return found


class Context:
    """The cache of one description; `forwards` counts the passes through the layers."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.parts = make_prompt_cache(language.whole)
        self.can_cut = all(part.is_trimmable() for part in self.parts)
        self.forwards = 0
        self.before: list[Any] = []
        self.newest: mx.array | None = None

    def extend(self, rows: mx.array) -> mx.array:
        """Take rows (1×n×width) in; the last layer's rows for them, normed."""
        self.before, self.newest = [_mark(part) for part in self.parts], rows
        self.forwards += 1
        return self.language.hidden(rows, self.parts)

    def take_back(self, count: int) -> None:
        """Forget the last `count` rows of those that came in last."""
        if not count or self.newest is None:
            return
        if self.can_cut:
            for part in self.parts:
                part.trim(count)
            return
        for part, mark in zip(self.parts, self.before, strict=True):
            _put_back(part, mark)
        self.extend(self.newest[:, :-count])


def _mark(part: Any) -> Any:
    return part.offset if part.is_trimmable() else list(part.state)


def _put_back(part: Any, mark: Any) -> None:
    if part.is_trimmable():
        part.trim(part.offset - mark)
    else:
        part.state = mark


START = -1
"""Stands before the first token of a description."""


@dataclass(slots=True)
class Drafts:
    """The last descriptions, and what they say of the next tokens."""

    longest_after: int = 4
    """How many tokens are guessed in the middle of a description; at its start it is all of the last one."""
    context: int = 4
    """How many tokens in a row must at most be the same for a guess."""
    patience: int = 2
    """How many descriptions in a row may be guessed badly, less than a quarter right, before less is guessed."""
    missed: int = 0
    """How many were, lately."""
    said: deque[tuple[int, ...]] = field(default_factory=lambda: deque(maxlen=8))
    """Newest first, each with START before it."""

    def remember(self, tokens: Sequence[int]) -> None:
        """`tokens` were said, to the end or to the limit, without the end mark."""
        whole = (START, *tokens)
        if whole in self.said:
            self.said.remove(whole)
        self.said.appendleft(whole)

    def learn(self, drafted: int, accepted: int) -> None:
        """Of so many tokens guessed for a description, so many were right."""
        if drafted:
            self.missed = 0 if accepted * 4 >= drafted else self.missed + 1

    def guess(self, tokens: Sequence[int], most: int) -> tuple[int, ...]:
        """At most `most` tokens that may follow those said so far; none where nothing like it has been said.

        The longest context wins, and the newest description among equals.
        """
        if not tokens:
            wholly = most if self.missed < self.patience else min(most, self.longest_after)
            return self.said[0][1 : 1 + wholly] if self.said else ()
        new = (START, *tokens)
        for length in range(min(self.context, len(new)), 0, -1):
            for old in self.said:
                if place := behind(new[-length:], old):
                    return old[place : place + min(most, self.longest_after)]
        return ()


def behind(part: Sequence[int], whole: Sequence[int]) -> int:
    """Where the part ends in the whole, if anything follows it there; else 0."""
    length = len(part)
    places = (start + length for start in range(len(whole) - length) if whole[start : start + length] == part)
    return next(places, 0)


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


class Speech:
    """One description as it comes; the clock runs from its making."""

    def __init__(self, processor: Any) -> None:
        self.started, self.first_word_s = time.monotonic(), 0.0
        self.tokens = self.image_tokens = self.encoded = 0
        tokens = zip(processor.tokenizer.all_special_tokens, processor.tokenizer.all_special_ids, strict=True)
        self.unspoken = {number for token, number in tokens if not is_thinking_mark(token)}
        self.writer = make_streaming_detokenizer(processor)

    def pieces(self, burst: Burst) -> Generator[Chunk]:
        """A piece for every token, and after the last one what the writer still held back."""
        for token in burst.tokens:
            self.writer.add_token(token, skip_special_token_ids=self.unspoken)
            self.tokens += 1
            yield self.piece(self.writer.last_segment, burst)
        if burst.is_last:
            self.writer.finalize()
            yield self.piece(self.writer.last_segment, burst)

    def piece(self, text: str, burst: Burst) -> Chunk:
        total_s = time.monotonic() - self.started
        self.first_word_s = self.first_word_s or (total_s if text.strip() else 0.0)
        cost = Cost(
            first_word_s=self.first_word_s,
            total_s=total_s,
            tokens=self.tokens,
            image_tokens=self.image_tokens,
            forwards=burst.forwards,
            drafted=burst.drafted,
            draft_accepted=burst.accepted,
            encoded=self.encoded,
        )
        return Chunk(text, cost)


def sampled(how: Sampling, before: int) -> Choose:
    """Draws as `how` says; `before` is the prompt's last token, which counts as said for the repetition penalty."""
    penalty = how.repetition_penalty if how.repetition_penalty != 1.0 else None
    change = make_logits_processors(None, penalty)
    draw = make_sampler(temp=how.temperature, top_p=1.0, min_p=how.min_p)

    def choose(logits: mx.array, said: Sequence[mx.array]) -> mx.array:
        tokens = mx.concatenate([mx.array([before], mx.uint32), *said])
        for each in change:
            logits = each(tokens, logits)
        found: mx.array = draw(logits - mx.logsumexp(logits, axis=-1, keepdims=True))
        return found

    return choose
