"""From a model's name to a describer that has passed the check: nothing that was not found to see may speak.

    name ── folder, card ── lock ── files, fit, processor ── load ── sight ── describer

What was found is remembered by the files' hashes and the versions (app/check/verdict_cache.py), so that a start asks
nothing twice. The judging is done in app/check; here it is put together, and acted on.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import ModelOptions, Settings
from app.errors import ModelError, UsageError, UserError
from app.models.card import Card
from app.protocols import Describer

if TYPE_CHECKING:
    from app.backends.mlx.describer import MlxDescriber
    from app.check.findings import Finding

OVERRULED = "Starting all the same, because of --trust-model, with a model that the check refuses: "


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model that will be used."""

    folder: Path
    card: Card
    called: str
    """What the user calls it."""
    why: str = ""
    """Why this one, if looksay chose it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said whenever it speaks."""
        return tuple(filter(None, [self.why, self.card.note]))

    @property
    def at_once(self) -> int:
        return 1

    def open(self, wish: ModelOptions, *, is_trusted: bool) -> Describer:
        """See `Engine.open`."""
        return open_describer(self, wish, is_trusted)


def chosen(settings: Settings) -> Chosen:
    """The model that the settings name, or the best one for this machine.

    Raises:
        UserError: there is none of this name, or it is not installed.
    """
    from app.models import card_for, choose, locate, machine_memory

    if is_url(settings.model):
        raise UsageError("--model names no servers", f"--backend server --url {shlex.quote(settings.model)}")
    if settings.model.lower().endswith(".gguf"):
        raise UsageError("--model names no GGUF files", f"--backend llama --gguf {shlex.quote(settings.model)}")
    if settings.model == "auto":
        card, why = choose(machine_memory())
        return Chosen(locate(card.name), card, card.name, why)
    folder = locate(settings.model)
    return Chosen(folder, card_for(folder), settings.model)


def is_url(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def open_describer(model: Chosen, wish: ModelOptions, is_trusted: bool) -> "MlxDescriber":
    """Check, load and look, on the thread that will describe.

    Raises:
        ModelError: a file has changed, or the check refuses the model and it is not trusted.
        UsageError: the wish cannot be granted.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from app.models import verify

    verify(model.folder)
    try:
        return admitted(model, wish, is_trusted)
    except BaseException:
        from app.backends.mlx.device import release

        release()
        raise


def admitted(model: Chosen, wish: ModelOptions, is_trusted: bool) -> "MlxDescriber":
    """The describer, if what it is found to be lets it in."""
    told = judged(model)
    refuse(model, told, is_trusted)
    describer = load(model, wish)
    told = [*told, *asked("sight", lambda: seen(model, wish, describer))]
    refuse(model, told, is_trusted)
    describer.check_warnings = doubts(told)
    return describer


def load(model: Chosen, wish: ModelOptions) -> "MlxDescriber":
    from app.backends.mlx.describer import MlxDescriber

    return MlxDescriber(model.folder, model.card, wish)


def judged(model: Chosen, *, afresh: bool = False) -> "list[Finding]":
    """What files, names and shapes tell; remembered."""

    def ask() -> "list[Finding]":
        from app.check.stages import judge

        return judge(model.folder, model.card)

    return remembered(model, "fit", ask, afresh)


def seen(model: Chosen, wish: ModelOptions, describer: Describer, *, afresh: bool = False) -> "list[Finding]":
    """What the sight test tells of this model, asked in this way; remembered."""

    def ask() -> "list[Finding]":
        from app.check.vision_test import finding, look

        return [finding(look(describer))]

    return remembered(model, f"sight {wish}", ask, afresh)


def remembered(model: Chosen, what: str, ask: "Callable[[], list[Finding]]", afresh: bool) -> "list[Finding]":
    """What was found before about the same files; asked `afresh`, nothing is hashed for a model that is refused."""
    from app.check.absence import leftovers
    from app.check.verdict_cache import Memory, key
    from app.files import ROOT
    from app.models.digests import folder_digests

    memory = Memory(ROOT / ".cache" / "checks.json")
    if not afresh:
        return memory.findings(key(folder_digests(model.folder), model.card, what, leftovers(model.folder)), ask)
    found = ask()
    if not any(each.status == "bad" for each in found):
        memory.keep(key(folder_digests(model.folder), model.card, what, leftovers(model.folder)), found)
    return found


def asked(name: str, ask: "Callable[[], list[Finding]]") -> "list[Finding]":
    """The answer; an explained failure is a bad finding, and any other only that nothing could be found out."""
    from app.check.findings import Finding, bad, unknown
    from app.models.spoilt import Spoilt

    try:
        return ask()
    except UsageError:
        raise
    except Spoilt as failure:
        return [bad(name, failure)]
    except UserError as failure:
        return [Finding(name, "bad", failure.message, failure.hint, "does-not-work")]
    except Exception as failure:  # noqa: BLE001 — a defect of the check is no verdict on the model
        return [unknown(name, failure)]


def refuse(model: Chosen, told: "Sequence[Finding]", is_trusted: bool) -> None:
    """Raise ModelError for the first finding that forbids a start, and say how many more there are."""
    wrong = [each for each in told if each.status == "bad"]
    if not wrong or is_trusted:
        return
    more = f" (and {len(wrong) - 1} more: ./run.sh check {shlex.quote(model.called)})" if len(wrong) > 1 else ""
    raise ModelError(f"{model.card.name} does not pass the check: {wrong[0].sentence}{more}", wrong[0].hint)


def doubts(told: "Sequence[Finding]") -> tuple[str, ...]:
    """Everything but good findings, for the banner."""
    openings = {"bad": OVERRULED, "note": "The check has a doubt: ", "unknown": "The check could not find out all: "}
    return tuple(f"{openings[each.status]}{each.sentence}" for each in told if each.status in openings)
