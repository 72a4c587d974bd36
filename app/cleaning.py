"""Cleaning of model output: thinking, special tokens, role names, preambles and markdown go, words stay as they are.

Every engine's chunks pass through `cleaned`, so that sentences, novelty, voice, log and yes-or-no answers deal with
plain text only. Three filters in a row, each a stream of its own:

    raw ──▶ Marks ──▶ Markdown ──▶ Opening ──▶ text
            thinking,  emphasis,    role name, repeated
            tokens     lists, …     prompt, preamble

Each one holds back only what may be the beginning of markup. Whatever the sizes of the pieces, the text is the same.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from enum import Enum, auto
from string import ascii_lowercase

from app.errors import Outage
from app.events import Chunk, Cost
from app.markdown import Markdown

NO_THINKING = "turn thinking off (llama-server: --reasoning-budget 0), raise --max-tokens, or use another model"


class NoAnswer(Outage):
    """A description that was all thinking; the next frame's may not be, the same request's will be again."""


# Marks: thinking, special tokens, wrappers

OPENING = re.compile(
    r"<(?:think|thinking|thought|reasoning|seed:think)>|\[THINK\]|◁think▷|<\|(?:START_THINKING|begin_of_thought)\|>"
)
CLOSING = re.compile(
    r"</(?:think|thinking|thought|reasoning|seed:think)>|\[/THINK\]|◁/think▷|<\|(?:END_THINKING|end_of_thought)\|>"
    r"|<channel\|>|\[BEGIN FINAL RESPONSE\]"
)
ANSWER = re.compile(r"<answer>|<\|(?:begin_of_box|begin_of_solution|START_RESPONSE)\|>")
"""Ends thinking that has no closing mark of its own."""
CHANNEL = re.compile(r"<\|channel\|?>")
HEADER = re.compile(
    r"<\|(?:start|im_start|start_header_id|turn|im_user|im_assistant|im_system|user|assistant|system)\|>"
    r"|<\|turn>|<start_of_turn>|\[INST\]"
)
"""Followed by the name of a role. After text it begins a turn that the model has made up."""
TURN_END = re.compile(
    r"<\|(?:end|return|endoftext|end_of_text|im_end|eot_id|eom_id|END_RESPONSE)\|>|<turn\|>|</s>|<eos>"
    r"|<end_of_(?:turn|utterance)>|<｜end▁of▁sentence｜>|\[END FINAL RESPONSE\]"
)
NAMES = {"analysis": True, "commentary": True, "thought": True, "thinking": True, "final": False, "response": False}
"""Of channels; whether they hold thinking."""
ROLES = frozenset({"assistant", "model", "user", "system", "tool"})
REASONING = "Here are my reasoning steps:"
"""Apriel's opening mark, at the beginning only."""
TAG = (
    r"s|bos|eos|pad|unk|mask|image|video|audio|answer|think|thinking|thought|reasoning|seed:think|box|bbox|quad|poly|ref"
    r"|phrase|object|grounding|(?:start|end)_of_(?:turn|utterance|image|video|audio)|fake_token_around_image|global-img"
    r"|image_soft_token|row_\d+_col_\d+|unused\d+|loc_?\d+|seg_?\d+|extra_id_\d+|reserved_\d+"
    r"|br|b|i|u|em|strong|p|li|ul|ol"
)
MARK = re.compile(
    rf"</?(?:{TAG})(?: ?/)?>|</?points?(?: [^<>\n]{{0,200}})?>"
    r"|<[|｜][^<>|｜\n]{1,40}[|｜]>|<\|\w{1,30}>|<\w{1,30}\|>"
    r"|\[/?(?:THINK|INST|IMG|IMG_BREAK|IMG_END)\]|\[(?:BEGIN|END) FINAL RESPONSE\]|◁/?think▷"
)
HALF_MARK = re.compile(
    r"<(?:[|｜][^<>\n]{0,41}|/?[a-z][\w:-]{0,30}(?: ?/|\|)?|/|points? [^<>\n]{0,200})?|\[/?[A-Z_]{0,9}"
    r"|\[(?:BEGIN|END)(?: [A-Z]{0,5}(?: [A-Z]{0,8})?)?|◁/?[a-z]{0,5}"
)
"""What may become a mark."""
MARK_START = re.compile(r"[<\[◁]")
BOX = re.compile(r"<(?:box|bbox|quad|poly)>|<\|(?:box|quad)_start\|>")
COORDINATES = re.compile(r"[\d\s.,;()\[\]-]*")
"""What stands in a box."""
LINE_BREAK = re.compile(r"<br ?/?>|</p>|</li>")


