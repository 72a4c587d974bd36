"""`./run.sh serve`: the model, checked and loaded as for a narrator, behind mlx-vlm's own server."""

from pathlib import Path
from typing import Any, NoReturn

from app.api_server.app import Run
from app.api_server.key import key
from app.api_server.runtime import Opened
from app.api_server.schema import Served
from app.backends.startup import Chosen, chosen, open_describer
from app.config import Settings
from app.models.card import Sampling


def serve(settings: Settings, port: int, key_file: Path | None) -> NoReturn:
    """Serve until it is ended, which ends the process (130)."""
    found = key(key_file)
    model = chosen(settings)
    Run(model.card.name, lambda: opened(model, settings), found, port).go()


def opened(model: Chosen, settings: Settings) -> Opened:
    """The model that has passed check and sight test, its processor set as for looksay's own frames.

    Raises:
        ModelError: it has not passed.
    """
    describer = open_describer(model, settings.model_options, settings.trust_model)
    card, loaded, picture = model.card, describer.loaded, describer.family.picture
    served = Served(card.name, card.frames, mark(loaded.processor), picture, sampling(card.sampling))
    return Opened(loaded.model, loaded.processor, served, (*model.notes, *describer.banner.warnings))


def sampling(how: Sampling) -> dict[str, float]:
    """The card's, in full: what is not said, mlx-vlm takes from the model's generation_config.json."""
    said = {"temperature": how.temperature, "top_p": 1.0, "top_k": 0, "min_p": how.min_p}
    return said if how.repetition_penalty == 1.0 else {**said, "repetition_penalty": how.repetition_penalty}


def mark(processor: Any) -> str:
    """What stands for a picture in the processor's prompts, if it says so."""
    found = getattr(processor, "image_token", "")
    return found if isinstance(found, str) else str(getattr(found, "content", ""))
