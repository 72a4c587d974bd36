"""What can run a model, by the name that --backend takes: ADD A BACKEND here, in a file of its own."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol

from app.config import ModelOptions, Settings
from app.errors import UsageError
from app.models.registry import Card
from app.protocols import Describer


class Engine(Protocol):
    """A model and what runs it, not yet started."""

    @property
    def card(self) -> Card:
        """What is known of the model; of one that nobody has registered, its name."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said whenever it speaks."""
        ...

    @property
    def at_once(self) -> int:
        """How many frames it describes at once."""
        ...

    def open(self, wish: ModelOptions, *, is_trusted: bool) -> Describer:
        """Check, start and look, on the thread that will describe. Closing the describer ends what was started.

        Raises:
            ModelError: it cannot be started, or the check refuses it and it is not trusted.
            UsageError: the wish cannot be granted.
        """
        ...


ENGINES: Mapping[str, str] = {
    "mlx": "app.backends.startup",
    "server": "app.backends.openai.discovery",
    "llama": "app.backends.llama.select",
    "transformers": "app.backends.transformers.select",
}
"""Where each is made, by a function `chosen(settings)` that raises UserError for what is not there."""
OWN: Mapping[str, Sequence[str]] = {
    "server": ("url", "allow_remote", "api_key_file"),
    "llama": ("gguf", "mmproj"),
}
"""Settings that only one of them heeds."""


def engine(settings: Settings) -> Engine:
    """What the settings name.

    Raises:
        UserError: it is not there, or a setting belongs to another backend.
    """
    for name, own in OWN.items():
        given = [each for each in own if getattr(settings, each)]
        if given and settings.backend != name:
            flag = "--" + given[0].replace("_", "-")
            raise UsageError(f"{flag} is for --backend {name}", f"add --backend {name}, or leave {flag} out")
    make: Callable[[Settings], Engine] = import_module(ENGINES[settings.backend]).chosen
    return make(settings)
