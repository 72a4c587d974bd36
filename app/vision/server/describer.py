"""A describer that asks an OpenAI-compatible server: one question, one picture, one whole answer.

It is what `./run.sh check URL` looks through. The picture goes as a baseline JPEG in a data URL after the question, the
one form that every server takes. Nothing is streamed, so no live narration is made of it.
"""

import base64
import io
import time
from collections.abc import Generator, Sequence
from typing import Any

from PIL import Image

from app.errors import ModelError
from app.flow import Banner, Cost, Frame, Piece, Request
from app.vision.server.talk import post

FOREIGN = "the server answers in another form than OpenAI's chat completions"
WHICH = "see which server it is, and whether it serves /v1/chat/completions"


class ServerDescriber:
    """Describes frames with `model` on the server at `root`."""

    def __init__(self, root: str, model: str) -> None:
        self.root, self.model = root, model
        self.text_tokens: dict[str, int] = {}
        """Tokens of a question without a picture, to tell what a picture adds."""

    @property
    def banner(self) -> Banner:
        return Banner(f"{self.model} on {self.root}", (f"Pictures go to {self.root}.",))

    @property
    def choices(self) -> Sequence[int]:
        return ()

    def describe(self, request: Request) -> Generator[Piece]:
        """Yield the whole answer at once. Raises ModelError where there is none.

        Its image tokens are what the picture adds to the prompt; 0 also where the server does not count.
        """
        started = time.monotonic()
        text, tokens = self.ask(request.prompt, request.frames, request.max_tokens)
        took = time.monotonic() - started
        yield Piece(text, Cost(took, took, image_tokens=max(0, tokens - self.without_picture(request.prompt))))

    def without_picture(self, prompt: str) -> int:
        if prompt not in self.text_tokens:
            self.text_tokens[prompt] = self.ask(prompt, (), 1)[1]
        return self.text_tokens[prompt]

    def ask(self, prompt: str, frames: Sequence[Frame], max_tokens: int) -> tuple[str, int]:
        """The answer, and the tokens of the prompt as the server counts them (0 if it does not)."""
        content = [{"type": "text", "text": prompt}, *map(picture, frames)]
        told = post(
            f"{self.root}/v1/chat/completions",
            {
                "model": self.model,
                "messages": [{"role": "user", "content": content}],
                "max_tokens": max_tokens,
                "temperature": 0,
                "stream": False,
            },
        )
        return answer(told)

    def close(self) -> None:
        """Nothing is held between two questions."""


def picture(frame: Frame) -> dict[str, Any]:
    """The frame as a message part."""
    file = io.BytesIO()
    Image.fromarray(frame.pixels).save(file, "JPEG", quality=90, subsampling=0)
    encoded = base64.b64encode(file.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}


def answer(told: Any) -> tuple[str, int]:
    """Text and prompt tokens of a chat completion; what a reasoning model says to itself is left out."""
    try:
        text = told["choices"][0]["message"].get("content") or ""
        tokens = (told.get("usage") or {}).get("prompt_tokens")
    except (LookupError, TypeError, AttributeError) as failure:
        raise ModelError(FOREIGN, WHICH) from failure
    if not isinstance(text, str):
        raise ModelError(FOREIGN, WHICH)
    return text, tokens if isinstance(tokens, int) else 0
