"""A prompt whose words are turned into rows once: only what is seen changes from frame to frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import mlx.core as mx

from app.vision.quick.language import Language


@dataclass(frozen=True, slots=True)
class Prompt:
    """The rows of a prompt's words, with gaps where the frames come in."""

    words: tuple[mx.array, ...]
    """1×n×width each, one more than there are frames: before, between and behind them."""
    image_tokens: int
    """How many rows the frames are to fill, all together."""
    last: int
    """The token that it ends with."""

    def rows(self, seen: Sequence[mx.array]) -> mx.array:
        """The whole prompt, 1×n×width; `seen` are the frames' features, image tokens×width each."""
        kind = self.words[0].dtype
        first, *others = self.words
        pairs = [(features[None].astype(kind), words) for features, words in zip(seen, others, strict=True)]
        return mx.concatenate([first, *chain.from_iterable(pairs)], axis=1)


def prompt(ids: Sequence[int], image_token_id: int | None, seen: tuple[int, int], language: Language) -> Prompt:
    """The prompt that a processor has made for so many frames, which are to fill so many rows together.

    Raises:
        ValueError: the places of the frames cannot be told apart.
    """
    frames, image_tokens = seen
    gaps = places(ids, image_token_id, frames)
    edges = [0, *(edge for gap in gaps for edge in gap), len(ids)]
    spans = [ids[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    words = tuple(language.embed(span) if span else language.embed(ids[:1])[:, :0] for span in spans)
    mx.eval(words)
    return Prompt(words, image_tokens, ids[-1])


def places(ids: Sequence[int], image_token_id: int | None, frames: int) -> list[tuple[int, int]]:
    """Where each frame's placeholders begin and end among the ids; each has as many, without a gap."""
    found = [index for index, each in enumerate(ids) if each == image_token_id]
    each, left = divmod(len(found), frames)
    gaps = [(found[k * each], found[k * each] + each) for k in range(frames)] if each and not left else []
    if [index for start, end in gaps for index in range(start, end)] != found or not found:
        raise ValueError(f"{len(found)} placeholders cannot be shared out among {frames} frames")
    return gaps
