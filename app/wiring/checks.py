"""`./run.sh check`: the machine, or one model, one GGUF pair, one server."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import Explained, ModelError, UsageError
from app.settings import Settings
from app.wiring.models import Chosen, chosen, judged, load, seen

if TYPE_CHECKING:
    from app.check.facts import Finding, ModelState


def check(target: str | None, mmproj: str | None, settings: Settings) -> int:
    """Exit code 0 if the narrator can start, or if the model that is named can be used."""
    from app.check.report import as_json, exit_code, render, verdict

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if target is None:
        told = machine(settings)
        print(as_json(told) if settings.json else render(told))
        return exit_code(told)
    told = findings(target, mmproj)
    if settings.json:
        print(as_json(told))
        return exit_code(told)
    return verdict(target, told, sys.stdout, sys.stderr)


def machine(settings: Settings) -> "list[Finding]":
    """What this machine has and lacks; and if the model that would be used is there, whether it fits and sees."""
    from app.cameras.devices import listed
    from app.check.facts import Facts
    from app.check.machine import findings
    from app.outputs.engines import find_engine

    state = model_state(settings)
    facts = Facts(
        model=lambda: state,
        cameras=lambda: [each.name for each in listed()],
        voice=lambda: engine.name if (engine := find_engine(settings.voice)) else None,
    )
    is_there = state.status in ("verified", "not locked")
    return [*findings(facts), *(fit_and_sight(chosen(settings)) if is_there else ())]


def model_state(settings: Settings) -> "ModelState":
    """The chosen model's files against the lock."""
    from app.check.facts import ModelState
    from app.store import verify

    try:
        model = chosen(settings)
    except ModelError as failure:
        return ModelState(settings.model, None, "not installed", remedy=failure.remedy)
    try:
        trust = verify(model.folder, afresh=True)
    except ModelError as failure:
        return ModelState(model.card.name, model.folder, "changed", failure.message, failure.remedy)
    if trust == "not locked":
        return ModelState(model.card.name, model.folder, trust, "the lock holds what install.sh fetched")
    return ModelState(model.card.name, model.folder, "verified", trust)


def findings(target: str, mmproj: str | None) -> "list[Finding]":
    """What there is to say about whatever `target` names."""
    if target.startswith(("http://", "https://")):
        return asked("server", lambda: of_server(target))
    path = Path(target).expanduser()
    if mmproj or is_gguf(path):
        return asked("pair", lambda: of_pair(path, Path(mmproj).expanduser() if mmproj else None))
    return of_model(named(target))


def is_gguf(path: Path) -> bool:
    """A GGUF file, or a folder of them without a config.json, which would make it a model of another kind."""
    if path.is_dir():
        return not (path / "config.json").exists() and any(path.glob("*.gguf"))
    return path.suffix.lower() == ".gguf"


def of_pair(path: Path, mmproj: Path | None) -> "list[Finding]":
    """A language model in GGUF and its eyes: from their headers, and from the installed llama.cpp."""
    from app.check.pair import find_pair, judge_pair

    pair = find_pair(path, mmproj)
    return judge_pair(pair.text, pair.mmproj)


def named(target: str) -> Chosen:
    """The model, also if it is a folder that no model can be in: why not is for the check to say."""
    from app.store import card_for, registered

    if target not in registered() and (path := Path(target).expanduser()).is_dir():
        return Chosen(path, card_for(path))
    return chosen(Settings(model=target))


def of_model(model: Chosen) -> "list[Finding]":
    """Everything about a folder: lock, files, fit, processor; and if nothing is wrong so far, load it and look."""
    return [*asked("lock", lambda: [locked(model)]), *fit_and_sight(model)]


def fit_and_sight(model: Chosen) -> "list[Finding]":
    told = asked("model", lambda: judged(model, afresh=True))
    if any(each.status == "bad" for each in told):
        return told
    return [*told, *asked("sight", lambda: of_sight(model))]


def locked(model: Chosen) -> "Finding":
    """Every file read, and compared with what was recorded at install."""
    from app.check.facts import Finding
    from app.store import verify

    try:
        trust = verify(model.folder, afresh=True)
    except ModelError as failure:
        return Finding("lock", "bad", failure.message, failure.remedy, "hash")
    said = "not installed by looksay, so nothing to compare its files with" if trust == "not locked" else trust
    return Finding("lock", "ok", said)


def of_sight(model: Chosen) -> "list[Finding]":
    """The sight test, of the model as it comes."""
    from app.wish import Wish

    describer = load(model, Wish())
    try:
        return seen(model, Wish(), describer, afresh=True)
    finally:
        describer.close()


def of_server(url: str) -> "list[Finding]":
    """What a server says of its model, and whether that sees. It is sent generated pictures and nothing else."""
    from app.check.facts import Finding
    from app.check.sight import finding, look
    from app.vision.server.describer import ServerDescriber
    from app.vision.server.served import served
    from app.vision.server.talk import address

    told = served(root := address(url))
    name = f"{told.server} with {told.model or 'no model'}"
    if told.sees is False:
        remedy = "serve a model that sees: llama-server needs --mmproj FILE, Ollama a model with the vision capability"
        return [Finding("server", "bad", f"{name} says of itself that it takes no pictures", remedy, "no-eyes")]
    claim = "says that it sees" if told.sees else "does not say whether it sees"
    return [Finding("server", "ok", f"{name}; it {claim}"), finding(look(ServerDescriber(root, told.model)))]


def asked(name: str, ask: "Callable[[], list[Finding]]") -> "list[Finding]":
    """The answer; an explained failure is a bad finding, and any other only that nothing could be found out."""
    from app.check.facts import Finding, bad, unknown
    from app.headers.spoilt import Spoilt

    try:
        return ask()
    except UsageError:
        raise
    except Spoilt as failure:
        return [bad(name, failure)]
    except Explained as failure:
        return [Finding(name, "bad", failure.message, failure.remedy, "does-not-work")]
    except Exception as failure:  # noqa: BLE001 — a defect of the check is no verdict on the model
        return [unknown(name, failure)]
