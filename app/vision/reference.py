"""transformers, the reference implementation, as a row of `./run.sh bench`. Needs torch (the extra `reference`).

It computes in float32 on the CPU from the ids and pixels that mlx-vlm is given: its own image processor wants
torchvision. It is timed and compared, and never narrates.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import SmolVLMForConditionalGeneration
from transformers.utils import logging

from app.errors import ModelError
from app.flow import Cost, Piece, Request

Prepare = Callable[[Request], dict[str, Any]]
"""From frames to `input_ids` (1×n) and `pixel_values` (1×frames×3×edge×edge)."""


class Reference:
    """Describes frames with transformers: the whole answer at once.

    Raises:
        ModelError: transformers does not find all weights in the folder; it knows the hub's names alone.
    """

    def __init__(self, folder: Path, tokenizer: Any, prepare: Prepare) -> None:
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        load = SmolVLMForConditionalGeneration.from_pretrained
        found, told = load(folder, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True)
        if missing := {*told["missing_keys"], *told["mismatched_keys"]}:
            raise ModelError(
                f"transformers misses {len(missing)} tensors in {folder.name}", "name a folder as published on the hub"
            )
        self.model, self.tokenizer, self.prepare = found.eval(), tokenizer, prepare

    def describe(self, request: Request) -> Generator[Piece]:
        started, inputs = time.monotonic(), self.prepare(request)
        ids, pixels = (torch.from_numpy(np.array(inputs[name])) for name in ("input_ids", "pixel_values"))
        with torch.no_grad():
            said = self.model.generate(
                input_ids=ids.long(), pixel_values=pixels.float(), max_new_tokens=request.max_tokens, do_sample=False
            )[0, ids.shape[1] :]
        text, took = self.tokenizer.decode(said, skip_special_tokens=True), time.monotonic() - started
        tokens = sum(int(each) not in self.tokenizer.all_special_ids for each in said)
        image_tokens = int((ids == self.model.config.image_token_id).sum())
        yield Piece(text, Cost(took, took, tokens, image_tokens, forwards=len(said), encoded=len(request.frames)))
