"""Request bodies of the page's API, from JSON to commands; whatever is not as it should be is explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.errors import UsageError
from app.events import LONGEST_QUESTION, Command, SetVoice, UpdateSettings
from app.live.controls import VERBOSITIES

LONGEST_PROMPT, MOST_WATCHES = 600, 8
"""Characters, and things watched for at once: each costs an answer at every look."""
SLOWEST_S = 3600.0
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done."""

    commands: Sequence[Command] = ()
    thumbnails: bool | None = None
    """Whether thumbnails are wanted; None: as before."""
    taken: Mapping[str, Any] = field(default_factory=dict)
    """All of it, as it was understood."""


def question(body: Body) -> str:
    """`POST /api/ask`: the question, on one line."""
    return text(body, "question", LONGEST_QUESTION)


def arranged(body: Body, every_least: float) -> Asked:
    """`POST /api/setup`."""
    known = {"prompt", "verbosity", "every", "watches", "voice", "thumbnails"}
    if unknown := sorted(set(body) - known):
        raise UsageError(f"there is no {unknown[0]!r} to set", f"known are: {', '.join(sorted(known))}")
    changes: dict[str, Any] = {}
    if "prompt" in body:
        changes["prompt"] = text(body, "prompt", LONGEST_PROMPT, is_needed=False)
    if "verbosity" in body:
        changes["verbosity"] = one_of(body, "verbosity", list(VERBOSITIES))
    if "every" in body:
        changes["every"] = number(body, "every", every_least)
    if "watches" in body:
        changes["watches"] = watches(body)
    commands: list[Command] = [UpdateSettings(changes)] if changes else []
    taken = {**changes, **{each: truth(body, each) for each in ("voice", "thumbnails") if each in body}}
    if "every" in taken:
        taken["every"] = taken["every"] or every_least
    if "voice" in taken:
        commands.append(SetVoice(taken["voice"]))
    return Asked(commands, taken.get("thumbnails"), taken)


def switched(body: Body) -> tuple[str | None, str | None]:
    """`POST /api/switch`: source and model, None where it is to be as before."""
    source, model = (exact(body, each) if each in body else None for each in ("source", "model"))
    if source is None and model is None:
        raise UsageError("neither a source nor a model is named", 'send {"source": "…"}, {"model": "…"} or both')
    return source, model


def truth(body: Body, name: str) -> bool:
    if isinstance(value := body.get(name), bool):
        return value
    raise UsageError(f"{name!r} is neither true nor false", f'send {{"{name}": true}} or {{"{name}": false}}')


def text(body: Body, name: str, longest: int, *, is_needed: bool = True) -> str:
    """A text of one line; blanks around it do not count."""
    value = body.get(name)
    if not isinstance(value, str):
        raise UsageError(f"{name!r} is no text", f'send {{"{name}": "…"}}')
    found = " ".join("".join(each if each.isprintable() else " " for each in value).split())
    if len(found) > longest:
        raise UsageError(f"{name!r} is longer than {longest} characters", "say it shorter")
    if is_needed and not found:
        raise UsageError(f"{name!r} is empty", "write something")
    return found


def exact(body: Body, name: str) -> str:
    """A name as it was listed: a folder's may have anything in it."""
    if isinstance(value := body.get(name), str) and value:
        return value
    raise UsageError(f"{name!r} is no text", f'send {{"{name}": "…"}}')


def one_of(body: Body, name: str, choices: Sequence[str]) -> str:
    value = body.get(name)
    if isinstance(value, str) and value in choices:
        return value
    raise UsageError(f"{name!r} is none of {', '.join(choices)}", "choose one of them")


def number(body: Body, name: str, least: float) -> float | None:
    """None where it is the least: the narrator then takes its own pace."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= SLOWEST_S:
        raise UsageError(f"{name!r} is no number from {least:g} to {SLOWEST_S:g}", "choose another")
    return float(value) if value > least else None


def watches(body: Body) -> tuple[str, ...]:
    """Each once, in the order given."""
    value = body.get("watches")
    if not isinstance(value, list) or len(value) > MOST_WATCHES:
        raise UsageError(f"'watches' is no list of at most {MOST_WATCHES} texts", 'send {"watches": ["a person"]}')
    return tuple(dict.fromkeys(text({"watch": each}, "watch", LONGEST_QUESTION) for each in value))
