"""What is known of each model without asking anything again: for lists that people choose from."""

from collections.abc import Sequence

from app.backends.startup import Chosen, cached_findings
from app.check.findings import Finding
from app.config import Settings
from app.errors import UserError
from app.events import ModelChoice, Verdict
from app.models.registry import Card

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

    found = [listed(row.card, row.installed != "no", row.fits, settings) for row in rows(machine_memory())]
    if settings.model not in {each.name for each in found}:
        found.insert(0, ModelChoice(settings.model, True, None, "not looked at yet", "This run began with it."))
    return found


def served_models(settings: Settings) -> Sequence[ModelChoice]:
    """What the server lists. What may be asked there is not remembered: each is looked through when it is begun."""
    from app.backends.openai.discovery import chosen

    info = chosen(settings).info
    return [ModelChoice(name, True, None, "not looked at yet", UNKNOWN) for name in info.models or (info.model,)]


def listed(card: Card, is_installed: bool, fits: bool | None, settings: Settings) -> ModelChoice:
    if not is_installed:
        return ModelChoice(card.name, False, fits, "not installed", f"./install.sh --model {card.name} fetches it.")
    verdict, words = judgement(recalled(card, settings))
    return ModelChoice(card.name, True, fits, verdict, words)


def recalled(card: Card, settings: Settings) -> Sequence[Finding] | None:
    """What check and sight test found when they looked last; None if they have not, or its files have changed."""
    from app.models import locate

    try:
        model = Chosen(locate(card.name), card, card.name)
        fit, sight = (
            cached_findings(model, what, nothing, False)
            for what in ("fit", f"sight {settings.model_options.for_live()}")
        )
    except (UserError, OSError, NotRemembered):
        return None
    return (*fit, *sight)


class NotRemembered(Exception):
    """Nobody has looked yet."""


def nothing() -> list[Finding]:
    raise NotRemembered


def judgement(found: Sequence[Finding] | None) -> tuple[Verdict, str]:
    if found is None:
        return "not looked at yet", UNKNOWN
    bad = [each for each in found if each.status == "bad"]
    if bad:
        return "refused", bad[0].sentence
    return "sees", found[-1].sentence
