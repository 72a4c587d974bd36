"""`./run.sh check`: report on this machine, or find out whether a model, a GGUF pair or a server can be used."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from app.backends.startup import Chosen, chosen, fit_findings, is_url, load, run_check, sight_findings
from app.check.findings import Facts, Finding, ModelState, as_json, exit_code, is_proven, render, verdict
from app.config import AS_PUBLISHED, Settings
from app.errors import ModelError, UsageError
from app.files import is_appledouble
from app.models import card_for, registered, verify
from app.models.registry import path_of


def check(target: str | None, mmproj: str | None, settings: Settings) -> int:
    """Print what is found; return 0 if narration can start here, or if the model that `target` names can be used.

    Raises:
        UsageError: the arguments contradict each other, or `target` is unknown.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    check_arguments(target, mmproj, settings)
    if target is None:
        findings = machine_findings(settings)
        print(as_json(findings) if settings.json else render(findings))
        return exit_code(findings)
    as_they_come = target_findings(target, mmproj, settings.api_key_file)
    if not settings.json:
        return verdict(target, as_they_come, sys.stdout, sys.stderr)
    findings = [*as_they_come]
    print(as_json(findings, target=target))
    return 0 if is_proven(findings) else 1


def check_arguments(target: str | None, mmproj: str | None, settings: Settings) -> None:
    """Raise UsageError for arguments that would have no effect."""
    if target == "":
        raise UsageError("the name of the model is empty", "./run.sh models lists the names")
    if target is not None and settings.model != Settings().model:
        raise UsageError("--model cannot be combined with a model to check", "name one model: ./run.sh check NAME")
    if mmproj is not None and (target is None or is_url(target) or not is_gguf(path_of(target))):
        raise UsageError("--mmproj needs a GGUF file to check", "./run.sh check MODEL.gguf --mmproj FILE")


# This machine


def machine_findings(settings: Settings) -> list[Finding]:
    """What this machine has and lacks; if the chosen model is installed, also whether it fits and sees."""
    from app.audio.tts import find_engine
    from app.check.machine import findings
    from app.sources.webcam import listed

    state = model_state(settings)
    facts = Facts(
        model=lambda: state,
        cameras=lambda: [each.name for each in listed()],
        voice=lambda: engine.name if (engine := find_engine(settings.voice)) else None,
    )
    is_usable = state.status in ("verified", "not locked")
    return [*findings(facts), *(fit_and_sight(chosen(settings)) if is_usable else ())]


def model_state(settings: Settings) -> ModelState:
    """Whether the chosen model is installed, and unchanged since."""
    try:
        model = chosen(settings)
    except ModelError as failure:
        return ModelState(settings.model, None, "not installed", failure.message, failure.hint)
    card, files = model.card, files_finding(model)
    if files.status == "bad":
        return ModelState(card.name, model.folder, "changed", files.sentence, files.hint)
    is_recorded = files.name == "lock"
    return ModelState(card.name, model.folder, "verified" if is_recorded else "not locked", files.sentence)


# A model, a GGUF pair, a server


def target_findings(target: str, mmproj: str | None, key_file: str | None) -> Iterator[Finding]:
    """Yield findings about whatever `target` names, as they come."""
    try:
        if is_url(target):
            yield from run_check("server", lambda: server_findings(target, key_file))
        elif is_gguf(path := path_of(target)):
            yield from pair_findings(path, path_of(mmproj) if mmproj else None)
        else:
            model = model_at(target, path)
            yield from run_check("lock", lambda: [files_finding(model)])
            yield from fit_and_sight(model)
    except ModelError as failure:
        yield Finding("model", "bad", failure.message, failure.hint, "not-there")


def is_gguf(path: Path) -> bool:
    """Whether it is a GGUF file, or a folder of them; a config.json makes it another kind of model."""
    try:
        if path.is_dir():
            return not (path / "config.json").exists() and any(not is_appledouble(each) for each in path.glob("*.gguf"))
    except OSError:  # checking its files will explain this
        return False
    return path.suffix.lower() == ".gguf"


def model_at(target: str, path: Path) -> Chosen:
    """The model of a name or a folder; of any folder, so that the check can say what is wrong with it."""
    if target not in registered() and path.is_dir():
        return Chosen(path, card_for(path), target)
    return chosen(Settings(model=target))


def files_finding(model: Chosen) -> Finding:
    """Compare every file, read afresh, with what was recorded at install."""
    try:
        trust = verify(model.folder, afresh=True)
    except ModelError as failure:
        return Finding("lock", "bad", failure.message, failure.hint, "hash")
    if trust != "not locked":
        return Finding("lock", "ok", trust)
    return Finding("lock", "ok", "bundled with looksay" if model.card.folder else "not installed by looksay")


def fit_and_sight(model: Chosen) -> Iterator[Finding]:
    """Yield what files, shapes and processor tell, then what the model sees, with its default settings."""

    def look() -> list[Finding]:
        describer = load(model, AS_PUBLISHED)
        try:
            return sight_findings(model, AS_PUBLISHED, describer, afresh=True)
        finally:
            describer.close()

    return and_sight(run_check("model", lambda: fit_findings(model, afresh=True)), look)


def and_sight(findings: list[Finding], look: Callable[[], list[Finding]]) -> Iterator[Finding]:
    """Yield the findings and, unless one of them is bad, those of the sight test."""
    yield from findings
    if not any(each.status == "bad" for each in findings):
        yield from run_check("sight", look)


def pair_findings(path: Path, mmproj: Path | None) -> Iterator[Finding]:
    """Yield what headers and the installed llama.cpp tell of a GGUF pair, then what it sees, if it can be run here."""
    from app.backends.llama.select import can_run
    from app.backends.llama.select import sight_findings as pair_sight
    from app.check.gguf_pair import find_pair, judge_pair

    def judge() -> list[Finding]:
        pair = find_pair(path, mmproj)
        return judge_pair(pair.text, pair.mmproj)

    return and_sight(run_check("pair", judge), lambda: pair_sight(path, mmproj) if can_run() else [])


def server_findings(url: str, key_file: str | None) -> list[Finding]:
    """What a server says of its model, and whether that model sees. Only generated pictures are sent."""
    from app.backends.openai.describer import Form, ServerDescriber
    from app.backends.openai.discovery import NO_VISION_HINT, discover, endpoint_of
    from app.backends.startup import server_sight

    endpoint = endpoint_of(Settings(url=url, allow_remote=True, api_key_file=key_file))
    server = discover(endpoint)
    name = f"{server.server} with {server.model or 'no model'}"
    if server.sees is False:
        return [Finding("server", "bad", f"{name} reports that it takes no pictures", NO_VISION_HINT, "no-eyes")]
    claim = "it reports vision" if server.sees else "it does not report whether it has vision"
    return [Finding("server", "ok", f"{name}; {claim}"), server_sight(ServerDescriber(endpoint, Form(server.model)))[0]]
