"""A prompt whose words are turned into rows once: only what is seen changes from frame to frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import mlx.core as mx

from app.backends.mlx.language import Language


@dataclass(frozen=True, slots=True)
class Prompt:
    """The rows of a prompt's words, with gaps where the frames come in."""

    words: tuple[mx.array, ...]
    """1×n×width each, one more than there are frames: before, between and behind them."""
    image_tokens: int
    """How many rows the frames are to fill, all together."""
    last: int
    """The token that it ends with."""

    @property
    def seen(self) -> slice:
        """The rows from the first frame's first to the last frame's last."""
        return slice(self.words[0].shape[1], -self.words[-1].shape[1] or None)

    def rows(self, seen: Sequence[mx.array]) -> mx.array:
        """The whole prompt, 1×n×width; `seen` are the frames' features, image tokens×width each."""
        kind = self.words[0].dtype
        first, *others = self.words
        pairs = [(features[None].astype(kind), words) for features, words in zip(seen, others, strict=True)]
        return mx.concatenate([first, *chain.from_iterable(pairs)], axis=1)


def prompt(ids: Sequence[int], image_token_id: int | None, due: Sequence[int], language: Language) -> Prompt:
    """The prompt that a processor has made for frames that are to fill so many rows each.

    Raises:
        ValueError: the places of the frames cannot be told apart.
    """
    gaps = places(ids, image_token_id, due)
    edges = [0, *(edge for gap in gaps for edge in gap), len(ids)]
    spans = [ids[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    words = tuple(language.embed(span) if span else language.embed(ids[:1])[:, :0] for span in spans)
    mx.eval(words)
    return Prompt(words, sum(due), ids[-1])


def places(ids: Sequence[int], image_token_id: int | None, due: Sequence[int]) -> list[tuple[int, int]]:
    """Where each frame's placeholders begin and end among the ids: as many as are due, or one for all of them."""
    found = [index for index, each in enumerate(ids) if each == image_token_id]
    sizes = due if len(found) == sum(due) else [1] * len(due)
    firsts = [first for first in accumulate(sizes, initial=0) if first < len(found)]
    gaps = [(found[first], found[first] + size) for first, size in zip(firsts, sizes, strict=False)]
    if len(gaps) != len(due) or [index for start, end in gaps for index in range(start, end)] != found:
        raise ValueError(f"{len(found)} placeholders cannot be shared out among {len(due)} frames")
    return gaps
