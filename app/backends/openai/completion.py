"""A chat completion as it comes: its text, what it cost, and whether it has come to its end.

Some servers send it as a stream of events, some at once, whatever they are asked for. An error in the middle, an end
without a word that it is one, and an answer beyond all that was asked for are failures.
"""

import json
from typing import Any

from app.backends.openai.events import Events
from app.backends.openai.key import ApiKey
from app.backends.openai.refusal import reason
from app.errors import ModelError, Outage

FOREIGN = "the server answers in another form than OpenAI's chat completions"
WHICH = "see which server it is, and whether it serves /v1/chat/completions"
LOG = "see what the server's own log says"
DONE = "[DONE]"
TIMES, EXTRA = 4, 64
"""So many times the tokens that were asked for, and a few more, before a stream counts as endless."""
LONGEST_TOKEN = 64
"""Characters."""


class Answer:
    """Takes the body in parts, gives text."""

    def __init__(self, max_tokens: int, key: ApiKey) -> None:
        self.max_tokens, self.key = max_tokens, key
        self.events = Events()
        self.whole = bytearray()
        """Of an answer that comes at once."""
        self.deltas = self.characters = 0
        """That were sent, thoughts included."""
        self.has_reasoned = False
        """The server has sent reasoning apart from the text."""
        self.finish_reason = ""
        self.has_ended = False
        self.prompt_tokens = self.completion_tokens = 0
        """As the server counts them; 0 if it does not."""

    @property
    def tokens(self) -> int:
        """So far. All that were allowed only if the server says that the answer was cut there."""
        if self.finish_reason == "length":
            return self.max_tokens
        return min(self.completion_tokens or self.deltas, self.max_tokens - 1)

    def add(self, kind: str, part: bytes) -> str:
        """The text in the next part. `kind`: the content's type."""
        if kind == "application/json":
            self.whole += part
            return ""
        if kind != "text/event-stream":
            raise ModelError(f"the server answers with {kind} in place of a stream of words", WHICH)
        try:
            return "".join(map(self._event, self.events.add(part)))
        except UnicodeDecodeError as failure:
            raise Outage("the server's answer is spoilt: it is not UTF-8", LOG) from failure

    def finish(self) -> str:
        """The rest of the text. Raises ModelError if the answer has not come to its end, or is none."""
        try:
            text = self._whole() if self.whole else "".join(map(self._last, self.events.finish()))
        except UnicodeDecodeError as failure:
            raise Outage("the server's answer is spoilt: it ends in half a character", LOG) from failure
        if not (self.has_ended or self.finish_reason):
            raise Outage("the server broke off before the end of its answer", LOG)
        return text

    def _event(self, data: str) -> str:
        if data.strip() == DONE:
            self.has_ended = True
        if self.has_ended:
            return ""
        return self._told(parsed(data.encode()), "delta")

    def _last(self, data: str) -> str:
        """An event whose line has no end: where it makes no sense, it is the half of one."""
        try:
            return self._event(data)
        except Outage:
            raise
        except ModelError:
            return ""

    def _whole(self) -> str:
        """The text of an answer that came at once."""
        told = parsed(bytes(self.whole))
        text = self._told(told, "message")
        if not _choice(told):
            raise ModelError(FOREIGN, WHICH)
        self.has_ended = True
        return text

    def _told(self, told: Any, part: str) -> str:
        """The text in an event, or in the whole."""
        if not isinstance(told, dict):
            raise ModelError(FOREIGN, WHICH)
        if told.get("error"):
            raise Outage(f"the server has failed: {reason(json.dumps(told).encode(), self.key)}", LOG)
        self._count(told.get("usage"))
        choice = _choice(told)
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]
        said = choice.get(part)
        if part == "message" and not isinstance(said, dict):
            raise ModelError(FOREIGN, WHICH)
        return self._said(said if isinstance(said, dict) else {})

    def _said(self, said: dict[str, Any]) -> str:
        thought = said.get("reasoning_content") or said.get("reasoning")
        self.has_reasoned |= bool(thought)
        text = said.get("content") or ""
        if not isinstance(text, str):
            raise ModelError(FOREIGN, WHICH)
        self._bound(len(text) + len(str(thought or "")))
        return text

    def _bound(self, characters: int) -> None:
        """A model that was asked for so many tokens is not listened to for ever."""
        self.deltas += bool(characters)
        self.characters += characters
        most = TIMES * self.max_tokens + EXTRA
        if self.deltas > most or self.characters > most * LONGEST_TOKEN:
            raise Outage("the server does not end its answer", LOG)

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            self.prompt_tokens = _number(usage.get("prompt_tokens")) or self.prompt_tokens
            self.completion_tokens = _number(usage.get("completion_tokens")) or self.completion_tokens


def parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as failure:
        raise ModelError(FOREIGN, WHICH) from failure


def _choice(told: dict[str, Any]) -> dict[str, Any]:
    """The first choice; the last event of a stream may have none."""
    choices = told.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _number(told: object) -> int:
    return told if isinstance(told, int) and told > 0 else 0
