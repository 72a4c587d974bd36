"""The quick road: each frame encoded once, the prompt's words turned into rows once, what was said before as a draft.

It says what mlx-vlm's own generation says of the same frames, word for word; tests hold it to that.
"""

from collections.abc import Generator, Sequence
from functools import lru_cache, partial

import mlx.core as mx
import numpy as np

from app.backends.mlx.draft import Drafts
from app.backends.mlx.family import Direct, Shape
from app.backends.mlx.language import Language
from app.backends.mlx.loading import Loaded
from app.backends.mlx.plain import agreed
from app.backends.mlx.prompt import Prompt, prompt
from app.backends.mlx.sampled import sampled
from app.backends.mlx.speculative import Burst, Decoder, greedy
from app.backends.mlx.speech import Speech
from app.events import Chunk, Frame, Request
from app.models.card import Sampling

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
