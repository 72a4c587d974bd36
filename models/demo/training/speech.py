"""How the model is spoken to: its tokenizer, its chat template, and a lesson as token ids.

The template is that of SmolVLM2, pictures first. No torch here.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from app.demo.scenes import COLOURS, KINDS

VOCABULARY = 1024
IMAGE_TOKENS = 16
SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>",
    "<global-img>", *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)),
)  # fmt: skip
UNKNOWN, BOS, PAD, EOS, FAKE, IMAGE, GLOBAL = range(7)
OPENING, CLOSING = "<|im_start|>User:", "<end_of_utterance>\nAssistant:"
CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
Turn = tuple[str, str]
"""A request and its answer."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said about some clips: all turns of a clip follow its pictures in one row, blind to one another."""

    tokens: NDArray[np.int64]
    """clips×length."""
    turn: NDArray[np.int64]
    """clips×length: 0 for the pictures, then 1, 2, …; -1 for padding."""
    places: NDArray[np.int64]
    """clips×length: the position that a token would have if its turn were the only one."""
    rows: NDArray[np.int64]
    """Where an answer's tokens are to be foretold: which clip,"""
    columns: NDArray[np.int64]
    """… at which token,"""
    answers: NDArray[np.int64]
    """… and what."""
    first_image: int
    """Where the first picture's image tokens begin,"""
    last_image: int
    """… and the last picture's."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The tokenizer, and how it lays out a lesson."""

    tokenizer: Tokenizer

    def pictures(self, frames: int) -> list[int]:
        """What comes before the request."""
        return self.ids(OPENING) + [FAKE, GLOBAL, *[IMAGE] * IMAGE_TOKENS, FAKE] * frames

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def names(self, talk: "Talk") -> list[tuple[int, str]]:
        """Where in the answers a thing is named: the place of the colour's token, and as in "red circle"."""
        words = [self.tokenizer.decode([token]).strip() for token in talk.answers.tolist()]
        pairs = enumerate(itertools.pairwise(words))
        return [(at, f"{a} {b}") for at, (a, b) in pairs if a in COLOURS and b in KINDS]

    def talk(self, frames: int, lessons: Sequence[Sequence[Turn]]) -> Talk:
        """The turns about each clip as arrays."""
        start = self.pictures(frames)
        rows = [self._row(start, turns) for turns in lessons]
        length = -(-max(len(tokens) for tokens, *_ in rows) // 8) * 8
        shape = len(rows), length
        tokens, turn, places = np.full(shape, PAD), np.full(shape, -1), np.zeros(shape, np.int64)
        spots: list[tuple[int, int, int]] = []
        for row, (ids, turns, at, answers) in enumerate(rows):
            tokens[row, : len(ids)], turn[row, : len(ids)], places[row, : len(ids)] = ids, turns, at
            spots += [(row, column, answer) for column, answer in answers]
        clip, column, answer = np.array(spots, np.int64).T
        first, last = start.index(IMAGE), len(start) - 1 - IMAGE_TOKENS
        return Talk(tokens, turn, places, clip, column, answer, first, last)

    def _row(
        self, start: list[int], turns: Sequence[Turn]
    ) -> tuple[list[int], list[int], list[int], list[tuple[int, int]]]:
        """Tokens, turns, places, and the answers as (column, token)."""
        tokens, turn, places = list(start), [0] * len(start), list(range(len(start)))
        answers: list[tuple[int, int]] = []
        for number, (request, answer) in enumerate(turns, 1):
            asked, said = self.ids(request + CLOSING), [*self.ids(f" {answer}"), EOS]
            first = len(tokens) + len(asked) - 1
            answers += [(first + place, token) for place, token in enumerate(said)]
            tokens += asked + said[:-1]
            turn += [number] * (len(tokens) - len(turn))
            places += range(len(start), len(start) + len(tokens) - len(places))
        return tokens, turn, places, answers


def train_tokenizer(corpus: Iterable[str]) -> Tokenizer:
    """Byte-level BPE, so that any request can be written; frequent words become single tokens."""
    tokenizer = Tokenizer(models.BPE())
    digits, pieces = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pieces])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def load(folder: Path) -> Speech:
    """The speech that was learned into the folder."""
    return Speech(Tokenizer.from_file(str(folder / "tokenizer.json")))
