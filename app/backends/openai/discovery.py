"""`--backend server`: which server answers at --url, which model it serves, and whether it reports vision.

Ports tell nothing (several servers share 8080), so servers are told apart by what they answer. Their word is no proof:
Ollama listed models with vision in summer 2026 that never got the picture. The vision test follows at every start,
because a server may have been given another model since. A value of an unexpected type counts as absent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from app.backends.openai.client import (
    EXAMPLE,
    Endpoint,
    ServerClient,
    WrongKey,
    endpoint,
    read_api_key,
    refuse_remote,
)
from app.backends.startup import admit_server
from app.config import AS_PUBLISHED, ModelOptions, Settings
from app.errors import ModelError, Outage, UsageError
from app.files import user_path
from app.models.corrupt_file import short
from app.models.registry import Card
from app.protocols import Describer

AT_ONCE = 4
"""Requests that a server gets at once, if it does not report its slots."""
MOST_FRAMES = 8
"""In one request, for a model without a card."""
MOST_LISTED = 5
"""Models that an error message lists."""
LONGEST_NAME, MOST_NAMES = 300, 1000
NO_VISION_HINT = "serve a model with vision: llama-server needs --mmproj FILE, Ollama a model tagged vision"
Listed = Mapping[str, dict[str, Any]]
"""What /v1/models says of each model, by its name."""


# Which server it is


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server says of itself, and of one of its models."""

    server: str
    model: str
    """Printable, and as the server wants to be asked for it; empty if it names none."""
    sees: bool | None
    """None: it does not say."""
    slots: int = 0
    """How many requests it takes at once; 0: it does not say."""
    context: int = 0
    """How many tokens a request and its answer may have; 0: it does not say."""
    models: Sequence[str] = ()
    """All that it lists, in its own order."""


def discover(server: Endpoint, wanted: str = "") -> ServerInfo:
    """Ask a server, in an order in which none is taken for another; about its first model if none is `wanted`.

    Raises:
        ModelError: nothing there serves models.
    """
    client = ServerClient(server)
    try:
        models, failure = list_models(client)
        model = wanted or next(iter(models), "")
        for ask in (llama_server, with_architecture, ollama, lm_studio, sglang, mlx_vlm):
            if found := ask(client, model, models):
                return replace(found, model=wanted or found.model)
    finally:
        client.close()
    if not models:
        raise failure or ModelError(f"no model server answers at {server.root}", "start one, or correct the address")
    return ServerInfo("a server", model, None, models=(*models,))


def list_models(client: ServerClient) -> tuple[Listed, ModelError | None]:
    """What /v1/models lists, or why it does not. Raises ModelError if asking more would be of no use."""
    try:
        listed = as_list(as_dict(client.get("/v1/models")).get("data"))[:MOST_NAMES]
    except WrongKey:
        raise
    except ModelError as failure:
        message = failure.message
        if client.server.root not in message:
            message = f"no model server answers at {client.server.root}: {message}"
        if isinstance(failure, Outage):
            raise Outage(message, failure.hint, failure.wait_s) from failure
        return {}, ModelError(message, failure.hint)
    return {name: as_dict(each) for each in listed if (name := as_name(as_dict(each).get("id")))}, None


def llama_server(client: ServerClient, model: str, models: Listed) -> ServerInfo | None:
    props = as_dict(client.get_if_any(f"/props?model={quote(model, safe='')}" if model else "/props"))
    if not isinstance(modalities := props.get("modalities"), dict):
        return None
    context = as_number(as_dict(props.get("default_generation_settings")).get("n_ctx"))
    slots = as_number(props.get("total_slots"))
    return ServerInfo("llama-server", model, as_bool(modalities.get("vision", False)), slots, context, (*models,))


def with_architecture(_client: ServerClient, model: str, models: Listed) -> ServerInfo | None:
    listed = models.get(model, {})
    inputs = as_list(as_dict(listed.get("architecture")).get("input_modalities"))
    server = as_name(listed.get("owned_by")) or "a server"
    return ServerInfo(server, model, "image" in inputs, models=(*models,)) if inputs else None


def ollama(client: ServerClient, model: str, models: Listed) -> ServerInfo | None:
    if not (version := as_name(as_dict(client.get_if_any("/api/version")).get("version"))):
        return None
    try:
        details = as_dict(client.post("/api/show", {"model": model}) if model else None)
    except ModelError:
        details = {}
    capabilities = details.get("capabilities")
    sees = "vision" in capabilities if isinstance(capabilities, list) else None
    return ServerInfo(f"Ollama {short(version)}", model, sees, models=(*models,))