class Event(Enum):
    """What happens in a stream of text besides text."""

    TURN_END = auto()
    RETRACT = auto()
    """All text so far was thinking."""


class Marks:
    """Removes thinking, special tokens and wrappers."""

    def __init__(self, starts_thinking: bool) -> None:
        self.held, self.is_hidden, self.is_channel = "", starts_thinking, False
        self.is_named = False
        """A name of a role or channel comes next."""
        self.is_first = True
        self.has_thought = False

    def add(self, text: str, *, is_last: bool = False) -> Iterator[str | Event]:
        """Text and events in their order."""
        self.held += text
        while self.held:
            before = len(self.held), self.is_named
            found = self._step(is_last)
            if found:
                yield found
            if (len(self.held), self.is_named) == before:
                break

    def _step(self, is_last: bool) -> str | Event:
        """Consume from the beginning of what is held, or leave it all if more is needed to decide."""
        if self.is_named:
            return self._name(is_last)
        if self.is_first and (begins := self.held.lstrip()) and REASONING.startswith(begins[: len(REASONING)]):
            if len(begins) >= len(REASONING):
                self.held, self.is_hidden, self.is_first = begins[len(REASONING) :], True, False
            return self._take(len(self.held)) if is_last and not self.is_hidden else ""
        self.is_first &= not self.held.strip()
        start = MARK_START.search(self.held)
        if start is None:
            return self._take(len(self.held))
        if start.start():
            return self._take(start.start())
        if mark := MARK.match(self.held):
            return self._mark(mark[0], is_last)
        return "" if HALF_MARK.fullmatch(self.held) and not is_last else self._take(1)

    def _take(self, size: int) -> str:
        text, self.held = self.held[:size], self.held[size:]
        self.has_thought |= self.is_hidden and not text.isspace()
        return "" if self.is_hidden else text

    def _name(self, is_last: bool) -> str:
        """The name after a header: which channel is it?"""
        rest = self.held.lstrip(" \n").lstrip(ascii_lowercase)
        if not rest and not is_last:
            return ""
        self.is_named = False
        name = self.held[: len(self.held) - len(rest)].strip()
        if name in NAMES:
            self.is_hidden = self.is_channel = NAMES[name]
        if name in NAMES or name in ROLES:
            self.held = rest
        return ""

    def _mark(self, mark: str, is_last: bool) -> str | Event:
        size = len(mark)
        if BOX.fullmatch(mark):
            inside = COORDINATES.match(self.held, size)
            rest = self.held[inside.end() :] if inside else ""
            if not is_last and (not rest or (rest[0] == "<" and ">" not in rest and len(rest) < 20)):
                return ""
            size = len(self.held) - len(rest) if rest[:1] == "<" else size
        self.held, self.is_first = self.held[size:], False
        if OPENING.fullmatch(mark):
            self.is_hidden, self.is_channel = True, False
        elif CLOSING.fullmatch(mark):
            was_hidden, self.is_hidden = self.is_hidden, False
            return "" if was_hidden else Event.RETRACT
        elif ANSWER.fullmatch(mark):
            self.is_hidden = False
        elif CHANNEL.fullmatch(mark):
            self.is_named = True
        elif HEADER.fullmatch(mark) or TURN_END.fullmatch(mark):
            self.is_named = HEADER.fullmatch(mark) is not None
            return self._turn_end()
        return "\n" if LINE_BREAK.fullmatch(mark) and not self.is_hidden else ""

    def _turn_end(self) -> str | Event:
        """A channel's thinking ends with its message; other thinking goes on to its own mark."""
        was_hidden, was_channel = self.is_hidden, self.is_channel
        if was_channel:
            self.is_hidden = self.is_channel = False
        return "" if was_hidden else Event.TURN_END


# The opening: role names, the repeated prompt, preambles

