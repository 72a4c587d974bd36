"""Describer that asks an OpenAI-compatible server and yields its answer as it comes.

It holds nothing between two requests but what it has learned about the server, so several threads may use it at once.
"""

import base64
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from app.backends.openai.client import Endpoint, PictureTooLarge, ServerClient, Silent, Timeouts
from app.backends.openai.completion import Completion
from app.cleaning import Cleaner, cleaned
from app.errors import ModelError, Outage
from app.events import Banner, Chunk, Cost, Request
from app.images import Pixels, encode_jpeg

CHAT = "/v1/chat/completions"
TIMEOUTS = Timeouts(max_bytes=4_000_000)
LATER_S = 5.0
"""Seconds between two requests to a server that has refused one for good."""
LEAST_S, TIMES = 15.0, 4.0
"""How long a server may be silent that has answered before."""
MOST_SIZES = 64
"""Frame sizes whose image tokens are remembered."""
LONGEST_EDGE, LEAST_EDGE = 1024, 128
"""In pixels. A frame keeps its own shape: every server makes of it what its model was trained with."""
USAGE = "stream_options"
"""The field that asks for a count of tokens; the youngest of the API, which some servers refuse."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a request is written, in one form that all servers understand.

    One user message: the prompt, and each frame as a baseline JPEG in a data URL. Never WebP (llama.cpp and LM Studio
    refuse it, llama_cpp.server answers nothing), never an address or a path (the server would fetch or open it).
    """

    model: str
    is_picture_first: bool = False
    """See app/backends/startup.py."""
    temperature: float = 0.0
    longest_edge: int = LONGEST_EDGE
    is_counted: bool = True

    def body(self, request: Request, *, is_streamed: bool = True) -> dict[str, Any]:
        """The request as OpenAI's chat completions take it."""
        words = [{"type": "text", "text": request.prompt}]
        frames = [self.picture(each.pixels) for each in request.frames]
        content = [*frames, *words] if self.is_picture_first else [*words, *frames]
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": request.max_tokens,
            "temperature": self.temperature,
            "stream": is_streamed,
            **({USAGE: {"include_usage": True}} if is_streamed and self.is_counted else {}),
        }

    def picture(self, pixels: Pixels) -> dict[str, Any]:
        """A frame (RGB, H×W×3 uint8) as a part of the message."""
        encoded = base64.b64encode(encode_jpeg(pixels, self.longest_edge, is_for_a_model=True)).decode()
        return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}

    def smaller(self, request: Request) -> "Form | None":
        """Half the edge of the largest frame of this request; None if that would show too little."""
        largest = max((max(each.pixels.shape[:2]) for each in request.frames), default=0)
        edge = min(self.longest_edge, largest) // 2
        return replace(self, longest_edge=edge) if edge >= LEAST_EDGE else None


