"""Requests as people might word them: for a description in endless variety, and the few questions that are taught.

The words of a request for a description shall not matter, so most of what is drawn here is meant to be unlike what
anyone would list: a grammar, foreign languages, typing errors, plain English prose and noise.
"""

import functools
import re
from collections.abc import Sequence
from pydoc_data.topics import topics

import numpy as np

PRODUCT = (
    "Describe what you see in one short sentence.",
    "Describe what is happening in one short sentence.",
    "What do you see?",
    "Describe this picture.",
    "Describe the picture in detail.",
    "What is new?",
    "Describe the scene.",
    "What is in front of the camera?",
)
"""What the app itself says."""

_POLITE = (
    "|||||Please |Can you |Could you |Would you please |Kindly |I want you to |I'd like you to |Now |Just |Hey, |"
    "OK, |Your task: |Try to |You should |Help me: |Quickly |In your own words, "
)
_VERBS = (
    "describe|tell me about|narrate|report|explain|summarize|caption|sum up|talk about|write about|comment on|"
    "give an account of|sketch|put into words|give me|say something about|tell the user about|inform me about|"
    "transcribe|outline|annotate|identify|point out|announce|read out|look at|inspect|check|examine|interpret|study|"
    "analyze|show me"
)
_THINGS = (
    "the scene|this picture|the image|this photo|the frame|what you see|what is visible|what the camera sees|"
    "the view|the contents|this|it|everything here|what is in front of you|what happens|what is happening|"
    "what is going on|the current frame|the video|the clip|the objects|these shapes|the shapes and their places|"
    "all things|what is shown|the situation|the surroundings|the webcam picture|the latest frame|the changes|"
    "what changed|what moved|what has happened|the news|the main thing|the live feed|what is there|the drawing|"
    "whatever you notice|the visible items|the snapshot|the layout|the foreground"
)
_MANNER = (
    "||||| in one sentence| in one short sentence| briefly| in a few words| in detail| for a blind person| for me|"
    " as plainly as you can| without guessing| in English| in simple words| in at most ten words| now| right now|"
    " please| for the listener| like a reporter| and be brief| truthfully| one more time| from left to right|"
    " for a caption| as alt text| with care| objectively| in plain language| for the log| so that I can picture it|"
    " since the last one"
)
_WONDER = (
    "What do you see|What can you see|What is this|What is in the picture|What is in this image|What is shown here|"
    "What is there|What's happening|What's going on|What does the camera show|What does the picture show|"
    "What is visible|What happened|What has changed|What is different now|What do you notice|What is on the screen|"
    "What am I looking at|What have we here|Where is what|What are you looking at|How does it look|"
    "How would you describe this|What would you call this|Who or what is there|What is before the lens|What moved|"
    "Which things are visible|Anything new|What is the scene like|What is the picture about|Tell me what is here|"
    "So what is it|And now|What else|What should I know about the view|Can you tell what this is|"
    "Do you know what this shows|What does it look like|What did you see|What is the news|What just happened|"
    "What are the objects and where are they"
)
_PERSONA = (
    "|||||||You are a live narrator. |You are a helpful assistant. |You narrate for the blind. |"
    "You see through a camera. |You are the eyes of a robot. |Act as a sports reporter. |This is a test. |"
    "You are given some frames of a video. |The frames are in order, oldest first. |Be honest and short. |"
    "No opinions. |I cannot see. |Here is a picture. |Attached is a photo from my webcam. |Look carefully. |"
    "Think first. |Answer in English. |Use simple words. |Do not guess. |The previous caption was wrong. |"
    "Only say what is new. |My grandmother asks: |System: you are a vision model. |Task one. "
)
_FOREIGN = (
    "Beschreibe das Bild in einem Satz.|Was siehst du?|Was ist neu?|Was passiert gerade?|"
    "Erzähl mir, was die Kamera sieht.|Beschreib die Szene bitte kurz.|Décris l'image.|Que vois-tu ?|"
    "Qu'est-ce qui se passe ?|Décrivez la scène en une phrase courte.|Qu'y a-t-il de nouveau ?|Describe la imagen.|"
    "¿Qué ves?|¿Qué está pasando?|Describe la escena en una frase corta.|¿Qué hay de nuevo?|Descrivi l'immagine.|"
    "Che cosa vedi?|Wat zie je?|Beschrijf het beeld.|O que você vê?|Descreva a cena.|Co widzisz?|Vad ser du?|"
    "Опиши картинку.|Что ты видишь?|描述这张图片。|何が見えますか。"
)
_FOREIGN_WORDS = (
    "und|der|die|das|ist|ein|bitte|mit|auf|dem|Bild|zeigen|kurz|genau|Satz|sehen|Kamera|jetzt|le|la|les|une|dans|"
    "avec|est|vous|image|voir|phrase|el|los|una|en|con|por|favor|ahora|escena|imagen|frase|qué|hay|wie|wo|was|que|"
    "qui|sur|del"
)


def _one(rng: np.random.Generator, choices: str) -> str:
    """One of the choices, which are parted by bars; the more often it is written, the likelier."""
    return _pick(rng, choices.split("|"))


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def sample_request(rng: np.random.Generator, longest: int = 40) -> str:
    """Some request for a description of at most `longest` words."""
    while True:
        maker = _MAKERS[int(rng.choice(len(_MAKERS), p=_SHARES))]
        request = _spoil(rng, maker(rng)) if maker is not _product else maker(rng)
        if len(request.split()) <= longest:
            return request


def _product(rng: np.random.Generator) -> str:
    return str(rng.choice(PRODUCT))


