"""What a server's status means: an explained failure, an outage that may pass, or a picture that was too large.

Its own reason is told in one short line, without the key, whatever it sends: some send the whole picture back.
"""

import json
import time
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime

from app.backends.openai.key import VARIABLE, ApiKey
from app.errors import ModelError, Outage
from app.models.spoilt import short

LONGEST_REASON = 200
LONGEST_WAIT_S = 300.0
"""Whatever a server asks for."""
MOST_BYTES = 64_000
"""Of a refusal that is read."""
BASE64 = 60
"""A word this long is no word."""


class TooLarge(ModelError):
    """The picture is larger than the server takes."""


class WrongKey(ModelError):
    """It wants another key, or one at all."""


def refusal(status: int, headers: Message, body: bytes, key: ApiKey) -> ModelError:
    """What to raise for a status that is no success. Redirects are not followed: pictures go where they were sent."""
    if 300 <= status < 400:
        elsewhere = short(key.hidden_in(headers.get("Location", "nowhere")), LONGEST_REASON)
        return ModelError(f"the server sends elsewhere, to {elsewhere}", "if you trust that place, give its address")
    said = f"the server refuses: {status} {reason(body, key)}".rstrip()
    match status:
        case 401 | 403:
            return WrongKey(said, f"give it the key that it wants: --api-key-file FILE, or the variable {VARIABLE}")
        case 404 | 405:
            return ModelError(said, "see whether the address is right, and whether it still serves this model")
        case 413:
            return TooLarge(said, "let it take larger requests")
        case 408 | 425 | 429:
            return Outage(said, "it asks to be left alone for a while; ask it less often with --every", wait(headers))
        case _ if status >= 500:
            return Outage(said, "see what the server's own log says", wait(headers))
        case _:
            return ModelError(said, "see what the server's own log says")


def wait(headers: Message) -> float:
    """Seconds for which it asks to be left alone: `Retry-After`, in seconds or as a date."""
    told = str(headers.get("Retry-After", "")).strip()
    try:
        seconds = float(told) if told.isascii() and told.isdigit() else _until(told)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, min(LONGEST_WAIT_S, seconds))


def _until(date: str) -> float:
    when = parsedate_to_datetime(date)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - time.time()


def reason(body: bytes, key: ApiKey) -> str:
    """The server's own words, in one short line."""
    text = body.decode("utf-8", "replace")
    try:
        text = words(json.loads(text))
    except (ValueError, RecursionError):
        if text.lstrip().startswith("<"):  # a page for people, from a proxy
            text = ""
    kept = ["…" if len(word) > BASE64 else word for word in key.hidden_in(text).split()]
    return short(" ".join(kept), LONGEST_REASON)


def words(told: object) -> str:
    """Of the forms that errors come in: a text, an `error`, a `message`, FastAPI's `detail`."""
    for name in ("error", "message", "detail"):
        if isinstance(told, dict) and told.get(name):
            return words(told[name])
    return str(told)
