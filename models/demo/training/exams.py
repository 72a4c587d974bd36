"""What the model is examined in: unseen pictures, requests and true answers, each exam fixed by its seed.

Only clear pictures are asked about, those on whose caption two honest people would agree.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from app.demo import scenes
from app.images import Pixels
from models.demo.training import curriculum, happenings, lessons, wordings
from models.demo.training.lessons import Clip

SEED = 20_260_101
"""Far from any seed of the training."""
UNHEARD = (
    "Tell me about the objects you notice here please.",
    "Give a play-by-play of the footage.",
    "If you had to title this photograph, what would the title be?",
    "Which items appear before you, and whereabouts?",
    "Provide a terse textual rendering of the visual input.",
    "Bitte sag mir, welche Dinge auf dem Foto sind.",
    "Quelles formes apparaissent sur cette photo ?",
    "¿Puedes contarme lo que aparece en la foto?",
    "yo whats up in this pic",
    "Paint me a mental picture.",
    "Kindly relay the contents of your field of vision.",
    "I dropped my glasses; fill me in.",
    "Write the alt attribute for this <img>.",
    '{"task": "caption", "style": "short"}',
    "Summarise the visual evidence for the jury.",
    "Spill the beans: what have you got there?",
    "As a museum guide, introduce this piece to the visitors.",
    "Was ist auf dem Foto zu erkennen?",
    "Take a good look around and let us know.",
    "Produce one line of commentary suitable for a radio broadcast.",
    "Please generate subtitles for this moment.",
    "DESCRIBE PHOTOGRAPH NOW THANKS",
    "Mitä kuvassa näkyy?",
    "Translate the pixels into prose.",
    "Imagine I'm on the phone with you. What's in your viewfinder?",
    "Log entry:",
    "Enumerate geometry.",
    "Where would I find things in this composition?",
    "Proceed.",
    "Let a friend who stayed at home know what your lens catches.",
)
"""Wordings that the training never saw and its grammar cannot make."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to look at, what is asked, and the true answer."""

    tiles: Pixels
    """frames×128×128×3, oldest first."""
    request: str
    answer: str


def _still(rng: np.random.Generator, count: int, request: str) -> Question:
    clip = lessons.sample_still(rng, count, is_clear=True)
    return Question(clip.tiles(rng), request, clip.answer)


def _product_prompt(rng: np.random.Generator) -> str:
    return str(rng.choice(wordings.PRODUCT))


def _stills(counts: tuple[int, ...]) -> Callable[[np.random.Generator, int], Question]:
    return lambda rng, number: _still(rng, counts[number % len(counts)], _product_prompt(rng))


def _motion(rng: np.random.Generator, number: int) -> Question:
    """Two of three clips show one thing moving; the others one that comes or goes."""
    event = ("move", "move", "come", "move", "move", "go")[number % 6]
    return _asked(rng, happenings.sample_clip(rng, 2 + number % 3, is_clear=True, event=event))


def _rest(rng: np.random.Generator, number: int) -> Question:
    """Clips in which nothing happens, or everything changes: the last caption is wanted."""
    event = ("stay", "stay", "cut")[number % 3]
    return _asked(rng, happenings.sample_clip(rng, 2 + number % 3, is_clear=True, event=event))


def _asked(rng: np.random.Generator, clip: Clip) -> Question:
    return Question(clip.tiles(rng), _product_prompt(rng), clip.answer)


def _questions(rng: np.random.Generator, number: int) -> Question:
    clip = lessons.sample_still(rng, number % 4, is_clear=True)
    request, answer = curriculum.sample_question(rng, clip.views[-1])
    return Question(clip.tiles(rng), request, answer)


def _plain(rng: np.random.Generator, number: int) -> Question:
    """Every colour in turn, asked for a caption and for the colour by turns."""
    colour = list(scenes.COLOURS)[number // 2 % len(scenes.COLOURS)]
    view = happenings.sample_plain(rng, colour)
    tiles = Clip((view,), replace(lessons.sample_shot(rng), is_padded=False)).tiles(rng)
    if number % 2:
        return Question(tiles, "What single color fills this picture?", f"{colour.capitalize()}.")
    return Question(tiles, _product_prompt(rng), view.caption)


def _wordings(rng: np.random.Generator, number: int) -> Question:
    return _still(rng, 1 + number // len(UNHEARD) % 3, UNHEARD[number % len(UNHEARD)])


@dataclass(frozen=True, slots=True)
class Exam:
    """A kind of question, and the share of exact answers that is asked for."""

    sample: Callable[[np.random.Generator, int], Question]
    bar: float
    says: str


EXAMS = {
    "empty": Exam(_stills((0,)), 0.95, "stills without shapes"),
    "stills": Exam(_stills((1, 2)), 0.95, "stills of one or two shapes"),
    "threes": Exam(_stills((3,)), 0.88, "stills of three shapes"),
    "motion": Exam(_motion, 0.85, "clips of 2 to 4 frames in which one shape moves, appears or disappears"),
    "rest": Exam(_rest, 0.85, "clips in which nothing or everything changes"),
    "questions": Exam(_questions, 0.93, "presence, number and colour"),
    "plain": Exam(_plain, 1.0, "plain fields, captioned and asked for their colour"),
    "wordings": Exam(_wordings, 0.90, "stills of one to three shapes under 30 wordings never trained"),
}


def sample_exam(name: str, count: int, seed: int = SEED) -> list[Question]:
    """The first `count` questions of an exam; always the same ones for the same seed."""
    rng = np.random.default_rng([seed, list(EXAMS).index(name)])
    return [EXAMS[name].sample(rng, number) for number in range(count)]
