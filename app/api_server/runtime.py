"""mlx-vlm's own server around a model that is loaded already, and with nothing left to load another with.

It runs in this process, as the ASGI application that it is, for it has no way to be given a model but by a name to
load: in a process of its own it would load the files again, without what the check and app/backends/mlx do to them, cut
every frame into tiles, and listen on a second port. Here two of its functions are replaced: the one that loads, on the
thread that it keeps for MLX, and the one that finds a model for a request.
"""

import gc
import logging
import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.errors import ModelError
from app.security import App

if TYPE_CHECKING:
    from app.api_server.schema import Served

SETTINGS = ("MLX_VLM_", "MLX_TRUST_REMOTE_CODE", "APC_", "KV_", "MAX_KV_SIZE", "QUANTIZED_KV_START", "EXPERT_CACHE_GB")
"""Beginnings of the variables by which mlx-vlm's server is told to load, write and keep other things."""
ANOTHER = ("this mlx-vlm has another server than looksay knows", "./install.sh puts the right version back")


@dataclass(frozen=True, slots=True)
class Opened:
    """A checked model, as loaded on the thread that will run it."""

    model: Any
    processor: Any
    served: "Served"
    warnings: tuple[str, ...] = ()


class Engine:
    """Loads with `load` on a thread of its own, and answers from then on."""

    def __init__(self, name: str, load: Callable[[], Opened]) -> None:
        forget_settings()
        from mlx_vlm import server
        from mlx_vlm.server import generation

        logging.getLogger("mlx_vlm").setLevel(logging.CRITICAL)  # it would tell every failure with its traceback
        self.opening: Future[Opened] = Future()
        """The model, or what loading it has failed with."""
        self.load, self.package = load, server
        replace(generation, "load_model_resources", self.load_here)
        self.generator = generation.ResponseGenerator(name)

    def load_here(self, _path: str, _adapter: object) -> tuple[Any, Any, Any]:
        """mlx-vlm's `load_model_resources`, on its thread."""
        try:
            opened = self.load()
        except BaseException as failure:
            self.opening.set_exception(failure)
            raise
        self.opening.set_result(opened)
        return opened.model, opened.processor, opened.model.config

    def application(self, opened: Opened) -> App:
        """The server, which knows this one model, whatever it is asked for."""
        from mlx_vlm.server.runtime import runtime

        found = self.generator.wait_until_ready()
        if found[0] is not opened.model:
            raise ModelError(*ANOTHER)
        replace(self.package, "get_cached_model", lambda *_asked, **_how: found)
        runtime.response_generator = self.generator
        runtime.config.max_kv_size = context(opened.model.config)
        gc.collect()
        gc.freeze()  # mlx-vlm collects garbage after every answer, and would look through all that is loaded each time
        application: App = self.package.app
        return application

    def close(self, patience_s: float) -> None:
        """End its thread, unless it is in the middle of something for longer than that."""
        self.generator.stop_and_join(patience_s)


def forget_settings() -> None:
    """Leave nothing by which it could be told to do otherwise, and let it take one request after the other.

    All that run together would be sampled as the first of them asks.
    """
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]
    os.environ["MLX_VLM_MAX_NUM_SEQS"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's library is imported, which the server does


def replace(module: Any, name: str, by: Callable[..., Any]) -> None:
    """Put ours in the place of a function of mlx-vlm's. Raises ModelError if it has none of this name."""
    if not hasattr(module, name):
        raise ModelError(*ANOTHER)
    setattr(module, name, by)


def context(config: Any) -> int | None:
    """How many tokens the model can take in and say, as far as its config tells."""
    found = getattr(getattr(config, "text_config", config), "max_position_embeddings", None)
    return found if isinstance(found, int) else None
