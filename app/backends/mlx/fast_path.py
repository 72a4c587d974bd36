"""The fast path: prompts embedded once, frames encoded once, and a comparison with mlx-vlm's result at every start."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, chain

import mlx.core as mx
import numpy as np
from mlx_vlm.models.cache import make_prompt_cache

from app.backends.mlx.families import Direct, Shape
from app.backends.mlx.loading import FAILURES, Inputs, Loaded
from app.backends.mlx.reference import agreed
from app.backends.mlx.speculative import Burst, Context, Decoder, Drafts, Language, Speech, greedy, sampled
from app.events import Chunk, Frame, Request
from app.models.registry import Sampling


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


PROMPTS = 8
"""How many prompts are kept; a narrator has one, and a question now and then."""
DRAFTS = 64
"""For how many prompts, of one camera each, it is kept what was said."""

Seen = tuple[Frame, mx.array]
"""A frame and its features."""


class QuickRoad:
    """Describes frames of a family that can be shown them directly."""

    def __init__(self, loaded: Loaded, family: Direct, sampling: Sampling, *, drafts: bool) -> None:
        self.loaded, self.family, self.sampling = loaded, family, sampling
        self.language = Language(loaded.model)
        self.ends = frozenset(loaded.processor.tokenizer.stopping_criteria.eos_token_ids)
        self.has_drafts = drafts and sampling == Sampling()
        self.kept: list[Seen] = []
        self.prompt = lru_cache(PROMPTS)(partial(made, loaded, self.language, family))
        self.drafts_of = lru_cache(DRAFTS)(lambda _words, _camera: Drafts())

    def describe(self, request: Request) -> Generator[Chunk]:
        """See `Describer.describe`; mlx-vlm's failures come as they are."""
        speech, said = Speech(self.loaded.processor), list[int]()
        shown = self.shown(request)
        features, speech.encoded = self.features(request)
        speech.image_tokens = agreed(self.loaded, sum(len(each) for each in features), shown.image_tokens)
        for burst in self.bursts(request, shown, shown.rows(features)):
            said += burst.tokens
            yield from speech.pieces(burst)
        self.drafts(request.prompt, request.frames[-1].camera).remember(said)

    def bursts(self, request: Request, shown: Prompt, rows: mx.array) -> Generator[Burst]:
        """What the language model says after these rows; with drafts where they can be judged."""
        if self.has_drafts:
            drafts = self.drafts(request.prompt, request.frames[-1].camera)
            return Decoder(self.language, self.ends).bursts(rows, drafts, request.max_tokens)
        choose = greedy if self.sampling == Sampling() else sampled(self.sampling, shown.last)
        return Decoder(self.language, self.ends, choose).singles(rows, request.max_tokens)

    def drafts(self, words: str, camera: str = "") -> Drafts:
        """What this camera's descriptions said before: another's tell little of it."""
        return self.drafts_of(words, camera)

    def rows(self, request: Request) -> mx.array:
        """All of the request as it reaches the language model, 1×n×width."""
        return self.shown(request).rows(self.features(request)[0])

    def features(self, request: Request) -> tuple[list[mx.array], int]:
        """What the tower makes of each frame, and how many had to go through it: those of the last request need not."""
        family, frames = self.family, request.frames
        known = {id(frame): seen for frame, seen in self.kept}
        new = [frame for frame in frames if id(frame) not in known]
        known |= {id(frame): family.features(family.pixels(frame.pixels)) for frame in new}
        self.kept = [(frame, known[id(frame)]) for frame in frames]
        return [known[id(frame)] for frame in frames], len(new)

    def shown(self, request: Request) -> Prompt:
        return self.prompt(request.prompt, tuple(self.family.shape(frame.pixels) for frame in request.frames))


def made(loaded: Loaded, language: Language, family: Direct, words: str, shapes: Sequence[Shape]) -> Prompt:
    """What the processor and the chat template make of these words and of frames of these shapes."""
    pictures = [family.picture(np.zeros(shape, np.uint8)) for shape in shapes]
    inputs = family.inputs(pictures, words)
    agreed(loaded, family.sent(inputs), family.due(pictures, inputs))
    due = [family.due([picture], inputs) for picture in pictures]
    return prompt(inputs["input_ids"][0].tolist(), loaded.image_token_id, due, language)


ROUNDING = 0.02
"""Of the largest number: bfloat16's is 0.004, and a picture in other places or colours differs by more than 0.5."""


def agrees(road: QuickRoad, request: Request, inputs: Inputs) -> bool:
    """Whether the road does as mlx-vlm's own code; `inputs` are what the processor makes of the request."""
    try:
        ours, theirs = road.rows(request), road.loaded.rows(inputs)
        if ours.shape != theirs.shape:
            return False
        seen = road.shown(request).seen
        return alike(ours[:, seen], theirs[:, seen]) and alike(
            our_logits(road, theirs), their_logits(road, inputs, theirs)
        )
    except FAILURES:  # a part of mlx-vlm has another face
        return False


def our_logits(road: QuickRoad, rows: mx.array) -> mx.array:
    return road.language.logits(Context(road.language).extend(rows)[:, -1:])


def their_logits(road: QuickRoad, inputs: Inputs, rows: mx.array) -> mx.array:
    whole = road.loaded.model.language_model
    found: mx.array = whole(inputs["input_ids"], inputs_embeds=rows, cache=make_prompt_cache(whole)).logits
    return found[:, -1:]


def alike(ours: mx.array, theirs: mx.array) -> bool:
    """Whether two arrays of one shape are the same but for rounding; where theirs is no number, nothing can be told."""
    ours, theirs = ours.astype(mx.float32), theirs.astype(mx.float32)
    largest = mx.abs(theirs).max()
    return bool((mx.abs(ours - theirs).max() <= ROUNDING * largest).item() or mx.isnan(largest).item())