class ServerDescriber:
    """Describes frames with a model on a server."""

    def __init__(self, server: Endpoint, form: Form, timeouts: Timeouts = TIMEOUTS) -> None:
        self.server, self.form, self.timeouts = server, form, timeouts
        self.client = ServerClient(server)
        self.image_tokens: dict[tuple[object, ...], int] = {}
        """What frames of these sizes add to a prompt, as the server counts."""
        self.check_warnings: tuple[str, ...] = ()
        """What the check could not rule out; set at start-up, shown first in the banner."""
        self.is_running = False
        """It has passed the vision test: failures from now on may pass, so that a live run goes on."""

    @property
    def banner(self) -> Banner:
        name = self.form.model.rpartition("/")[2] if self.form.model.startswith("/") else self.form.model
        return Banner(f"{name} on {self.server.root}", (*self.check_warnings, *privacy_warnings(self.server)))

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the answer as it comes, and chunks without text while it is waited for.

        Its image tokens are what the frames add to the prompt; 0 if the server does not count.

        Raises:
            Outage: the server cannot be asked, or breaks off; the next request may succeed. Once it `is_running`,
                whatever it fails with.
            NoAnswer: the description was all reasoning.
            ModelError: it refuses for good, or its answer is not a completion.
        """
        try:
            yield from self._describe(request)
        except Silent:
            self.timeouts = self.timeouts.longer()
            raise
        except Outage:
            raise
        except ModelError as failure:
            if not self.is_running:
                raise
            raise Outage(failure.message, failure.hint, LATER_S) from failure

    def close(self) -> None:
        self.client.close()

    def expect(self, took_s: float) -> None:
        """Wait less long from now on: so many times what several requests have taken, and 15 s at least."""
        self.timeouts = replace(self.timeouts, silence_s=min(self.timeouts.total_s, max(LEAST_S, TIMES * took_s)))

    def _describe(self, request: Request) -> Generator[Chunk]:
        """In the present form; if that is refused, once more in another, which then stays."""
        try:
            yield from self._answer(request)
        except ModelError as failure:
            refused, other = failure, self._other_form(request, failure)
            if other is None:
                raise
        else:
            return
        before, self.form = self.form, other
        try:
            yield from self._answer(request)
        except PictureTooLarge:
            self.form = before
            raise refused from None

    def _other_form(self, request: Request, refused: ModelError) -> Form | None:
        """What a server may take that has refused this one: smaller pictures, or no wish for a count of tokens."""
        if isinstance(refused, PictureTooLarge):
            return self.form.smaller(request)
        return replace(self.form, is_counted=False) if self.form.is_counted and USAGE in refused.message else None

    def _answer(self, request: Request) -> Generator[Chunk]:
        cleaner = Cleaner(request.prompt)
        with closing(cleaned(self._raw(request, cleaner), cleaner)) as chunks:
            yield from chunks

    def _raw(self, request: Request, cleaner: Cleaner) -> Generator[Chunk]:
        """The text as the server sends it. Reasoning that comes apart from it is noted."""
        started, first_word_s, completion = time.monotonic(), 0.0, Completion(request.max_tokens, self.server)
        with closing(self._texts(self.form.body(request), completion)) as texts:
            for text in texts:
                took_s = time.monotonic() - started
                first_word_s = first_word_s or (took_s if text else 0.0)
                cleaner.has_thought |= completion.has_reasoned
                yield Chunk(text, Cost(first_word_s, took_s, completion.tokens))
        cost = Cost(first_word_s, time.monotonic() - started, completion.tokens)
        image_tokens = yield from self._count(request, cost, completion.prompt_tokens)
        yield Chunk("", replace(cost, image_tokens=image_tokens))

    def _texts(self, body: dict[str, Any], completion: Completion) -> Generator[str]:
        """The answer's text as it comes, nothing while it is waited for; what comes after its end is not waited for."""
        with closing(self.client.stream(CHAT, body, self.timeouts)) as parts:
            for part in parts:
                if isinstance(part, bytes):
                    yield completion.add(part) if part else ""
                else:
                    completion.content_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                if completion.has_ended:
                    break
        yield completion.finish()

    def _count(self, request: Request, cost: Cost, prompt_tokens: int) -> Generator[Chunk, None, int]:
        """What the frames add to the prompt: the server is asked once for each size; 0 if it does not count."""
        sizes = (self.form.longest_edge, *(frame.pixels.shape for frame in request.frames))
        if not request.frames or not prompt_tokens or sizes in self.image_tokens:
            return self.image_tokens.get(sizes, 0)
        words = Completion(1, self.server)
        body = self.form.body(Request((), request.prompt, 1), is_streamed=False)
        try:
            for _ in self._texts(body, words):
                yield Chunk("", cost)
        except Outage:
            return 0
        except ModelError:  # some refuse a request without a picture, and a count is not worth a failure
            pass
        found = max(0, prompt_tokens - words.prompt_tokens) if words.prompt_tokens else 0
        if len(self.image_tokens) < MOST_SIZES:
            self.image_tokens[sizes] = found
        return found


def privacy_warnings(server: Endpoint) -> tuple[str, ...]:
    """Where pictures go, and who else can see them."""
    target = f"Pictures go to {server.root}"
    if server.is_local:
        return (f"{target}, on this machine.",)
    warnings = [f"{target}, which is not this machine."]
    if server.is_unencrypted:
        what = "the pictures and the key" if server.api_key else "the pictures"
        warnings.append(f"It is asked over http, so others on the way can read {what}; https would hide them.")
    return tuple(warnings)