def _order(rng: np.random.Generator) -> str:
    """As in "Please describe the scene briefly."."""
    body = _one(rng, _POLITE) + _one(rng, _VERBS) + " " + _one(rng, _THINGS) + _one(rng, _MANNER)
    return _one(rng, _PERSONA) + _capital(body) + _one(rng, ".|.|.|!|?||:")


def _wonder(rng: np.random.Generator) -> str:
    """As in "What do you see right now?"."""
    return _one(rng, _PERSONA) + _one(rng, _WONDER) + _one(rng, _MANNER) + _one(rng, "?|?|?||.")


def _foreign(rng: np.random.Generator) -> str:
    if rng.random() < 0.5:
        return _one(rng, _FOREIGN)
    return _capital(" ".join(_one(rng, _FOREIGN_WORDS) for _ in range(rng.integers(2, 9)))) + _one(rng, ".|?|")


def _prose(rng: np.random.Generator) -> str:
    """A stretch of real English, sometimes before or after a real request."""
    words, count = _words(), int(rng.geometric(0.12))
    start = int(rng.integers(len(words) - count))
    stretch = " ".join(words[start : start + count])
    form = _one(rng, "{}|{}|{}|{} {request}|{request} {}|The {}|What {}?|{}.|{}?")
    return form.replace("{}", stretch).replace("{request}", _order(rng))


def _salad(rng: np.random.Generator) -> str:
    """Words of the other requests and of prose in any order."""
    pool = f"{_VERBS} {_THINGS} {_MANNER} {_WONDER}".replace("|", " ").split()
    prose = _words()
    mixed = [_pick(rng, pool) if rng.random() < 0.6 else _pick(rng, prose) for _ in range(rng.integers(1, 14))]
    return " ".join(mixed) + _one(rng, ".|?|")


def _noise(rng: np.random.Generator) -> str:
    """Any printable characters, or any bytes."""
    count = int(rng.integers(0, 12))
    if rng.random() < 0.5:
        return bytes(rng.integers(32, 127, count).tolist()).decode("ascii")
    return bytes(rng.integers(0, 256, count).tolist()).decode("utf-8", errors="ignore")


_MAKERS = (_product, _order, _wonder, _foreign, _prose, _salad, _noise)
_SHARES = (0.30, 0.22, 0.15, 0.06, 0.16, 0.08, 0.03)


@functools.cache
def _words() -> list[str]:
    """The English of Python's own documentation, without its mark-up."""
    text = re.sub(r"[^A-Za-z0-9 .,;:'()?!-]+", " ", " ".join(topics.values()))
    return text.split()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _spoil(rng: np.random.Generator, text: str) -> str:
    """As people type: without capitals, shouting, without full stop, with a slip."""
    dice = rng.random()
    if dice < 0.18:
        text = text.lower()
    elif dice < 0.23:
        text = text.upper()
    if rng.random() < 0.12:
        text = text.rstrip(".?!")
    if rng.random() < 0.10 and len(text) > 3:
        text = _slip(rng, text)
    return text


def _slip(rng: np.random.Generator, text: str) -> str:
    """One letter lost, doubled or exchanged with the next."""
    at = int(rng.integers(len(text) - 1))
    before, letter, after = text[:at], text[at], text[at + 1 :]
    return _pick(rng, (before + after, before + letter * 2 + after, before + after[:1] + letter + after[1:]))


_PRESENCE = "Is there {}|Is there {}|Can you see {}|Do you see {}|Is {} there|Is {} visible|Tell me, is there {}"
_COUNT = "How many {} are there|How many {} do you see|How many {} can you see|Count the {}|How many {} are visible"
_COLOUR = (
    "What color is the {}|What colour is the {}|Which color is the {}|What is the color of the {}|"
    "What color does the {} have"
)
_PLAIN = "What single {} fills this {}?|What {} fills this {}?|What one {} fills the {}?|Which single {} is this {}?"
_WHERE = "|||| in the picture| in the image| in the scene| here| now| in view| in front of the camera"


def ask_presence(rng: np.random.Generator, one: str) -> str:
    """As in "Is there a red circle?"; `one` is "a red circle"."""
    if rng.random() < 0.45:
        return f"Is there {one}?"
    thing = one if rng.random() < 0.85 else "any " + one.split(" ", 1)[1]
    form = _one(rng, _PRESENCE)
    return _typed(rng, form.format(thing) + _one(rng, _WHERE) + "?")


def ask_count(rng: np.random.Generator) -> str:
    """As in "How many shapes are there?"."""
    if rng.random() < 0.5:
        return "How many shapes are there?"
    form = _one(rng, _COUNT)
    return _typed(rng, form.format(_one(rng, "shapes|shapes|objects|things|figures")) + _one(rng, _WHERE) + "?")


def ask_colour(rng: np.random.Generator, kind: str) -> str:
    """As in "What color is the circle?"."""
    if rng.random() < 0.5:
        return f"What color is the {kind}?"
    form = _one(rng, _COLOUR)
    return _typed(rng, form.format(kind) + "?")


def ask_plain(rng: np.random.Generator) -> str:
    """As in "What single color fills this picture?"."""
    if rng.random() < 0.6:
        return "What single color fills this picture?"
    form = _one(rng, _PLAIN)
    return _typed(rng, form.format(_one(rng, "color|colour"), _one(rng, "picture|image|frame|photo")))


def _typed(rng: np.random.Generator, question: str) -> str:
    """Sometimes without capitals or question mark."""
    question = question.lower() if rng.random() < 0.15 else question
    return question.rstrip("?") if rng.random() < 0.08 else question
