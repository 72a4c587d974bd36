"""What is refused, in OpenAI's form of an error: its clients show the message to people."""

import base64
import binascii
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.errors import SourceError
from app.image_files.decode import decode
from app.security import Send, send_json
from app.text import sanitize

if TYPE_CHECKING:
    from PIL.Image import Image

    from app.images import Pixels

    Shape = Callable[[Pixels], Image]


LONGEST = 400


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    @property
    def content(self) -> dict[str, Any]:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        said = sanitize(self.message)[:LONGEST]
        return {"error": {"message": said, "type": kind, "param": self.param, "code": self.code}}


def wrong(message: str, param: str | None = None) -> Refused:
    """The refusal of a body that asks for what cannot be had."""
    return Refused(400, message, "invalid_value", param)


async def say(send: Send, content: object, status: int = 200) -> None:
    """Answer with JSON."""
    await send_json(send, status, content, [(b"www-authenticate", b"Bearer")] if status == 401 else None)


def parsed(body: bytes) -> dict[str, Any]:
    """The object that `body` is.

    Raises:
        Refused: it is no JSON in UTF-8 or no object, names something twice, holds NaN, or nests without end.
    """
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=once, parse_constant=no_number)
    except UnicodeDecodeError:
        raise wrong("The body is not UTF-8.") from None
    except RecursionError:
        raise wrong("The body is nested too deeply.") from None
    except ValueError as failure:
        raise wrong(f"The body is not JSON: {failure}") from None
    if not isinstance(found, dict):
        raise wrong("The body must be a JSON object.")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The first reader might take the first, the second the last: the guard and what it guards must read alike."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


HEAD = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
HOW = 'Send the picture itself, as "data:image/jpeg;base64,…".'
KINDS = (
    (r"https?:", "an address on the web"),
    (r"file:|[/~.\\]|[a-z]:[\\/]", "the path of a file"),
    (r"data:", "a data URL of another kind"),
)


def picture(part: dict[str, Any], shape: "Shape") -> dict[str, Any]:
    """A message part with a picture, made anew.

    Raises:
        Refused: it is no picture, or would have to be fetched or opened.
    """
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    if not isinstance(url, str):
        raise wrong(f"A picture must be in image_url. {HOW}", "messages")
    return {"type": "image_url", "image_url": {"url": redrawn(url, shape)}}


def redrawn(url: str, shape: "Shape") -> str:
    """The data URL of the picture in `url`, as the model is to be shown it."""
    head = HEAD.match(url)
    if head is None:
        raise elsewhere(url)
    try:
        drawn = shape(decode(io.BytesIO(base64.b64decode(url[head.end() :], validate=True)), "the picture"))
    except SourceError as failure:
        raise wrong(f"{failure.message}: {failure.hint}.", "messages") from failure
    except (binascii.Error, ValueError) as failure:
        raise wrong(f"The picture's base64 cannot be decoded: {failure}", "messages") from failure
    file = io.BytesIO()
    drawn.save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def elsewhere(url: str) -> Refused:
    """The refusal of what is no data URL of a picture; what it is is not repeated."""
    kind = next((what for pattern, what in KINDS if re.match(pattern, url, re.IGNORECASE)), "no data URL")
    return wrong(f"image_url is {kind}; looksay fetches and opens nothing for a client. {HOW}", "messages")


TOKENS = 256
"""How long an answer may be if the request does not say."""
MOST_TOKENS = 4096
LONGEST_TEXT = 100_000
"""Characters in a request: more than any of these models can take in, and soon counted."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number within bounds."""

    least: float
    most: float
    kind: type[int] | type[float] = float

    def takes(self, value: object) -> bool:
        is_number = isinstance(value, int | self.kind) and not isinstance(value, bool)
        return is_number and self.least <= value <= self.most  # type: ignore[operator]  # it is a number


KEPT = {
    "temperature": Between(0, 2),
    "top_p": Between(0, 1),
    "presence_penalty": Between(-2, 2),
    "frequency_penalty": Between(-2, 2),
    "seed": Between(0, 2**31 - 1, int),
}
"""Passed on as they are, within OpenAI's bounds."""
IDLE = frozenset(
    (
        *("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "parallel_tool_calls"),
        *("reasoning_effort", "verbosity", "prediction", "prompt_cache_retention"),
    )
)
"""Left out: they are about accounts, prices or other models, and change nothing in what this one says."""
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "stop": ([], ""),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
}
"""What this server cannot do for these models, and the values with which nobody asks for it: those are left out."""
WHOLE: Mapping[str, Any] = {"context_management": []}
"""Said with every request: or the server may have the model sum up a long conversation, and answer from that."""
OWN = frozenset(("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"))
ROLES = ("system", "developer", "user", "assistant")
IDLE_IN_MESSAGE = frozenset(("name", "refusal", "annotations", "reasoning", "reasoning_content", "id"))
TEXT = ("text", "input_text", "output_text")
PICTURE = ("image_url", "input_image")


