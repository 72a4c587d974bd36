"""What a road says of frames of a drawn clip."""

import itertools
from collections.abc import Iterator, Sequence
from threading import Event

from app.demo.source import SceneSource
from app.events import Chunk, Frame, Request

WORDS = "Describe what you see in one short sentence."


def clip(seed: int, count: int, every: int = 20) -> Iterator[Frame]:
    """Every so many frames of a drawn clip: moving, coming and going, and now and then all at once."""
    drawn = SceneSource(asap=True, seed=seed, size=(640, 480)).frames(Event())
    return itertools.islice(drawn, 0, count * every, every)


def text(pieces: Sequence[Chunk]) -> str:
    return "".join(piece.text for piece in pieces)


def told(road: object, *frames: Frame, words: str = WORDS, limit: int = 64) -> list[Chunk]:
    return list(road.describe(Request(frames, words, limit)))  # type: ignore[attr-defined]
