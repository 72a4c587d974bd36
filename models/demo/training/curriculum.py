"""Which lessons are given when: how many frames, what happens in them, what is asked."""

from collections.abc import Iterator, Sequence

import numpy as np

from app.demo import scenes
from app.demo.scenes import Shape
from models.demo.training import happenings, lessons, wordings
from models.demo.training.lessons import Clip, View
from models.demo.training.speech import Turn

_FRAMES = {"eyes": (1.0, 0, 0, 0), "stills": (1.0, 0, 0, 0), "clips": (0.42, 0.26, 0.16, 0.16)}
"""Shares of 1, 2, 3 and 4 frames."""
_COUNTS = {"eyes": (0.02, 0.28, 0.35, 0.35), "stills": (0.06, 0.22, 0.34, 0.38), "clips": (0.05, 0.18, 0.31, 0.46)}
"""Shares of 0, 1, 2 and 3 shapes in a still."""
_PLAIN = 0.08
"""Share of stills that are one colour all over."""
_LONGEST = (8, 14, 40)
"""Words of a request, chosen anew for every batch: one long request would pad all others."""
NUMBERS = ("Zero.", "One.", "Two.", "Three.")


def sample_frames(rng: np.random.Generator, stage: str) -> int:
    """How many frames the clips of the next batch have."""
    return 1 + int(rng.choice(4, p=_FRAMES[stage]))


def sample_clip(rng: np.random.Generator, stage: str, frames: int) -> Clip:
    """One lesson's pictures."""
    if frames > 1:
        return happenings.sample_clip(rng, frames)
    if stage != "eyes" and rng.random() < _PLAIN:
        return Clip((happenings.sample_plain(rng),), lessons.sample_shot(rng))
    return lessons.sample_still(rng, int(rng.choice(4, p=_COUNTS[stage])))


def sample_turns(rng: np.random.Generator, clips: Sequence[Clip]) -> list[list[Turn]]:
    """What is said about each clip: its description, and a question about its last view."""
    longest = int(rng.choice(_LONGEST, p=(0.6, 0.3, 0.1)))
    return [
        [(wordings.sample_request(rng, longest), clip.answer), sample_question(rng, clip.views[-1])] for clip in clips
    ]


def sample_question(rng: np.random.Generator, view: View) -> Turn:
    """One of the four questions with its answer; presence most often."""
    dice = rng.random()
    if view.plain and dice < 0.7:
        return wordings.ask_plain(rng), f"{view.plain.capitalize()}."
    if dice < 0.25:
        return wordings.ask_count(rng), NUMBERS[len(view.scene)]
    kinds = [shape.kind for shape in view.scene]
    lone = [shape for shape in view.scene if kinds.count(shape.kind) == 1]
    if lone and dice < 0.5:
        shape = lone[int(rng.integers(len(lone)))]
        return wordings.ask_colour(rng, shape.kind), f"{shape.colour.capitalize()}."
    return _presence(rng, view)


def _presence(rng: np.random.Generator, view: View) -> Turn:
    """Half of the answers are yes; most of the others differ from a thing there in one respect."""
    if view.scene and rng.random() < 0.5:
        shape = view.scene[int(rng.integers(len(view.scene)))]
        return wordings.ask_presence(rng, shape.noun_phrase), "Yes."
    return wordings.ask_presence(rng, _absent(rng, view).noun_phrase), "No."


def _absent(rng: np.random.Generator, view: View) -> Shape:
    here = {shape.name for shape in view.scene}
    colours, kinds = list(scenes.COLOURS), list(scenes.KINDS)
    if view.scene and rng.random() < 0.8:
        colours, kinds = _near(rng, view, colours, kinds)
    names = [(colour, kind) for colour in colours for kind in kinds if f"{colour} {kind}" not in here]
    if not names:
        return _absent(rng, view)
    colour, kind = names[int(rng.integers(len(names)))]
    return Shape(colour, kind, 0.5, 0.5, 0.1)


def _near(rng: np.random.Generator, view: View, colours: list[str], kinds: list[str]) -> tuple[list[str], list[str]]:
    """Only such colours, or such kinds, or both, as are in view."""
    dice = int(rng.integers(3))
    here = list({shape.colour for shape in view.scene}), list({shape.kind for shape in view.scene})
    return (here[0] if dice != 0 else colours), (here[1] if dice != 1 else kinds)


def corpus(rng: np.random.Generator, lines: int) -> Iterator[str]:
    """What the tokenizer learns from: what is asked and answered."""
    for number in range(lines):
        clip = lessons.sample_still(rng, number % 4)
        colour = str(rng.choice(list(scenes.COLOURS)))
        phrase = scenes.sample_scene(rng, 1)[0].noun_phrase
        yield " " + clip.answer
        yield f" Everything is {colour}. Yes. No. {' '.join(NUMBERS)}"
        yield f" {colour.capitalize()}. {phrase.capitalize()} moves left. right. up. down. appears. disappears."
        yield from (wordings.sample_request(rng) for _ in range(3))
        yield sample_question(rng, clip.views[0])[0]
        yield wordings.ask_plain(rng)
        yield "User:\nAssistant:"
