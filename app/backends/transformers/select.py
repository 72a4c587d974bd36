"""transformers on torch: the same folders and cards as mlx, the same files' check and sight test, another road.

What mlx-vlm makes of a model does not matter here, so its fit to mlx-vlm is not asked: whether transformers can load it
is found out by loading it.
"""

import os
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.backends import startup
from app.backends.startup import Chosen
from app.config import ModelOptions, Settings
from app.errors import UsageError
from app.models.registry import Card
from app.protocols import Describer

if TYPE_CHECKING:
    from app.check.findings import Finding


@dataclass(frozen=True, slots=True)
class Reference:
    """A model that transformers is to run."""

    model: Chosen

    @property
    def card(self) -> Card:
        return self.model.card

    @property
    def notes(self) -> tuple[str, ...]:
        return self.model.notes

    @property
    def at_once(self) -> int:
        return 1

    def open(self, wish: ModelOptions, *, is_trusted: bool) -> Describer:
        """See `Engine.open`."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from app.models import verify

        verify(self.model.folder)
        told = startup.run_check("files", self.whole)
        startup.refuse(self.model, told, is_trusted)
        from app.backends.transformers.describer import TransformersDescriber

        describer = TransformersDescriber(self.model.folder, self.card, wish)
        try:
            told = [*told, *self.seen(wish, describer)]
            startup.refuse(self.model, told, is_trusted)
        except BaseException:
            describer.close()
            raise
        describer.check_warnings = startup.doubts(told)
        return describer

    def whole(self) -> "list[Finding]":
        """Whether config and weights are there, and whole, and have eyes: by the headers alone."""
        from app.check import checkpoint, fit

        files, found = checkpoint.read(self.model.folder)
        return [*found, *fit.look(files)]

    def seen(self, wish: ModelOptions, describer: Describer) -> "list[Finding]":
        """What the sight test tells of it, asked in this way; remembered apart from what mlx made of it."""
        what = f"sight {wish} {describer.banner.name}, torch {version('torch')}"
        return startup.run_check("sight", partial(self.remembered, what, describer))

    def remembered(self, what: str, describer: Describer) -> "list[Finding]":
        def ask() -> "list[Finding]":
            from app.check.vision_test import finding, look

            return [finding(look(describer))]

        return startup.cached_findings(self.model, what, ask, afresh=False)


def chosen(settings: Settings) -> Reference:
    """The model that the settings name, for transformers.

    Raises:
        UserError: there is none of this name, it is not installed, or torch is not.
    """
    if find_spec("torch") is None:
        raise UsageError(
            "--backend transformers needs torch, which is not installed",
            "./install.sh --reference installs it (some hundred megabytes), or leave --backend out",
        )
    return Reference(startup.chosen(settings))
