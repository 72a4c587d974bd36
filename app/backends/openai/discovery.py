"""Which server this is, which model it serves, and whether it says that the model sees.

Ports tell nothing (several servers share 8080), so they are told apart by what they answer. A server's word is no
proof: Ollama listed models with vision in summer 2026 that never got the picture. The sight test comes after it.
Whatever shape an answer has, what is not of the expected one counts as not said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from app.backends.openai.client import Line, fetched, get, post
from app.backends.openai.refusal import WrongKey
from app.errors import ModelError, Outage
from app.models.spoilt import short

LONGEST_NAME = 300
MOST_NAMES = 1000
Listed = Mapping[str, dict[str, Any]]
"""What /v1/models says of each model, by its name."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says of itself, and of one of its models."""

    server: str
    model: str
    """Printable, and as the server wants to be asked for it; empty if it names none."""
    sees: bool | None
    """None: it does not say."""
    slots: int = 0
    """How many questions it takes at once; 0: it does not say."""
    context: int = 0
    """How many tokens a question and its answer may have; 0: it does not say."""
    models: Sequence[str] = ()
    """All that it lists, in its own order."""


def served(line: Line, wanted: str = "") -> Served:
    """Ask around, in an order in which no server is taken for another; about its first model if none is `wanted`.

    Raises:
        ModelError: nothing there serves models.
    """
    models, said = _models(line)
    model = wanted or next(iter(models), "")
    for ask in (_llama_server, _architecture, _ollama, _lm_studio, _sglang, _mlx_vlm):
        if found := ask(line, model, models):
            return replace(found, model=wanted or found.model)
    if not models:
        raise said or ModelError(f"no server of models answers at {line.root}", "start one, or mend the address")
    return Served("a server", model, None, models=(*models,))


def _models(line: Line) -> tuple[Listed, ModelError | None]:
    """As /v1/models lists them, or why it does not. Raises ModelError where to ask more would be of no use."""
    try:
        listed = _list(_dict(fetched(line, "/v1/models")).get("data"))[:MOST_NAMES]
    except WrongKey:
        raise
    except ModelError as failure:
        message = failure.message
        if line.root not in message:  # else it says where by itself
            message = f"no server of models answers at {line.root}: {message}"
        if isinstance(failure, Outage):
            raise Outage(message, failure.hint, failure.wait_s) from failure
        return {}, ModelError(message, failure.hint)
    return {name: _dict(each) for each in listed if (name := _name(_dict(each).get("id")))}, None


def _llama_server(line: Line, model: str, models: Listed) -> Served | None:
    told = _dict(get(line, f"/props?model={quote(model, safe='')}" if model else "/props"))
    if not isinstance(can := told.get("modalities"), dict):
        return None
    context = _number(_dict(told.get("default_generation_settings")).get("n_ctx"))
    slots = _number(told.get("total_slots"))
    return Served("llama-server", model, _truth(can.get("vision", False)), slots, context, (*models,))


def _architecture(_line: Line, model: str, models: Listed) -> Served | None:
    told = models.get(model, {})
    inputs = _list(_dict(told.get("architecture")).get("input_modalities"))
    server = _name(told.get("owned_by")) or "a server"
    return Served(server, model, "image" in inputs, models=(*models,)) if inputs else None


def _ollama(line: Line, model: str, models: Listed) -> Served | None:
    if not (version := _name(_dict(get(line, "/api/version")).get("version"))):
        return None
    can = _dict(_shown(line, model) if model else None).get("capabilities")
    sees = "vision" in can if isinstance(can, list) else None
    return Served(f"Ollama {short(version)}", model, sees, models=(*models,))


def _shown(line: Line, model: str) -> Any:
    try:
        return post(line, "/api/show", {"model": model})
    except ModelError:
        return None


def _lm_studio(line: Line, model: str, models: Listed) -> Served | None:
    for each in map(_dict, _list(_dict(get(line, "/api/v1/models")).get("models"))):
        if model in (each.get("key"), each.get("selected_variant")):
            sees = _truth(_dict(each.get("capabilities")).get("vision"))
            return Served("LM Studio", model, sees, models=(*models,))
    return None


def _sglang(line: Line, model: str, models: Listed) -> Served | None:
    told = _dict(get(line, "/model_info"))
    sees = _truth(told.get("has_image_understanding"))
    return Served("SGLang", model, sees, models=(*models,)) if "is_generation" in told else None


def _mlx_vlm(line: Line, model: str, models: Listed) -> Served | None:
    """It lists what it once loaded, too: the one that it holds at present is loaded already."""
    told = _dict(get(line, "/health"))
    if "loaded_model" not in told:
        return None
    loaded = _name(told["loaded_model"])
    names = tuple(dict.fromkeys(filter(None, (loaded, *models))))
    return Served("mlx_vlm.server", loaded or model, None, 0, _number(told.get("effective_context_limit")), names)


def _dict(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def _truth(told: Any) -> bool | None:
    return told if isinstance(told, bool) else None


def _number(told: Any) -> int:
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else 0


def _name(told: Any) -> str:
    """What a terminal can show as a name; empty for anything else."""
    return told if isinstance(told, str) and told.isprintable() and len(told) <= LONGEST_NAME else ""
