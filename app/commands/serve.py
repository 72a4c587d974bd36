"""`./run.sh serve`: the model, checked and loaded as for narration, behind mlx-vlm's own server."""

from pathlib import Path
from typing import Any, NoReturn

from app.api_server.app import Run
from app.api_server.guard import key
from app.api_server.runtime import Opened
from app.api_server.schema import Served
from app.backends.startup import Chosen, chosen, open_describer
from app.config import Settings
from app.models.registry import Sampling


def serve(settings: Settings, port: int, key_file: Path | None) -> NoReturn:
    """Serve until a signal ends the process, with exit code 130.

    Raises:
        UserError: there is no such model, or the key or the port cannot be used.
    """
    api_key = key(key_file)
    model = chosen(settings)
    Run(model.card.name, lambda: open_model(model, settings), api_key, port).go()


def open_model(model: Chosen, settings: Settings) -> Opened:
    """Check and load the model; its processor is set as for looksay's own frames.

    Raises:
        ModelError: it does not pass the check.
    """
    describer = open_describer(model, settings.model_options, settings.trust_model)
    card, loaded, picture = model.card, describer.loaded, describer.family.picture
    token, sampling = image_token(loaded.processor), sampling_defaults(card.sampling)
    served = Served(card.name, card.frames, token, picture, sampling)
    return Opened(loaded.model, loaded.processor, served, (*model.notes, *describer.banner.warnings))


def sampling_defaults(sampling: Sampling) -> dict[str, float]:
    """The card's sampling in full: what is left out, mlx-vlm takes from the model's generation_config.json."""
    defaults = {"temperature": sampling.temperature, "top_p": 1.0, "top_k": 0, "min_p": sampling.min_p}
    penalty = sampling.repetition_penalty
    return defaults if penalty == 1.0 else {**defaults, "repetition_penalty": penalty}


def image_token(processor: Any) -> str:
    """The text that stands for a picture in prompts; empty if the processor does not say."""
    found = getattr(processor, "image_token", "")
    return found if isinstance(found, str) else str(getattr(found, "content", ""))
