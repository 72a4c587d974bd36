"""JSON from outside, read strictly: what two readers could read in two ways is refused."""

import json
from typing import Any

from app.api_server.refusal import wrong


def parsed(body: bytes) -> dict[str, Any]:
    """The object that `body` is.

    Raises:
        Refused: it is no JSON in UTF-8 or no object, names something twice, holds NaN, or nests without end.
    """
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=once, parse_constant=no_number)
    except UnicodeDecodeError:
        raise wrong("The body is not UTF-8.") from None
    except RecursionError:
        raise wrong("The body is nested too deeply.") from None
    except ValueError as failure:
        raise wrong(f"The body is not JSON: {failure}") from None
    if not isinstance(found, dict):
        raise wrong("The body must be a JSON object.")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The first reader might take the first, the second the last: the guard and what it guards must read alike."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
