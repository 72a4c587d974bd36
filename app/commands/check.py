"""`./run.sh check`: the machine, or one model, one GGUF pair, one server."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.backends.startup import Chosen, asked, chosen, is_url, judged, load, seen
from app.config import AS_PUBLISHED, Settings
from app.errors import ModelError, UsageError
from app.files import is_appledouble

if TYPE_CHECKING:
    from app.check.findings import Finding, ModelState


def check(target: str | None, mmproj: str | None, settings: Settings) -> int:
    """Exit code 0 if the narrator can start, or if the model that is named can be used.

    Raises:
        UsageError: the words make no sense together, or name nothing.
    """
    from app.check.report import as_json, exit_code, is_proven, render, verdict

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    refuse_nonsense(target, mmproj, settings)
    if target is None:
        told = machine(settings)
        print(as_json(told) if settings.json else render(told))
        return exit_code(told)
    if not settings.json:
        return verdict(target, findings(target, mmproj, settings.api_key_file), sys.stdout, sys.stderr)
    told = [*findings(target, mmproj, settings.api_key_file)]
    print(as_json(told, target=target))
    return 0 if is_proven(told) else 1


def refuse_nonsense(target: str | None, mmproj: str | None, settings: Settings) -> None:
    """Raise UsageError for words that would be passed over."""
    if target == "":
        raise UsageError("the name of the model is empty", "./run.sh models lists names")
    if target is not None and settings.model != Settings().model:
        raise UsageError("--model is for the report on the machine", "name one model: ./run.sh check NAME")
    if mmproj is not None and (target is None or is_url(target) or not is_gguf(path(target))):
        raise UsageError("--mmproj goes with a GGUF file", "./run.sh check MODEL.gguf --mmproj FILE")


def machine(settings: Settings) -> "list[Finding]":
    """What this machine has and lacks; and if the model that would be used is there, whether it fits and sees."""
    from app.audio.tts import find_engine
    from app.check.findings import Facts
    from app.check.gather import findings
    from app.sources.devices import listed

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
    from app.check.findings import ModelState
    from app.models import verify

    try:
        model = chosen(settings)
    except ModelError as failure:
        return ModelState(settings.model, None, "not installed", failure.message, failure.hint)
    try:
        trust = verify(model.folder, afresh=True)
    except ModelError as failure:
        return ModelState(model.card.name, model.folder, "changed", failure.message, failure.hint)
    if trust == "not locked":
        return ModelState(model.card.name, model.folder, trust, "the lock holds what install.sh fetched")
    return ModelState(model.card.name, model.folder, "verified", trust)


def findings(target: str, mmproj: str | None, key_file: str | None = None) -> "Iterator[Finding]":
    """What there is to say about whatever `target` names, as it is found."""
    try:
        if is_url(target):
            yield from asked("server", lambda: of_server(target, key_file))
        elif is_gguf(place := path(target)):
            yield from of_pair(place, path(mmproj) if mmproj else None)
        else:
            yield from of_model(named(target))
    except ModelError as failure:
        yield not_there(failure)


def not_there(failure: ModelError) -> "Finding":
    from app.check.findings import Finding

    return Finding("model", "bad", failure.message, failure.hint, "not-there")


def path(words: str) -> Path:
    from app.models.registry import path_of

    return path_of(words)


def is_gguf(path: Path) -> bool:
    """A GGUF file, or a folder of them without a config.json, which would make it a model of another kind."""
    try:
        if path.is_dir():
            return not (path / "config.json").exists() and any(not is_appledouble(each) for each in path.glob("*.gguf"))
    except OSError:  # whoever asks what is wrong with it will say so
        return False
    return path.suffix.lower() == ".gguf"


def of_pair(path: Path, mmproj: Path | None) -> "Iterator[Finding]":
    """A GGUF pair: headers, what the installed llama.cpp says, and the sight test through it."""
    from app.backends.llama.select import can_run, looked
    from app.check.gguf_find import find_pair
    from app.check.gguf_pair import judge_pair

    def judged() -> "list[Finding]":
        pair = find_pair(path, mmproj)
        return judge_pair(pair.text, pair.mmproj)

    told = asked("pair", judged)
    yield from told
    if can_run() and not any(each.status == "bad" for each in told):
        yield from asked("sight", lambda: looked(path, mmproj))


def of_model(model: Chosen) -> "Iterator[Finding]":
    """Everything about a model's folder: lock, files, fit, processor; if nothing is wrong so far, load it and look."""
    yield from asked("lock", lambda: [locked(model)])
    yield from fit_and_sight(model)


def named(target: str) -> Chosen:
    """The model, also if it is a folder that no model can be in: why not is for the check to say."""
    from app.models import card_for, registered

    if target not in registered() and (folder := path(target)).is_dir():
        return Chosen(folder, card_for(folder), target)
    return chosen(Settings(model=target))


def fit_and_sight(model: Chosen) -> "Iterator[Finding]":
    told = asked("model", lambda: judged(model, afresh=True))
    yield from told
    if not any(each.status == "bad" for each in told):
        yield from asked("sight", lambda: of_sight(model))


def locked(model: Chosen) -> "Finding":
    """Every file read, and compared with what was recorded at install."""
    from app.check.findings import Finding
    from app.models import verify

    try:
        trust = verify(model.folder, afresh=True)
    except ModelError as failure:
        return Finding("lock", "bad", failure.message, failure.hint, "hash")
    if trust != "not locked":
        return Finding("lock", "ok", trust)
    whose = "comes with looksay" if model.card.folder else "not installed by looksay"
    return Finding("lock", "ok", f"{whose}, so there is no record to compare its files with")


def of_sight(model: Chosen) -> "list[Finding]":
    """The sight test, of the model as it comes."""
    describer = load(model, AS_PUBLISHED)
    try:
        return seen(model, AS_PUBLISHED, describer, afresh=True)
    finally:
        describer.close()


def of_server(url: str, key_file: str | None) -> "list[Finding]":
    """What a server says of its model, and whether that sees. It is sent generated pictures and nothing else."""
    from app.backends.openai.describer import ServerDescriber
    from app.backends.openai.discovery import served
    from app.backends.openai.payload import Form
    from app.backends.openai.select import SEES_NOTHING, line_of
    from app.backends.sighted import sight
    from app.check.findings import Finding

    line = line_of(Settings(url=url, allow_remote=True, api_key_file=key_file))
    told = served(line)
    name = f"{told.server} with {told.model or 'no model'}"
    if told.sees is False:
        return [Finding("server", "bad", f"{name} says of itself that it takes no pictures", SEES_NOTHING, "no-eyes")]
    claim = "says that it sees" if told.sees else "does not say whether it sees"
    return [Finding("server", "ok", f"{name}; it {claim}"), sight(ServerDescriber(line, Form(told.model)))[0]]
