"""Which server this is, which model it serves, and whether it says that the model sees.

Ports tell nothing (several servers share 8080), so they are told apart by what they answer. A server's word is no
proof: Ollama listed models with vision in summer 2026 that never got the picture. The sight test comes after it.
Whatever shape an answer has, what is not of the expected one counts as not said.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.errors import ModelError
from app.headers.spoilt import short
from app.vision.server.talk import fetched, get, post

LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says of itself."""

    server: str
    model: str
    """Printable, and as the server wants to be asked for it; empty if it names none."""
    sees: bool | None
    """None: it does not say."""


def served(root: str) -> Served:
    """Ask around, in an order in which no server is taken for another.

    Raises:
        ModelError: nothing there serves models.
    """
    models = _models(root)
    model = next(iter(models), "")
    for ask in (_llama_server, _architecture, _ollama, _lm_studio, _sglang, _mlx_vlm):
        if found := ask(root, model, models):
            return found
    if not models:
        raise _nobody(root)
    return Served("a server", model, None)


def _nobody(root: str) -> ModelError:
    """Why nobody is there, as the first question was answered."""
    try:
        fetched(root + "/v1/models")
    except ModelError as failure:
        return ModelError(f"no server of models answers at {root}: {failure.message}", failure.remedy)
    return ModelError(f"no server of models answers at {root}", "start one, or mend the address")


def _models(root: str) -> dict[str, dict[str, Any]]:
    """By name, as /v1/models lists them."""
    listed = _list(_dict(get(root + "/v1/models")).get("data"))
    return {name: _dict(each) for each in listed if (name := _name(_dict(each).get("id")))}


def _llama_server(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    told = _dict(get(f"{root}/props?model={quote(model, safe='')}" if model else root + "/props")).get("modalities")
    return Served("llama-server", model, _truth(told.get("vision", False))) if isinstance(told, dict) else None


def _architecture(_root: str, model: str, models: dict[str, dict[str, Any]]) -> Served | None:
    told = models.get(model, {})
    inputs = _list(_dict(told.get("architecture")).get("input_modalities"))
    return Served(_name(told.get("owned_by")) or "a server", model, "image" in inputs) if inputs else None


def _ollama(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    if not (version := _name(_dict(get(root + "/api/version")).get("version"))):
        return None
    can = _dict(post(root + "/api/show", {"model": model}) if model else None).get("capabilities")
    return Served(f"Ollama {short(version)}", model, "vision" in can if isinstance(can, list) else None)


def _lm_studio(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    for each in map(_dict, _list(_dict(get(root + "/api/v1/models")).get("models"))):
        if model in (each.get("key"), each.get("selected_variant")):
            return Served("LM Studio", model, _truth(_dict(each.get("capabilities")).get("vision")))
    return None


def _sglang(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    told = _dict(get(root + "/model_info"))
    return Served("SGLang", model, _truth(told.get("has_image_understanding"))) if "is_generation" in told else None


def _mlx_vlm(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    told = _dict(get(root + "/health"))
    return Served("mlx_vlm.server", _name(told["loaded_model"]) or model, None) if "loaded_model" in told else None


def _dict(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def _truth(told: Any) -> bool | None:
    return told if isinstance(told, bool) else None


def _name(told: Any) -> str:
    """What a terminal can show as a name; empty for anything else."""
    return told if isinstance(told, str) and told.isprintable() and len(told) <= LONGEST_NAME else ""
