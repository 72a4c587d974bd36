"""A model behind a server that somebody runs: found out about, looked through, and outlived when it fails.

    url ── place, key ── which server, which model ── sight ── describer whose every failure may pass

The check of a model's files is the server's own affair; what is sent, and what comes back, is judged here at every
start, for a server may have been given another model since.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.backends.sighted import admitted
from app.config import AS_PUBLISHED, ModelOptions, Settings
from app.errors import ModelError, UsageError
from app.files import user_path
from app.models.card import Card
from app.models.spoilt import short
from app.protocols import Describer

if TYPE_CHECKING:
    from app.backends.openai.client import Line
    from app.backends.openai.discovery import Served

AT_ONCE = 4
"""Questions that a server is asked at once, if it does not say how many it takes."""
MOST_FRAMES = 8
"""In one question, of a model that no card tells of."""
NAMED = 5
"""Of the models that there are to choose from."""
SEES_NOTHING = "serve a model that sees: llama-server needs --mmproj FILE, Ollama a model with the vision capability"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A model on a server."""

    line: "Line"
    told: "Served"
    card: Card
    notes: tuple[str, ...]
    at_once: int

    def open(self, wish: ModelOptions, *, is_trusted: bool) -> Describer:
        """See `Engine.open`."""
        from app.backends.openai.describer import ServerDescriber
        from app.backends.openai.payload import Form

        refuse_wish(wish)
        if self.told.sees is False and not is_trusted:
            raise ModelError(f"{self.told.server} says that {self.told.model} takes no pictures", SEES_NOTHING)
        form = Form(self.told.model, temperature=self.card.sampling.temperature)
        return admitted(ServerDescriber(self.line, form), self.card.name, is_trusted=is_trusted)


def chosen(settings: Settings) -> Elsewhere:
    """The server at --url, and the model there that --model names, or its first.

    Raises:
        UsageError: there is no address, it is on another machine and that is not allowed, or the model is not there.
        ModelError: nobody answers there.
    """
    from app.backends.openai.discovery import served

    line = line_of(settings)
    wanted = "" if settings.model in (Settings().model, "auto") else settings.model
    told = served(line, wanted)
    refuse_unlisted(told, wanted)
    return Elsewhere(line, told, card_of(told.model), notes(told, wanted), settings.parallel or told.slots or AT_ONCE)


def line_of(settings: Settings) -> "Line":
    """Where the server is, and the key for it. Raises UsageError."""
    from app.backends.openai.client import Line
    from app.backends.openai.key import api_key
    from app.backends.openai.place import LIKE_THIS, place, refuse_remote

    if not settings.url:
        raise UsageError("--backend server needs the server's address", f"{LIKE_THIS}, with --url")
    key = api_key(user_path(settings.api_key_file) if settings.api_key_file is not None else None)
    found = place(settings.url)
    if not settings.allow_remote:
        refuse_remote(found)
    return Line(found, key)


def refuse_wish(wish: ModelOptions) -> None:
    """Raise UsageError for what only the server can be told."""
    if wish != AS_PUBLISHED:
        flag = "--image-tokens" if wish.image_tokens is not None else "--precision"
        hint = f"leave {flag} out, and start the server so (llama-server: --image-max-tokens N)"
        raise UsageError(f"a server looks and computes as it was started, whatever {flag} says", hint)


def refuse_unlisted(told: "Served", wanted: str) -> None:
    """Raise UsageError for a model that the server does not list; one that lists none is taken at its user's word."""
    if wanted and told.models and wanted not in told.models:
        more = f" and {len(told.models) - NAMED} more" if len(told.models) > NAMED else ""
        there = ", ".join(short(name) for name in told.models[:NAMED])
        raise UsageError(f"{told.server} does not serve {short(wanted)}", f"it serves {there}{more}")
    if not (wanted or told.model):
        raise UsageError(f"{told.server} does not say which model it serves", "name it with --model NAME")


def card_of(model: str) -> Card:
    """By the name that the server knows it by: what is known of it if it is one that looksay knows; else no more."""
    from app.files import ROOT
    from app.models import registered

    for card in registered().values():
        own = str(ROOT / card.folder) if card.folder else card.repository
        if model in (card.name, own):
            return replace(card, name=model)
    return Card(model, frames=MOST_FRAMES)


def notes(told: "Served", wanted: str) -> tuple[str, ...]:
    """What is to be said of the choice, and of the model."""
    said = [f"{told.server} describes."] if told.server != "a server" else []
    if len(told.models) > 1 and not wanted:
        said.append(f"It serves {len(told.models)} models; this is {short(told.model)} (--model NAME takes another).")
    return (*said, *filter(None, [card_of(told.model).note]))
