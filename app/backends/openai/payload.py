"""What a server is asked: one form that all of them understand.

One message of the user's: the question, then each frame as a baseline JPEG in a data URL, as an object. Never WebP
(llama.cpp and LM Studio refuse it, llama_cpp.server answers nothing), never an address or a path (they would be fetched
and opened by the server). Which goes first is for whoever asks to say (app/backends/sighted.py).
"""

import base64
from dataclasses import dataclass, replace
from typing import Any

from app.events import Request
from app.images import Pixels, encode_jpeg

LONGEST_EDGE = 1024
"""In pixels. A frame keeps its own shape: every server makes of it what its model was trained with."""
LEAST_EDGE = 128
COUNT = "stream_options"
"""The field that asks a stream for a count of its tokens; the youngest of the form, which some may refuse."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a request becomes what is sent."""

    model: str
    is_picture_first: bool = False
    temperature: float = 0.0
    longest_edge: int = LONGEST_EDGE
    is_counted: bool = True

    def of(self, request: Request, *, is_streamed: bool = True) -> dict[str, Any]:
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
            **({COUNT: {"include_usage": True}} if is_streamed and self.is_counted else {}),
        }

    def picture(self, pixels: Pixels) -> dict[str, Any]:
        """A frame (RGB, H×W×3 uint8) as a part of the message."""
        encoded = base64.b64encode(encode_jpeg(pixels, self.longest_edge, is_for_a_model=True)).decode()
        return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}

    def smaller(self, request: Request) -> "Form | None":
        """Half the edge of the largest frame of this request; None where too little would be left to be seen."""
        largest = max((max(each.pixels.shape[:2]) for each in request.frames), default=0)
        edge = min(self.longest_edge, largest) // 2
        return replace(self, longest_edge=edge) if edge >= LEAST_EDGE else None
