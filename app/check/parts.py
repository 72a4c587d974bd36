"""The parts that other rooms know: model, cameras, voice."""

import re
from collections.abc import Sequence

from app.check.findings import Finding, ModelState

OF_A_PERSON = re.compile(r".*\b(iPhone|iPad)\b.*", re.DOTALL)
"""A Continuity Camera bears the name of its owner, which has no place in a bug report."""


def model(state: ModelState) -> Finding:
    """The model's files against the lock."""
    where = f"{state.name} in {state.folder}" if state.folder else state.name
    because = f": {state.reason}" if state.reason else ""
    if state.status == "verified":
        return Finding("model", "ok", f"{where}, verified{because}")
    if state.status == "not locked":
        return Finding("model", "note", f"{where}, not locked{because}", state.hint)
    if state.status == "changed":
        return Finding(
            "model", "bad", f"{where} has changed since it was installed{because}", state.hint or "./install.sh"
        )
    hint = state.hint or "./install.sh fetches it; without it: ./run.sh demo"
    return Finding("model", "bad", state.reason or f"{where} is not installed", hint)


def cameras(names: Sequence[str], is_mac: bool) -> Finding:
    """The cameras by name."""
    if names:
        return Finding("camera", "ok", ", ".join(map(anonymous, names)))
    allow = "allow your terminal in System Settings, Privacy & Security, Camera" if is_mac else "see ls /dev/video*"
    return Finding(
        "camera",
        "bad",
        "none found; other sources work without one",
        f"plug one in ({allow}), or: ./run.sh --source FILE, ./run.sh demo",
    )


def anonymous(camera: str) -> str:
    """The camera's name, unless it tells whose it is."""
    return OF_A_PERSON.sub(r"an \1 (Continuity Camera)", camera)


def voice(name: str | None, is_mac: bool) -> Finding:
    """The voice that would speak."""
    if name:
        return Finding("voice", "ok", name)
    hint = "macOS has `say` in /usr/bin: see whether it speaks" if is_mac else "sudo apt-get install espeak-ng"
    return Finding("voice", "note", "none: sentences are written and not spoken", hint)
