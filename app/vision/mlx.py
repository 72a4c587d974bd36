"""The mlx backend: mlx-vlm loads the model and generates, on the one thread that made the describer.

One frame is one tile and a fixed number of image tokens; any other count is an error, never a slow or blind caption.
Nothing is kept from one frame to the next: mlx-vlm's `PromptCacheState` would answer for the old frame.
"""

import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx_vlm
import numpy as np

from app.errors import ModelError
from app.flow import Banner, Cost, Frame, Piece, Request
from app.vision import device
from app.vision.tile import tile

UNFIT = "copy or download the folder again, or take the default; ./run.sh demo shows whether looksay itself works"
LACKING = 'take a complete one, or the default; more in KNOWN_ISSUES.md, "Files that are missing and not missed"'
FAILURES = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, ImportError)
"""What mlx-vlm and transformers raise over a folder or an input that they cannot take."""


class MlxDescriber:
    """Describes frames with a model that mlx-vlm loads.

    Raises:
        ModelError: the folder holds no model that can be loaded, prompted and shown a frame.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model, self.processor = load(folder)
        self.edge = one_tile_only(self.processor, folder)
        self.image_tokens = int(self.processor.image_seq_len)
        self.warm_up()

    @property
    def banner(self) -> Banner:
        return Banner(f"{self.folder.name}, {self.image_tokens} image tokens a frame", device.warnings())

    def warm_up(self) -> None:
        """Describe a grey frame, so that a model that cannot is found out now and the first caption is quick."""
        grey = Frame(np.full((self.edge, self.edge, 3), 90, np.uint8), time.monotonic(), 0.0, 0)
        for _ in self.describe(Request((grey,), "What do you see?", max_tokens=4)):
            pass

    def describe(self, request: Request) -> Generator[Piece]:
        """Yield the description of `request.frames` as it comes, by greedy decoding; to cancel, close the iterator.

        Raises ModelError when the model fails.
        """
        started, first_word_s = time.monotonic(), 0.0
        try:
            inputs = self.inputs(request)
            image_tokens = self.assert_image_tokens(inputs["input_ids"], len(request.frames))
            with closing(self.generate(inputs, request.max_tokens)) as results:
                for result in results:
                    total_s = time.monotonic() - started
                    first_word_s = first_word_s or (total_s if result.text.strip() else 0.0)
                    yield Piece(result.text, cost(result, first_word_s, total_s, image_tokens))
        except FAILURES as failure:
            raise ModelError(f"the model {self.folder.name} failed on a frame: {failure}", UNFIT) from failure
        finally:
            mx.clear_cache()  # mlx-vlm does this only when a generation runs to its end

    def inputs(self, request: Request) -> dict[str, Any]:
        """Token ids, pixels and masks, as the model's own processor and chat template make them."""
        tiles = [tile(frame.pixels, self.edge) for frame in request.frames]
        prompt = mlx_vlm.apply_chat_template(
            self.processor, self.model.config, request.prompt, num_images=len(tiles)
        )
        made = dict(mlx_vlm.prepare_inputs(self.processor, images=tiles, prompts=prompt))
        made["mask"] = made.pop("attention_mask", None)
        return made

    def assert_image_tokens(self, input_ids: mx.array, frames: int) -> int:
        """Count the image tokens (ids are 1×L int32); any number but the promised one is a ModelError."""
        found = int((input_ids == self.processor.image_token_id).sum().item())
        if found != frames * self.image_tokens:
            wanted = f"{frames} × {self.image_tokens}"
            remedy = 'report this with what ./run.sh check prints; more in KNOWN_ISSUES.md, "The tiling trap"'
            raise ModelError(f"{self.folder.name} was sent {found} image tokens where {wanted} were due", remedy)
        return found

    def generate(self, inputs: dict[str, Any], max_tokens: int) -> Generator[Any]:
        found: Generator[Any] = mlx_vlm.stream_generate(
            self.model,
            self.processor,
            prompt="",
            max_tokens=max_tokens,
            temperature=0.0,
            skip_special_tokens=True,
            **inputs,
        )
        return found

    def close(self) -> None:
        """Release this thread's streams: a thread that ends without doing so can take the process with it (134)."""
        mx.clear_streams()


def cost(result: Any, first_word_s: float, total_s: float, image_tokens: int) -> Cost:
    """What mlx-vlm's result says was spent.

    It prefills all tokens but the last, runs that one, and is always one token ahead: two forwards more than tokens.
    """
    ended = result.finish_reason == "stop"  # the end mark counts as a token there, not here
    return Cost(
        first_word_s=first_word_s,
        total_s=total_s,
        tokens=result.generation_tokens - ended,
        image_tokens=image_tokens,
        forwards=result.generation_tokens + 2,
    )


def load(folder: Path) -> tuple[Any, Any]:
    """Load model and processor, evaluated on this thread. What mlx-vlm lets pass in silence is an error here."""
    try:
        model, processor = mlx_vlm.load(str(folder))
        device.settle(model)
    except FAILURES as failure:
        reason = str(failure).strip().splitlines() or [type(failure).__name__]
        raise ModelError(f"the model in {folder} cannot be loaded: {reason[0]}", UNFIT) from failure
    if getattr(model, "vision_model", None) is None or getattr(model, "connector", None) is None:
        raise ModelError(f"the model in {folder} has no eyes: its vision tower or connector is missing", LACKING)
    if not getattr(processor, "chat_template", None):
        raise ModelError(f"the model in {folder} has no chat template, so it cannot be asked anything", LACKING)
    return model, processor


def one_tile_only(processor: Any, folder: Path) -> int:
    """Keep the processor from enlarging and cutting frames; return the tile's edge in pixels.

    Only these attributes have an effect, the same words in a call have none (KNOWN_ISSUES.md, "The tiling trap").
    """
    images = processor.image_processor
    try:
        edge = int(images.max_image_size["longest_edge"])
    except (AttributeError, KeyError, TypeError) as failure:
        reason = f"looksay cannot yet set the tile of the model in {folder}"
        raise ModelError(reason, "use smolvlm2-256m, or another model of its family") from failure
    images.do_image_splitting = False
    images.do_resize = False
    return edge
