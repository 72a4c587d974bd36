"""The schema of chat requests (pydantic), what is sent on of one, and refusals in OpenAI's form of an error."""

import base64
import binascii
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

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


HEAD = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
HOW = 'Send the picture itself, as "data:image/jpeg;base64,…".'
KINDS = (
    (r"https?:", "an address on the web"),
    (r"file:|[/~.\\]|[a-z]:[\\/]", "the path of a file"),
    (r"data:", "a data URL of another kind"),
)


def redraw(url: str, shape: "Shape") -> str:
    """The data URL of the picture in `url`, decoded and encoded again in the shape that the model is shown.

    Raises:
        Refused: it is not a picture, or would have to be fetched or opened.
    """
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


# What a request may contain

TOKENS = 256
"""How long an answer may be if the request does not say."""
MOST_TOKENS = 4096
LONGEST_TEXT = 100_000
"""Characters in a request: more than any of these models can take in, and soon counted."""
SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")
"""Passed on as they are."""
NO_SUMMING_UP: dict[str, Any] = {"context_management": []}
"""Sent with every request: otherwise the server may have the model sum up a long conversation."""
Limit = Annotated[int | None, Field(ge=1, le=MOST_TOKENS)]
Ignored = Any


class Strict(BaseModel):
    """Values of exactly their type, and finite numbers; fields that are not listed are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Lenient(Strict):
    """The same, with fields that are not listed left out."""

    model_config = ConfigDict(extra="ignore")


class TextPart(Lenient):
    type: Literal["text", "input_text", "output_text"]
    text: str


class ImageUrl(Lenient):
    url: str


class PicturePart(Lenient):
    type: Literal["image_url", "input_image"]
    image_url: str | ImageUrl

    @property
    def url(self) -> str:
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class ChatMessage(Strict):
    """A message; of what is not listed only empty values may be there, such as `tool_calls: []`."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Annotated[TextPart | PicturePart, Field(discriminator="type")]] | None = None
    name: Ignored = None
    refusal: Ignored = None
    annotations: Ignored = None
    reasoning: Ignored = None
    reasoning_content: Ignored = None
    id: Ignored = None

    @model_validator(mode="after")
    def refuse_more(self) -> Self:
        if any((self.model_extra or {}).values()):
            raise ValueError("a message may contain nothing but role and content")
        return self


class StreamOptions(Lenient):
    include_usage: bool | None = None


class ChatRequest(Strict):
    """A request for a chat completion, as OpenAI's API has it."""

    model: Any = None
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_tokens: Limit = None
    max_completion_tokens: Limit = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    presence_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    frequency_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    seed: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None
    # Accounts, prices and other models: they change nothing in what this one says.
    user: Ignored = None
    metadata: Ignored = None
    store: Ignored = None
    service_tier: Ignored = None
    safety_identifier: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_retention: Ignored = None
    parallel_tool_calls: Ignored = None
    reasoning_effort: Ignored = None
    verbosity: Ignored = None
    prediction: Ignored = None
    # What this server cannot do: only with the values that do not ask for it.
    n: Literal[1] | None = None
    stop: Literal[""] | Annotated[list[Any], Field(max_length=0)] | None = None
    logprobs: Literal[False] | None = None
    top_logprobs: Literal[0] | None = None
    logit_bias: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None
    functions: Annotated[list[Any], Field(max_length=0)] | None = None
    tool_choice: Literal["none", "auto"] | None = None
    function_call: Literal["none", "auto"] | None = None
    response_format: "PlainText | None" = None
    modalities: list[Literal["text"]] | None = None


class PlainText(Strict):
    type: Literal["text"]


@dataclass(frozen=True, slots=True)
class Served:
    """The model that is served, and what it takes."""

    name: str
    """The only name under which a model may be asked for."""
    most_pictures: int
    """In one request."""
    mark: str
    """What stands in the model's prompts for a picture, so that a text must not contain it; empty if nothing does."""
    shape: "Shape"
    """From pixels to the picture that the model is shown."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    """How the next token is chosen, as far as the request does not say."""


def passed(body: bytes, served: Served) -> bytes:
    """The body for the model server in place of this one: nothing of a client's goes further unread.

    Raises:
        Refused: it asks for what it may not have, or what is not there.
    """
    request = parse(body)
    if request.model not in (None, served.name):
        raise Refused(404, f"Only the model {served.name} is served here.", "model_not_found", "model")
    check_texts(request.messages, served)
    given = {name: value for name in SAMPLING if (value := getattr(request, name)) is not None}
    made = {
        "model": served.name,
        "messages": [message(each, served) for each in request.messages],
        "max_tokens": request.max_completion_tokens or request.max_tokens or TOKENS,
        **NO_SUMMING_UP,
        **served.sampling,
        **given,
        "stream": bool(request.stream),
    }
    if request.stream:
        is_counted = bool(request.stream_options and request.stream_options.include_usage)
        made["stream_options"] = {"include_usage": is_counted}
    return json.dumps(made, ensure_ascii=False).encode()


def parse(body: bytes) -> ChatRequest:
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_context=False, include_input=False)[0]
        param = str(first["loc"][0])[:40] if first["loc"] else None
        if first["type"] == "extra_forbidden":
            raise Refused(400, "There is a field that this server does not know.", "unknown_parameter", param) from None
        where = ".".join(str(each)[:40] for each in first["loc"])
        raise wrong(f"{where}: {first['msg']}".removeprefix(": "), param) from None


def check_texts(messages: Sequence[ChatMessage], served: Served) -> None:
    """Raise Refused for too many pictures or characters, counted over all messages, and for misplaced ones."""
    pictures = characters = 0
    for each in messages:
        for part in [each.content or ""] if not isinstance(each.content, list) else each.content:
            if isinstance(part, PicturePart):
                pictures += 1
                if each.role != "user":  # it would not reach the model
                    raise wrong(f"A message of the {each.role} cannot contain a picture.", "messages")
                continue
            text = part if isinstance(part, str) else part.text
            characters += len(text)
            if served.mark and served.mark in text:
                raise wrong(f"A text must not contain {served.mark}, which stands for a picture.", "messages")
    if characters > LONGEST_TEXT:
        raise wrong(f"The texts have more than {LONGEST_TEXT} characters.", "messages")
    if pictures > served.most_pictures:
        most = served.most_pictures
        raise wrong(f"{served.name} can be shown {most} at once, earlier messages' included.", "messages")


def message(given: ChatMessage, served: Served) -> dict[str, Any]:
    """A message in the one form that the model server gets."""
    if not isinstance(given.content, list):
        return {"role": given.role, "content": given.content or ""}
    parts = [
        {"type": "image_url", "image_url": {"url": redraw(part.url, served.shape)}}
        if isinstance(part, PicturePart)
        else {"type": "text", "text": part.text}
        for part in given.content
    ]
    return {"role": given.role, "content": parts}