def lm_studio(client: ServerClient, model: str, models: Listed) -> ServerInfo | None:
    for each in map(as_dict, as_list(as_dict(client.get_if_any("/api/v1/models")).get("models"))):
        if model in (each.get("key"), each.get("selected_variant")):
            sees = as_bool(as_dict(each.get("capabilities")).get("vision"))
            return ServerInfo("LM Studio", model, sees, models=(*models,))
    return None


def sglang(client: ServerClient, model: str, models: Listed) -> ServerInfo | None:
    info = as_dict(client.get_if_any("/model_info"))
    sees = as_bool(info.get("has_image_understanding"))
    return ServerInfo("SGLang", model, sees, models=(*models,)) if "is_generation" in info else None


def mlx_vlm(client: ServerClient, model: str, models: Listed) -> ServerInfo | None:
    """It also lists what it once loaded; the model that it holds now comes first, as it is loaded already."""
    health = as_dict(client.get_if_any("/health"))
    if "loaded_model" not in health:
        return None
    loaded = as_name(health["loaded_model"])
    names = tuple(dict.fromkeys(filter(None, (loaded, *models))))
    context = as_number(health.get("effective_context_limit"))
    return ServerInfo("mlx_vlm.server", loaded or model, None, 0, context, names)


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def as_number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def as_name(value: Any) -> str:
    """A name that a terminal can print; empty for anything else."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_NAME else ""


# The model that the settings name


@dataclass(frozen=True, slots=True)
class ServerModel:
    """A model on a server, as an `Engine`."""

    server: Endpoint
    info: ServerInfo
    card: Card
    notes: tuple[str, ...]
    at_once: int

    def open(self, wish: ModelOptions, *, is_trusted: bool) -> Describer:
        """See `Engine.open`."""
        from app.backends.openai.describer import Form, ServerDescriber

        if wish != AS_PUBLISHED:
            flag = "--image-tokens" if wish.image_tokens is not None else "--precision"
            hint = f"leave {flag} out, and start the server with such a limit (llama-server: --image-max-tokens N)"
            raise UsageError(f"{flag} has no effect on a server", hint)
        if self.info.sees is False and not is_trusted:
            raise ModelError(f"{self.info.server} reports that {self.info.model} takes no pictures", NO_VISION_HINT)
        form = Form(self.info.model, temperature=self.card.sampling.temperature)
        return admit_server(ServerDescriber(self.server, form), self.card.name, is_trusted=is_trusted)


def chosen(settings: Settings) -> ServerModel:
    """The server at --url, and the model there that --model names, or its first.

    Raises:
        UsageError: there is no address, it is on another machine and that is not allowed, or the model is not there.
        ModelError: nothing answers there.
    """
    server = endpoint_of(settings)
    wanted = "" if settings.model in (Settings().model, "auto") else settings.model
    info = discover(server, wanted)
    if wanted and info.models and wanted not in info.models:
        more = f" and {len(info.models) - MOST_LISTED} more" if len(info.models) > MOST_LISTED else ""
        listed = ", ".join(short(name) for name in info.models[:MOST_LISTED])
        raise UsageError(f"{info.server} does not serve {short(wanted)}", f"it serves {listed}{more}")
    if not info.model:
        raise UsageError(f"{info.server} does not say which model it serves", "name it with --model NAME")
    card = card_of(info.model)
    notes = [f"{info.server} describes."] if info.server != "a server" else []
    if len(info.models) > 1 and not wanted:
        notes.append(f"It serves {len(info.models)} models; this is {short(info.model)} (--model NAME takes another).")
    notes += [card.note] if card.note else []
    return ServerModel(server, info, card, tuple(notes), settings.parallel or info.slots or AT_ONCE)


def endpoint_of(settings: Settings) -> Endpoint:
    """The endpoint of --url with its key. Raises UsageError and Outage as `endpoint`."""
    if not settings.url:
        raise UsageError("--backend server needs the server's address", f"{EXAMPLE}, with --url")
    key = read_api_key(user_path(settings.api_key_file) if settings.api_key_file is not None else None)
    server = endpoint(settings.url, key)
    if not settings.allow_remote:
        refuse_remote(server)
    return server


def card_of(model: str) -> Card:
    """The registry's card, by the name that the server uses for the model; or a bare one."""
    from app.files import ROOT
    from app.models import registered

    for card in registered().values():
        own = str(ROOT / card.folder) if card.folder else card.repository
        if model in (card.name, own):
            return replace(card, name=model)
    return Card(model, frames=MOST_FRAMES)
