"""llama.cpp in this process, by llama-cpp-python: what is taken where there is no llama-server.

Always with llama-cpp-python's generic handler of pictures: without one they are dropped in silence, and the model
answers all the same. The eyes are opened at once, and not at the first picture. Frames are handed over as pixels.
"""

import ctypes
import os
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError
from llama_cpp import Llama, mtmd_cpp
from llama_cpp.llama_chat_format import MTMDChatHandler

from app.errors import ModelError
from app.flow import Banner, Cost, Piece, Request
from app.pixels import Pixels
from app.vision.llama import quiet
from app.vision.llama.shown import Shown
from app.vision.server.launch import CONTEXT, WHAT_TO_DO
from app.vision.server.reason import last_words

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILURES = (ValueError, RuntimeError, OSError, LookupError, AssertionError, TemplateError)
INSTEAD = "take llama-server instead: brew install llama.cpp"
MOST_PROMPTS = 64
"""Whose length is remembered."""
MARKER = "<__media"
"""How llama.cpp finds a picture's place in the prompt; nobody's words may look like it."""


class Eyes(MTMDChatHandler):  # type: ignore[misc]
    """The handler, with pictures from memory."""

    def __init__(self, mmproj: Path, limit: int | None) -> None:
        super().__init__(clip_model_path=str(mmproj), verbose=False)
        self.limit, self.frames = limit, list[Pixels]()

    def open(self, model: Llama) -> None:
        """Raises ValueError for eyes that do not fit, or that see nothing."""
        params = mtmd_cpp.mtmd_context_params_default()
        params.n_threads, params.print_timings = model.n_threads, False
        if self.limit is not None:
            params.image_max_tokens = self.limit
        self.mtmd_ctx = mtmd_cpp.mtmd_init_from_file(self.clip_model_path.encode(), model.model, params)
        if self.mtmd_ctx is None:
            raise ValueError("the mmproj does not open")
        model._stack.callback(self.shut)
        if not mtmd_cpp.mtmd_support_vision(self.mtmd_ctx):
            raise ValueError("the mmproj does not see")

    def shut(self) -> None:
        if self.mtmd_ctx is not None:
            mtmd_cpp.mtmd_free(self.mtmd_ctx)
            self.mtmd_ctx = None

    def _init_mtmd_context(self, llama_model: Llama) -> None:
        """Done by `open`."""

    def load_image(self, image_url: str) -> Any:
        return self.frames[int(image_url.rpartition(":")[2])]

    def _create_bitmap_from_bytes(self, image_bytes: Any) -> Any:
        height, width = image_bytes.shape[:2]
        raw = (ctypes.c_uint8 * image_bytes.nbytes).from_buffer_copy(image_bytes.tobytes())
        return mtmd_cpp.mtmd_bitmap_init(width, height, raw)


class Inside:
    """A `Describer` with a pair that is loaded into this process.

    Raises:
        ModelError: llama.cpp does not load it; its own words are the reason.
    """

    def __init__(self, name: str, text: Path, mmproj: Path, shown: Shown, warnings: tuple[str, ...] = ()) -> None:
        self.name, self.shown, self.warnings = name, shown, warnings
        self.counted: dict[str, int] = {}
        """Tokens of a prompt without pictures, to tell what these add."""
        quiet.hush()
        with explained(f"llama.cpp does not load {text.name} with {mmproj.name}", WHAT_TO_DO):
            self.eyes = Eyes(mmproj, shown.limit)
            self.model = loaded(text, self.eyes)
            try:
                self.eyes.open(self.model)
            except BaseException:
                self.close()
                raise

    @property
    def banner(self) -> Banner:
        return Banner(f"{self.name} in llama.cpp", self.warnings)

    def describe(self, request: Request) -> Generator[Piece]:
        """Yield the description as it comes. Raises ModelError where llama.cpp fails."""
        with explained("llama.cpp failed on a frame", INSTEAD):
            yield from self.told(request)

    def told(self, request: Request) -> Generator[Piece]:
        started, cost = time.monotonic(), Cost(encoded=len(request.frames))
        self.eyes.frames = [self.shown.picture(frame.pixels) for frame in request.frames]
        alone = self.text_tokens(request)
        with closing(self.asked(request)) as chunks:
            cost = replace(cost, image_tokens=max(0, self.model.n_tokens - alone))
            for chunk in chunks:
                cost = spent(cost, chunk, request.max_tokens, time.monotonic() - started)
                yield Piece(text_of(chunk), cost)

    def asked(self, request: Request) -> Any:
        """The answer as it comes; the prompt has been read, and the pictures looked at, when this returns."""
        return self.model.create_chat_completion(messages=[message(request)], **greedy(request))

    def text_tokens(self, request: Request) -> int:
        """Of the prompt without pictures; read once for it."""
        if request.prompt not in self.counted and len(self.counted) < MOST_PROMPTS:
            self.asked(replace(request, frames=())).close()
            self.counted[request.prompt] = int(self.model.n_tokens)
        return self.counted.get(request.prompt, int(self.model.n_tokens))

    def close(self) -> None:
        self.model.close()


def loaded(text: Path, eyes: Eyes) -> Llama:
    """Fewer threads than cores, also for the prompt: where all spin, one that must wait makes all others wait."""
    threads = max(1, (os.cpu_count() or 2) - 1)
    return Llama(
        str(text), n_gpu_layers=-1, n_ctx=CONTEXT, n_threads=threads, n_threads_batch=threads, chat_handler=eyes,
        verbose=False,
    )  # fmt: skip


def message(request: Request) -> dict[str, Any]:
    """The pictures, by number, and the question: the order in which models learn them."""
    urls = [f"{MARKER}-of-looksay:{number}" for number in range(len(request.frames))]
    pictures = [{"type": "image_url", "image_url": url} for url in urls]
    return {"role": "user", "content": [*pictures, {"type": "text", "text": plain(request.prompt)}]}


def plain(prompt: str) -> str:
    return prompt.replace(MARKER, "")


def greedy(request: Request) -> dict[str, Any]:
    """The likeliest token each time, as they come."""
    return {"stream": True, "temperature": 0.0, "repeat_penalty": 1.0, "max_tokens": request.max_tokens}


def text_of(chunk: Any) -> str:
    return chunk["choices"][0]["delta"].get("content") or ""


def spent(cost: Cost, chunk: Any, most: int, total_s: float) -> Cost:
    """One token a chunk; all that were allowed, where it was cut."""
    text, is_cut = text_of(chunk), chunk["choices"][0]["finish_reason"] == "length"
    tokens = most if is_cut else cost.tokens + bool(text)
    first_word_s = cost.first_word_s or (total_s if text.strip() else 0.0)
    return replace(cost, first_word_s=first_word_s, total_s=total_s, tokens=tokens)


@contextmanager
def explained(what: str, remedy: str) -> "Iterator[None]":
    """The border where llama.cpp's failures are translated."""
    quiet.SAID.clear()
    try:
        yield
    except FAILURES as failure:
        why = last_words(quiet.said()) or f": {failure}"
        raise ModelError(f"{what}{why}", remedy) from failure