LABELS = ("assistant", "ai", "answer", "final answer", "response", "output")
TITLES = tuple(
    f"{kind}{noun}"
    for kind in ("", "image ", "picture ", "scene ", "frame ", "visual ", "detailed ", "brief ", "factual ", "short ")
    for noun in ("description", "caption")
)
LABEL_END = re.compile(r"[ \t]*:|(?=\n)")
TITLE_END = re.compile(r"[ \t]*(?::|\.?[ \t]*(?=\n))")
YES = ("sure", "certainly", "of course", "absolutely", "okay", "ok", "alright", "great")
POLITE = ("", *(f"{word}{sign} " for word in YES for sign in ",!."))
HERE = tuple(yes + here for yes in POLITE for here in ("here's ", "here is ", "here are ", "below is ", "below are "))
LET = tuple(
    yes + let + verb
    for yes in POLITE
    for let in ("let's ", "let me ", "i'll ", "i will ")
    for verb in ("describe ", "analyze ", "analyse ", "take a look at ", "look at ", "break down ")
)
NOUN = re.compile(
    r"\b(?:descriptions?|captions?|summary|analysis|overview|breakdown|details|answer|response|metadata|look)\b"
)
BANNED = frozenset({"with", "of", "on", "in", "at", "near", "under", "over", "by", "and", "from"})
"""Words that a description has before one of these nouns, and a preamble has not."""
THE_IMAGE = re.compile(r"\b(?:image|picture|photo|photograph|scene|frame|video|clip|you see|i see)\b")
STOP = re.compile(r"[.!?:\n]")
LONGEST = 160
"""Characters of a preamble."""


class Opening:
    """Removes what stands before a description: role names, the prompt, "Here is a description of the image:"."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt.strip().lower()
        self.held, self.is_over = "", False

    def add(self, text: str, *, is_last: bool = False) -> str:
        if self.is_over:
            return text
        self.held = (self.held + text).lstrip()
        while self.held:
            size = self._dropped(self.held.lower().replace("’", "'"), is_last)
            if size is None:
                return ""
            if not size:
                self.is_over = True
                text, self.held = self.held, ""
                return text
            self.held = self.held[size:].lstrip()
        return ""

    def _dropped(self, text: str, is_last: bool) -> int | None:
        """How many of its characters go; None: more is needed to decide, and will come."""
        found = [self._echo(text, is_last), label(text), preamble(text)]
        if size := max((each for each in found if each), default=0):
            return size
        return None if None in found and not is_last else 0

    def _echo(self, text: str, is_last: bool) -> int | None:
        """The prompt, which some models and servers repeat, perhaps as the user's words."""
        prompt = self.prompt
        if len(prompt) < 8:
            return 0
        user = re.match(r"user\s*:\s*", text)
        skip = user.end() if user else 0
        if not text[skip:].startswith(prompt):
            return None if prompt.startswith(text[skip:]) or "user:".startswith(text) else 0
        end = skip + len(prompt)
        if prompt[-1] in ".?!:" or (is_last and end == len(text)):
            return end
        return None if end == len(text) else end if text[end] in "\n:" else 0


def label(text: str) -> int | None:
    """The size of a role name or a title, such as "assistant\\n" or "Description:"."""
    undecided = False
    for names, ending in ((LABELS, LABEL_END), (TITLES, TITLE_END)):
        for name in names:
            if text.startswith(name):
                rest = text[len(name) :]
                if found := ending.match(rest):
                    return len(name) + found.end()
                undecided |= not rest.strip(" \t.")
            undecided |= name.startswith(text)
    if text.startswith("model\n"):
        return 5
    return None if undecided or "model\n".startswith(text) else 0


def preamble(text: str) -> int | None:
    """The size of a preamble at the beginning of `text`, which is in small letters."""
    skip = 0
    if text.startswith("based on the "):
        comma = STOP.search(text.replace(",", ":", 1))
        if comma is None:
            return None if len(text) < LONGEST else 0
        if text[comma.start()] != ",":
            return 0
        skip = comma.end() + 1
        text = text[skip:]
        if not text:
            return None
    elif "based on the ".startswith(text):
        return None
    if opener := next((each for each in HERE if text.startswith(each)), None):
        return after_here(text, skip, len(opener))
    if opener := next((each for each in LET if text.startswith(each)), None):
        stop = STOP.search(text, len(opener))
        if stop is None:
            return None if len(text) < LONGEST else 0
        return skip + stop.end() if THE_IMAGE.search(text, 0, stop.start()) else 0
    if any(each.startswith(text) for each in (*HERE, *LET)):
        return None
    if not skip and (polite := re.match(r"(?:sure|certainly|of course)!\s+(?=\S)", text)):
        return polite.end()
    return 0


