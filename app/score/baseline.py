"""The loop of programs that describe the newest frame every second, and say all of it."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Event

from app.events import Chunk, Cost, Frame, Notice, Request, Sentence
from app.protocols import Describer, Source
from app.text import tidy

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Dutiful:
    """Looks once a second, whatever there is to see."""

    describer: Describer
    prompt: str
    max_tokens: int

    def watch(self, source: Source, stop: Event) -> Iterator[Sentence]:
        due, described = 0.0, 0
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if isinstance(seen, Notice) or seen.seen_at < due or not (frame := seen.copy()):
                    continue
                due, described = frame.seen_at + EVERY_S, described + 1
                yield from self.describe(frame, described)

    def describe(self, frame: Frame, described: int) -> Iterator[Sentence]:
        """The whole description as one sentence: what such a program shows and reads out."""
        pieces = list(self.describer.describe(Request((frame,), self.prompt, self.max_tokens)))
        cost, text = pieces[-1].cost if pieces else Cost(), whole(pieces)
        if text:
            yield Sentence(text, "scene", frame, cost.first_word_s, cost, described)


def whole(pieces: Iterable[Chunk]) -> str:
    return tidy("".join(piece.text for piece in pieces))
