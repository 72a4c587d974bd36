"""Start-up of a model on any backend: from its name to a describer that has passed the check and the vision test.

    name ── folder, card ── lock ── files, fit, processor ── load ── vision test ── describer

Findings are cached by the files' hashes and the versions (app/check/verdict_cache.py), so that a start repeats none.
The checks are in app/check; here they are put together and acted on.
"""

import os
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.check.findings import Finding
from app.config import ModelOptions, Settings
from app.errors import ModelError, UsageError, UserError
from app.events import ModelChoice, Verdict
from app.models.registry import Card
from app.protocols import Describer
from app.text import is_yes, question

if TYPE_CHECKING:
    from app.backends.mlx.describer import MlxDescriber
    from app.backends.openai.describer import ServerDescriber
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


# A model behind a server
#
# Which goes first, the question or the pictures? With the question first, its tokens and the template's before them are
# a prefix that stays the same from frame to frame, which servers keep: 10 to 20 tokens of each prefill. But most models
# were trained with pictures first, and some go wrong the other way round without a sign of it: the demo model behind
# mlx_vlm.server answers 44 of 60 questions about its world then, and 60 of 60 with the picture first. So the question
# goes first only where two questions with known answers, and then the vision test, show that it does no harm.

MANY_TOKENS = 600
"""More than this for a frame is said: a live narrator waits for every one of them."""
SERVE_WITH_VISION = "serve it with its projector (llama-server: --mmproj FILE) or another model; or pass --trust-model"
KNOWN = (("left", "a blue circle", True), ("right", "a red square", False))
"""Where the sight test's blue disc is, what is asked for, and whether it is there."""


def admit_server(describer: "ServerDescriber", name: str, *, is_trusted: bool) -> Describer:
    """The describer, asked in the order in which it sees, if it sees.

    Raises:
        ModelError: it does not, or cannot be asked.
    """
    began = time.monotonic()
    found, spent = server_sight(describer)
    describer.expect(time.monotonic() - began)
    if found.status == "bad" and not is_trusted:
        raise ModelError(f"{name} does not pass the check: {found.sentence}", found.hint)
    said = doubts([found])
    if spent > MANY_TOKENS:
        said = (*said, f"Each frame is {spent} tokens there; the server may be told to make fewer of it.")
    describer.check_warnings, describer.is_running = said, True
    return describer


def server_sight(describer: "ServerDescriber") -> "tuple[Finding, int]":
    """What the sight test finds, and how many tokens a frame is, 0 where nobody counts; it leaves the order chosen.

    Raises:
        ModelError: the server cannot be asked.
    """
    orders = [replace(describer.form, is_picture_first=each) for each in (False, True)]
    describer.form = orders[0]
    if not answers_correctly(describer):
        orders.reverse()
    results: list[tuple[Finding, int]] = []
    for describer.form in orders:
        results.append(look_once(describer))
        if results[-1][0].status == "ok":
            return results[-1]
    describer.form = orders[0]
    return results[0]


def answers_correctly(describer: Describer) -> bool:
    """Whether two questions are answered with yes and no as they should be. Raises ModelError as `sight`."""
    from app.check.vision_test import ask, disc

    return all(is_yes(ask(describer, disc(side), question(wish))[0]) is truth for side, wish, truth in KNOWN)


def look_once(describer: Describer) -> "tuple[Finding, int]":
    """The sight test once. Raises ModelError as `sight`."""
    from app.check.vision_test import finding, look

    result = look(describer)
    found = finding(result)
    if found.code in ("blind", "refuses"):
        found = replace(found, hint=SERVE_WITH_VISION)
    return found, result.image_tokens or 0


# What the page lists

UNKNOWN = "The check has not looked at it yet; it does when the model is started."


def known_models(settings: Settings) -> Sequence[ModelChoice]:
    """Every registered or installed model, the one that runs included; with a server, those that it serves."""
    if settings.backend == "server":
        return served_models(settings)
    if settings.backend == "llama":
        from app.backends import engine

        words = f"{settings.gguf} in llama.cpp. For another pair, start looksay again with --gguf."
        return [ModelChoice(engine(settings).card.name, True, None, "sees", words)]
    from app.models import machine_memory
    from app.models.listing import rows

    found = [model_choice(row.card, row.installed != "no", row.fits, settings) for row in rows(machine_memory())]
    if settings.model not in {each.name for each in found}:
        found.insert(0, ModelChoice(settings.model, True, None, "not looked at yet", "This run began with it."))
    return found


def served_models(settings: Settings) -> Sequence[ModelChoice]:
    """What the server lists. What may be asked there is not remembered: each is looked through when it is begun."""
    from app.backends.openai.discovery import chosen

    info = chosen(settings).info
    return [ModelChoice(name, True, None, "not looked at yet", UNKNOWN) for name in info.models or (info.model,)]


def model_choice(card: Card, is_installed: bool, fits: bool | None, settings: Settings) -> ModelChoice:
    if not is_installed:
        return ModelChoice(card.name, False, fits, "not installed", f"./install.sh --model {card.name} fetches it.")
    verdict, words = verdict_of(remembered_findings(card, settings))
    return ModelChoice(card.name, True, fits, verdict, words)


def remembered_findings(card: Card, settings: Settings) -> Sequence[Finding] | None:
    """What check and sight test found when they looked last; None if they have not, or its files have changed."""
    from app.models import locate

    try:
        model = Chosen(locate(card.name), card, card.name)
        fit, sight = (
            cached_findings(model, what, raise_not_remembered, False)
            for what in ("fit", f"sight {settings.model_options.for_live()}")
        )
    except (UserError, OSError, NotRemembered):
        return None
    return (*fit, *sight)


class NotRemembered(Exception):
    """Nobody has looked yet."""


def raise_not_remembered() -> list[Finding]:
    raise NotRemembered


def verdict_of(found: Sequence[Finding] | None) -> tuple[Verdict, str]:
    if found is None:
        return "not looked at yet", UNKNOWN
    bad = [each for each in found if each.status == "bad"]
    if bad:
        return "refused", bad[0].sentence
    return "sees", found[-1].sentence