def after_here(text: str, skip: int, start: int) -> int | None:
    """The size of "here is a detailed description of the image:", which ends in a colon, or names the image."""
    stop = STOP.search(text, start)
    end = stop.start() if stop else len(text)
    noun = NOUN.search(text, start, end)
    if noun is None or (noun.end() == len(text)):
        words = text[start:end].split(" ")[:-1] if stop is None else []
        may_come = stop is None and len(words) <= 7 and not BANNED.intersection(words)
        return None if may_come else 0
    words = text[start : noun.start()].replace(",", "").split()
    if len(words) > 7 or BANNED.intersection(words):
        return 0
    if stop is None:
        return None if end - start < LONGEST else 0
    if stop[0] in ":\n" or THE_IMAGE.search(text, noun.end(), end):
        return skip + stop.end()
    return 0


class Cleaner:
    """Clean text from a stream of raw text. `prompt`: what was asked, which may come back at the beginning.

    `starts_thinking`: the chat template ended in an opening mark of thinking, so only the closing one will come.
    """

    def __init__(self, prompt: str = "", *, starts_thinking: bool = False) -> None:
        self.prompt = prompt
        self.marks, self.markdown, self.opening = Marks(starts_thinking), Markdown(), Opening(prompt)
        self.has_text = False
        """Text has been given that is not blank."""
        self.has_ended = False
        """The model's turn has ended; what it goes on to say answers nothing."""
        self.has_leaked = False
        """Text was given that turned out to be thinking, as its closing mark came."""
        self.has_thought = starts_thinking
        """There was thinking. Engines that are sent it apart from the text set it, too."""

    def add(self, text: str) -> str:
        """The text that is certain now."""
        return self._pass(text, is_last=False)

    def finish(self) -> str:
        """The rest, once nothing more comes."""
        return self._pass("", is_last=True) + ("" if self.has_ended else self._flush())

    def _pass(self, text: str, *, is_last: bool) -> str:
        had_text, given = self.has_text, ""
        for each in self.marks.add(text, is_last=is_last):
            if self.has_ended:
                break
            if each is Event.RETRACT:
                self.has_thought, given = True, ""
                self.has_leaked |= had_text
                self.has_text = had_text
                self._restart()
            elif each is Event.TURN_END:
                given += self._flush()
                self.has_ended = self.has_text
                self._restart()
            elif isinstance(each, str):
                given += self._given(self.opening.add(self.markdown.add(each)))
        self.has_thought |= self.marks.has_thought
        return given

    def _given(self, text: str) -> str:
        self.has_text |= not (text.isspace() or not text)
        return text

    def _flush(self) -> str:
        rest = self.opening.add(self.markdown.add("", is_last=True), is_last=True)
        return self._given(rest)

    def _restart(self) -> None:
        self.markdown, self.opening = Markdown(), Opening(self.prompt)


def clean(text: str, prompt: str = "") -> str:
    """A whole output, cleaned."""
    cleaner = Cleaner(prompt)
    return cleaner.add(text) + cleaner.finish()


def opens_thinking(prompt: str) -> bool:
    """Whether a rendered prompt ends in an opening mark of thinking, for the model to go on from there."""
    return re.search(rf"(?:{OPENING.pattern})\s*$", prompt) is not None


def is_thinking_mark(token: str) -> bool:
    """Whether a special token tells thinking from text, so that it must not be skipped before cleaning."""
    marks = (OPENING, CLOSING, CHANNEL)
    return token in ("<|message|>", "<|start|>") or any(mark.fullmatch(token) for mark in marks)


def is_turn_start(token: str) -> bool:
    """Whether a special token begins a turn or an answer, and cannot be its end."""
    return any(mark.fullmatch(token) for mark in (HEADER, OPENING, ANSWER))


def cleaned(chunks: Generator[Chunk], cleaner: Cleaner) -> Generator[Chunk]:
    """An engine's chunks with clean text. Each keeps its cost; the first word counts once it is visible.

    Raises:
        NoAnswer: the model was thinking to the end, or text has been given that was thinking.
    """
    first_word_s, cost = 0.0, Cost()
    with closing(chunks):
        for chunk in chunks:
            text, cost = cleaner.add(chunk.text), chunk.cost
            if cleaner.has_leaked:
                raise NoAnswer("the model returns its reasoning as its answer", NO_THINKING)
            first_word_s = first_word_s or (cost.total_s if text.strip() else 0.0)
            yield Chunk(text, replace(cost, first_word_s=first_word_s))
    if rest := cleaner.finish():
        yield Chunk(rest, replace(cost, first_word_s=first_word_s or cost.total_s))
    if cleaner.has_leaked:
        raise NoAnswer("the model returns its reasoning as its answer", NO_THINKING)
    if not cleaner.has_text and cleaner.has_thought:
        raise NoAnswer("the model spent all its tokens on reasoning and returned no text", NO_THINKING)
