"""A chat completion as it comes: server-sent events, the text in them, its cost, and whether it has come to its end.

Some servers send a stream, some everything at once, whatever they are asked for. An error in the middle, an end without
an end mark, and an answer far longer than what was asked for are failures.
"""

import json
from collections.abc import Iterator
from typing import Any

from app.backends.openai.client import OWN_LOG, Endpoint, reason
from app.errors import ModelError, Outage

NOT_A_COMPLETION = "the server's answer is not an OpenAI chat completion"
WHICH = "check which server it is, and whether it serves /v1/chat/completions"
CORRUPT = "the server's answer is corrupt"
DONE = "[DONE]"
TIMES, EXTRA = 4, 64
"""A stream counts as endless beyond so many times the tokens that were asked for, and a few more."""
LONGEST_TOKEN = 64
"""Characters."""
LONGEST_LINE = 1_000_000


class ServerSentEvents:
    """From bytes, however they are cut, to the data of each event; half a line waits for the rest."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.data: list[bytes] = []

    def add(self, part: bytes) -> Iterator[str]:
        """The events that are whole now. Raises ValueError for a line without end, and for what is not UTF-8."""
        self.held += part
        while (end := self.held.find(b"\n")) >= 0:
            line = bytes(self.held[:end]).removesuffix(b"\r")
            del self.held[: end + 1]
            yield from self._line(line)
        if len(self.held) > LONGEST_LINE:
            raise ValueError("a line without end")

    def finish(self) -> Iterator[str]:
        """What the stream ended with; some leave out the last line's end. Raises ValueError for half a character."""
        line = bytes(self.held).removesuffix(b"\r")
        self.held.clear()
        yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        if line.startswith(b"data:"):
            self.data.append(line[5:].removeprefix(b" "))
        elif not line and self.data:
            data = b"\n".join(self.data)
            self.data.clear()
            yield data.decode()


class Completion:
    """The text of one answer, from its body in parts."""

    def __init__(self, max_tokens: int, server: Endpoint) -> None:
        self.max_tokens, self.server = max_tokens, server
        self.content_type = ""
        self.events = ServerSentEvents()
        self.body = bytearray()
        """Of an answer that comes at once."""
        self.deltas = self.characters = 0
        """Received, reasoning included."""
        self.has_reasoned = False
        """The server has sent reasoning apart from the text."""
        self.finish_reason = ""
        self.has_ended = False
        self.prompt_tokens = self.completion_tokens = 0
        """As the server counts them; 0 if it does not."""

    @property
    def tokens(self) -> int:
        """Tokens so far. `max_tokens` only if the server says that the answer was cut there."""
        if self.finish_reason == "length":
            return self.max_tokens
        return min(self.completion_tokens or self.deltas, self.max_tokens - 1)

    def add(self, part: bytes) -> str:
        """The text in the next part of the body.

        Raises:
            Outage: the server has failed or its answer is corrupt.
            ModelError: it is not a completion.
        """
        if self.content_type == "application/json":
            self.body += part
            return ""
        if self.content_type != "text/event-stream":
            raise ModelError(f"the server sends {self.content_type} instead of a text stream", WHICH)
        try:
            return "".join(map(self._event, self.events.add(part)))
        except UnicodeDecodeError as failure:
            raise Outage(f"{CORRUPT}: it is not UTF-8", OWN_LOG) from failure
        except ValueError as failure:
            raise ModelError(NOT_A_COMPLETION, WHICH) from failure

    def finish(self) -> str:
        """The rest of the text. Raises as `add`, and Outage if the answer has not come to its end."""
        try:
            text = self._whole() if self.body else "".join(map(self._last, self.events.finish()))
        except UnicodeDecodeError as failure:
            raise Outage(f"{CORRUPT}: it ends in half a character", OWN_LOG) from failure
        if not (self.has_ended or self.finish_reason):
            raise Outage("the server broke off before the end of its answer", OWN_LOG)
        return text

    def _event(self, data: str) -> str:
        if data.strip() == DONE:
            self.has_ended = True
        return "" if self.has_ended else self._text(parse(data.encode()), "delta")

    def _last(self, data: str) -> str:
        """An event whose line has no end: if it makes no sense, it is half of one."""
        try:
            return self._event(data)
        except Outage:
            raise
        except ModelError:
            return ""

    def _whole(self) -> str:
        completion = parse(bytes(self.body))
        text = self._text(completion, "message")
        if not first_choice(completion):
            raise ModelError(NOT_A_COMPLETION, WHICH)
        self.has_ended = True
        return text

    def _text(self, event: Any, part: str) -> str:
        """The text in an event, or in the whole; notes tokens, reasoning and the end."""
        if not isinstance(event, dict):
            raise ModelError(NOT_A_COMPLETION, WHICH)
        if event.get("error"):
            raise Outage(f"the server has failed: {reason(json.dumps(event).encode(), self.server)}", OWN_LOG)
        if isinstance(usage := event.get("usage"), dict):
            self.prompt_tokens = positive(usage.get("prompt_tokens")) or self.prompt_tokens
            self.completion_tokens = positive(usage.get("completion_tokens")) or self.completion_tokens
        choice = first_choice(event)
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]
        message = choice.get(part)
        if not isinstance(message, dict):
            if part == "message":
                raise ModelError(NOT_A_COMPLETION, WHICH)
            message = {}
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        self.has_reasoned |= bool(reasoning)
        text = message.get("content") or ""
        if not isinstance(text, str):
            raise ModelError(NOT_A_COMPLETION, WHICH)
        self._limit(len(text) + len(str(reasoning or "")))
        return text

    def _limit(self, characters: int) -> None:
        self.deltas += bool(characters)
        self.characters += characters
        most = TIMES * self.max_tokens + EXTRA
        if self.deltas > most or self.characters > most * LONGEST_TOKEN:
            raise Outage("the server does not end its answer", OWN_LOG)


def parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as failure:
        raise ModelError(NOT_A_COMPLETION, WHICH) from failure


def first_choice(event: dict[str, Any]) -> dict[str, Any]:
    """The first choice; the last event of a stream may have none."""
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def positive(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
