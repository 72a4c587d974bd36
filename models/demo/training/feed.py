"""Draws lessons in a process of its own and hands them over in batches, so that drawing costs no training time."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue

import cv2
import numpy as np
from numpy.typing import NDArray

from models.demo.training import curriculum, lessons
from models.demo.training.lessons import Clip, Fates, Labels
from models.demo.training.speech import Speech, Talk

PICTURES = 64
"""In a batch, whatever the number of frames in a clip."""


@dataclass(frozen=True, slots=True)
class Sights:
    """Where to look when about to name a thing: first for its colour, then for its kind."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    """Which clip, and at which of its tokens."""
    tokens: NDArray[np.int64]
    """n×16: the image tokens of the picture that shows it."""
    is_there: NDArray[np.bool_]
    """n×16: which of these show it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """So many clips of equally many frames, as arrays."""

    frames: int
    tiles: NDArray[np.uint8]
    """(clips·frames)×128×128×3."""
    seen: Labels
    """Of all tiles' patches: (clips·frames)×64 and ×2."""
    summed: Labels
    """Of all tiles' image tokens: (clips·frames)×16 and ×2."""
    fates: Fates | None
    """Of the things in clips of more than one frame: clips×16×…"""
    talk: Talk | None
    """What is said about the clips; None while only the eyes learn."""
    sights: Sights | None
    """Of the things named in what is said."""


def draw(rng: np.random.Generator, stage: str, speech: Speech | None) -> Batch:
    """A batch for the stage; without speech, only for the eyes."""
    frames = curriculum.sample_frames(rng, stage)
    clips = [curriculum.sample_clip(rng, stage, frames) for _ in range(PICTURES // frames)]
    talk = speech.talk(frames, curriculum.sample_turns(rng, clips)) if speech else None
    return Batch(
        frames,
        np.concatenate([clip.tiles(rng) for clip in clips]),
        _labels(clips, lessons.PATCHES),
        _labels(clips, lessons.TOKENS),
        _fates(clips) if frames > 1 else None,
        talk,
        _sights(clips, speech, talk) if speech and talk else None,
    )


def _sights(clips: list[Clip], speech: Speech, talk: Talk) -> Sights:
    places, starts, cells = [], [], []
    for at, name in speech.names(talk):
        frame, is_there = lessons.sightings(clips[talk.rows[at]], name)
        places += [at, at + 1]
        starts += [talk.first_image if frame == 0 else talk.last_image] * 2
        cells += [is_there] * 2
    spots, tokens = np.array(places, np.int64), np.array(starts, np.int64)[:, None] + np.arange(lessons.TOKENS**2)
    return Sights(talk.rows[spots], talk.columns[spots], tokens, np.array(cells, bool).reshape(tokens.shape))


def _labels(clips: list[Clip], side: int) -> Labels:
    """Of every tile, stacked."""
    found = [lessons.labels(view, clip.shot, side) for clip in clips for view in clip.views]
    return Labels(*(np.stack([getattr(one, part) for one in found]) for part in ("colour", "kind", "centre")))


def _fates(clips: list[Clip]) -> Fates:
    found = [lessons.fates(clip) for clip in clips]
    return Fates(*(np.stack([getattr(one, part) for one in found]) for part in ("motion", "origin", "is_gone")))


class Feed:
    """Batches without end, some always ready."""

    def __init__(self, stage: str, seed: int, speech: Speech | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._batches: Queue[Batch] = context.Queue(maxsize=4)
        arguments = (self._batches, stage, seed, speech)
        self._process = context.Process(target=_draw_on, args=arguments, daemon=True)
        self._process.start()

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self._batches.get(timeout=120)

    def close(self) -> None:
        """End the drawing process."""
        self._process.terminate()
        self._process.join()


def _draw_on(batches: "Queue[Batch]", stage: str, seed: int, speech: Speech | None) -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    while True:
        batches.put(draw(rng, stage, speech))
