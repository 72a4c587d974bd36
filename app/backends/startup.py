"""From a model's name to a describer that has passed the check: no model that fails the sight test may narrate.

    name ── folder, card ── lock ── files, fit, processor ── load ── sight ── describer

Findings are cached by the files' hashes and the versions (app/check/verdict_cache.py), so that a start repeats none.
The checks are in app/check; here they are put together and acted on.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import ModelOptions, Settings
from app.errors import ModelError, UsageError, UserError
from app.models.registry import Card
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
        return open_checked(model, wish, is_trusted)
    except BaseException:
        from app.backends.mlx.cpu import release

        release()
        raise


def open_checked(model: Chosen, wish: ModelOptions, is_trusted: bool) -> "MlxDescriber":
    """The describer, with its warnings, if the check passes. Raises as `open_describer`."""
    found = fit_findings(model)
    refuse(model, found, is_trusted)
    describer = load(model, wish)
    found = [*found, *run_check("sight", lambda: sight_findings(model, wish, describer))]
    refuse(model, found, is_trusted)
    describer.check_warnings = doubts(found)
    return describer


def load(model: Chosen, wish: ModelOptions) -> "MlxDescriber":
    from app.backends.mlx.describer import MlxDescriber

    return MlxDescriber(model.folder, model.card, wish)


def fit_findings(model: Chosen, *, afresh: bool = False) -> "list[Finding]":
    """Findings about files, names and shapes; cached."""

    def ask() -> "list[Finding]":
        from app.check.stages import judge

        return judge(model.folder, model.card)

    return cached_findings(model, "fit", ask, afresh)


def sight_findings(model: Chosen, wish: ModelOptions, describer: Describer, *, afresh: bool = False) -> "list[Finding]":
    """Findings of the sight test of this model with these options; cached."""

    def ask() -> "list[Finding]":
        from app.check.vision_test import finding, look

        return [finding(look(describer))]

    return cached_findings(model, f"sight {wish}", ask, afresh)


def cached_findings(model: Chosen, what: str, ask: "Callable[[], list[Finding]]", afresh: bool) -> "list[Finding]":
    """Findings of `ask` about these files, cached; with `afresh`, asked again, and cached only if the model passes."""
    from app.check.checkpoint import leftovers
    from app.check.verdict_cache import Memory, key
    from app.files import ROOT
    from app.models.lockfile import folder_digests

    memory = Memory(ROOT / ".cache" / "checks.json")
    if not afresh:
        return memory.findings(key(folder_digests(model.folder), model.card, what, leftovers(model.folder)), ask)
    found = ask()
    if not any(each.status == "bad" for each in found):
        memory.keep(key(folder_digests(model.folder), model.card, what, leftovers(model.folder)), found)
    return found


def run_check(name: str, ask: "Callable[[], list[Finding]]") -> "list[Finding]":
    """Findings of one check; a `UserError` becomes a bad finding, any other exception an unknown one."""
    from app.check.findings import Finding, bad, unknown
    from app.models.corrupt_file import CorruptFile

    try:
        return ask()
    except UsageError:
        raise
    except CorruptFile as failure:
        return [bad(name, failure)]
    except UserError as failure:
        return [Finding(name, "bad", failure.message, failure.hint, "does-not-work")]
    except Exception as failure:  # noqa: BLE001 — a defect of the check is no verdict on the model
        return [unknown(name, failure)]


def refuse(model: Chosen, found: "Sequence[Finding]", is_trusted: bool) -> None:
    """Raise ModelError for the first finding that forbids a start, and say how many more there are."""
    wrong = [each for each in found if each.status == "bad"]
    if not wrong or is_trusted:
        return
    more = f" (and {len(wrong) - 1} more: ./run.sh check {shlex.quote(model.called)})" if len(wrong) > 1 else ""
    raise ModelError(f"{model.card.name} does not pass the check: {wrong[0].sentence}{more}", wrong[0].hint)


def doubts(found: "Sequence[Finding]") -> tuple[str, ...]:
    """Everything but good findings, for the banner."""
    openings = {"bad": OVERRULED, "note": "The check has a doubt: ", "unknown": "The check could not find out all: "}
    return tuple(f"{openings[each.status]}{each.sentence}" for each in found if each.status in openings)
