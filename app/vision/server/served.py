"""Which server this is, which model it serves, and whether it says that the model sees.

Ports tell nothing (several servers share 8080), so they are told apart by what they answer. A server's word is no
proof: Ollama listed models with vision in summer 2026 that never got the picture. The sight test comes after it.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.errors import ModelError
from app.vision.server.talk import get, post


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says of itself."""

    server: str
    model: str
    sees: bool | None
    """None: it does not say."""


def served(root: str) -> Served:
    """Ask around, in an order in which no server is taken for another.

    Raises:
        ModelError: nothing there serves models.
    """
    models = _models(root)
    model = next(iter(models), "")
    for ask in (_llama_server, _architecture, _ollama, _lm_studio, _sglang):
        if found := ask(root, model, models):
            return found
    if not models:
        raise ModelError(f"no server of models answers at {root}", "start one, or mend the address")
    health = get(root + "/health")
    is_mlx = isinstance(health, dict) and "loaded_model" in health
    return Served("mlx_vlm.server" if is_mlx else "a server", (is_mlx and health["loaded_model"]) or model, None)


def _models(root: str) -> dict[str, dict[str, Any]]:
    """By name, as /v1/models lists them."""
    listed = get(root + "/v1/models")
    data = listed.get("data") if isinstance(listed, dict) else None
    return {str(each.get("id")): each for each in data or () if isinstance(each, dict)}


def _llama_server(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    told = get(f"{root}/props?model={quote(model, safe='')}" if model else root + "/props")
    modalities = told.get("modalities") if isinstance(told, dict) else None
    return Served("llama-server", model, bool(modalities.get("vision"))) if isinstance(modalities, dict) else None


def _architecture(_root: str, model: str, models: dict[str, dict[str, Any]]) -> Served | None:
    told = models.get(model, {}).get("architecture")
    inputs = told.get("input_modalities") if isinstance(told, dict) else None
    return Served(str(models[model].get("owned_by", "a server")), model, "image" in inputs) if inputs else None


def _ollama(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    if not isinstance(told := get(root + "/api/version"), dict) or "version" not in told:
        return None
    shown = post(root + "/api/show", {"model": model}) if model else {}
    can = shown.get("capabilities") if isinstance(shown, dict) else None
    return Served(f"Ollama {told['version']}", model, None if can is None else "vision" in can)


def _lm_studio(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    listed = get(root + "/api/v1/models")
    for each in (listed.get("models") or ()) if isinstance(listed, dict) else ():
        if model in (each.get("key"), each.get("selected_variant")):
            return Served("LM Studio", model, (each.get("capabilities") or {}).get("vision"))
    return None


def _sglang(root: str, model: str, _models: dict[str, dict[str, Any]]) -> Served | None:
    told = get(root + "/model_info")
    known = isinstance(told, dict) and "is_generation" in told
    return Served("SGLang", model, told.get("has_image_understanding")) if known else None