@dataclass(frozen=True, slots=True)
class Served:
    """What is asked, and what it can take."""

    name: str
    """The only name under which a model may be asked for."""
    most_pictures: int
    """In one request."""
    mark: str
    """What stands in the model's prompts for a picture: it must not stand in a text. Empty if nothing does."""
    shape: "Shape"
    """From pixels to the picture that the model is shown."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    """How the next token is chosen, as far as the request does not say."""


def passed(body: bytes, served: Served) -> bytes:
    """The body that goes on in the place of this one.

    Raises:
        Refused: it asks for what it may not have, or what is not there.
    """
    asked = {name: value for name, value in parsed(body).items() if value is not None}
    named(asked.get("model", served.name), served.name)
    known(asked)
    told = Messages(served).told(asked.get("messages"))
    kept = {name: kept_number(name, asked[name]) for name in KEPT if name in asked}
    own = {"model": served.name, "messages": told, "max_tokens": limit(asked), **WHOLE, **served.sampling}
    made = {**own, **kept, **streamed(asked)}
    return json.dumps(made, ensure_ascii=False).encode()


def named(model: object, name: str) -> None:
    if model != name:
        raise Refused(404, f"Only the model {name} is served here.", "model_not_found", "model")


def known(asked: Mapping[str, Any]) -> None:
    """Refuse what would have to be left out although it means something."""
    for name, value in asked.items():
        if name in NEUTRAL and value not in NEUTRAL[name]:
            raise wrong(f"{name} cannot be had of this server with that value.", name)
        if name not in OWN | IDLE | KEPT.keys() | NEUTRAL.keys():
            raise Refused(400, "There is a field that this server does not know.", "unknown_parameter", name[:40])


def kept_number(name: str, value: Any) -> Any:
    bound = KEPT[name]
    if not bound.takes(value):
        raise wrong(f"{name} must be a number from {bound.least:g} to {bound.most:g}.", name)
    return value


def limit(asked: Mapping[str, Any]) -> int:
    """How many tokens the answer may have."""
    found: int = asked.get("max_completion_tokens", asked.get("max_tokens", TOKENS))
    if not Between(1, MOST_TOKENS, int).takes(found):
        raise wrong(f"The answer's limit must be a whole number from 1 to {MOST_TOKENS}.", "max_tokens")
    return found


def streamed(asked: Mapping[str, Any]) -> dict[str, Any]:
    stream, options = asked.get("stream", False), asked.get("stream_options", {})
    if not isinstance(stream, bool) or not isinstance(options, dict):
        raise wrong("stream must be true or false, and stream_options an object.", "stream")
    is_counted = options.get("include_usage") is True
    return {"stream": stream, **({"stream_options": {"include_usage": is_counted}} if stream else {})}


class Messages:
    """The messages of one request: their texts and pictures are counted over all of them."""

    def __init__(self, served: Served) -> None:
        self.served, self.pictures, self.characters = served, 0, 0

    def told(self, messages: object) -> list[dict[str, Any]]:
        if not isinstance(messages, list) or not messages:
            raise wrong("messages must be a list with at least one message.", "messages")
        return [self.message(each) for each in messages]

    def message(self, message: object) -> dict[str, Any]:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise wrong(f"Every message must be an object with one of the roles {', '.join(ROLES)}.", "messages")
        more = {name for name, value in message.items() if value} - {"role", "content"} - IDLE_IN_MESSAGE
        if more:
            raise wrong("A message may hold nothing but role and content.", "messages")
        role, content = message["role"], message.get("content") or ""
        if isinstance(content, str):
            return {"role": role, "content": self.text(content)}
        if not isinstance(content, list):
            raise wrong("content must be a text or a list of parts.", "messages")
        return {"role": role, "content": [self.part(each, role) for each in content]}

    def part(self, part: object, role: str) -> dict[str, Any]:
        kind = part.get("type") if isinstance(part, dict) else None
        make: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = dict.fromkeys(TEXT, self.words)
        if role == "user":  # a picture of anybody else's would not reach the model
            make |= dict.fromkeys(PICTURE, self.picture)
        if not isinstance(part, dict) or not isinstance(kind, str) or kind not in make:
            raise wrong(f"A part of a message of the {role} must be one of {', '.join(make)}.", "messages")
        return make[kind](part)

    def words(self, part: dict[str, Any]) -> dict[str, Any]:
        return {"type": "text", "text": self.text(part.get("text"))}

    def text(self, text: object) -> str:
        if not isinstance(text, str):
            raise wrong("A text must be a string.", "messages")
        self.characters += len(text)
        if self.characters > LONGEST_TEXT:
            raise wrong(f"The texts have more than {LONGEST_TEXT} characters.", "messages")
        if self.served.mark and self.served.mark in text:
            raise wrong(f"A text must not hold {self.served.mark}, which stands for a picture.", "messages")
        return whole(text)

    def picture(self, part: dict[str, Any]) -> dict[str, Any]:
        self.pictures += 1
        if self.pictures > self.served.most_pictures:
            most = self.served.most_pictures
            raise wrong(f"{self.served.name} can be shown {most} at once, earlier messages' included.", "messages")
        return picture(part, self.served.shape)


def whole(text: str) -> str:
    """The text, if it can be written: JSON may hold half a character, which no tokenizer takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise wrong("A text holds half a character.", "messages") from None
    return text
