"""What the model server answers, on its way to the client: its own headers and failures stay behind.

It allows every origin, names its version, and tells in a failure what it was given.
"""

import json
import logging
from typing import Any

from app.api_server.refusal import Asgi, Message, Receive, Refused, Scope, Send
from app.text import sanitize

PASSED = (b"content-type", b"content-length", b"cache-control")

log = logging.getLogger(__name__)


class Answer:
    """One answer. A failure is held back until all of it is there."""

    def __init__(self, send: Send) -> None:
        self.send, self.status, self.failure = send, 0, bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status < 400:
                headers = [(name, value) for name, value in message["headers"] if name.lower() in PASSED]
                await self.send({"type": message["type"], "status": self.status, "headers": headers})
        elif self.status < 400:
            await self.send(message)
        else:
            self.failure += message.get("body", b"")


async def asked(server: Asgi, scope: Scope, receive: Receive, send: Send) -> None:
    """Ask the model server, and hand on its answer.

    Raises:
        Refused: it has refused, or failed before it began to answer.
    """
    answer = Answer(send)
    try:
        await server(scope, receive, answer.take)
    except Exception as failure:  # whatever it is, it is not the client's to see
        log.error("The model server has failed: %r", failure)
        if not answer.status:
            raise Refused(500, "The model server has failed.") from failure
    if answer.status >= 400:
        raise refusal(answer.status, bytes(answer.failure))


def refusal(status: int, said: bytes) -> Refused:
    """Its refusal with its reason: of a fault of its own, the first line at most."""
    reason = detail(said)
    if status >= 500:
        log.error("The model server has failed: %s", sanitize(reason))
        return Refused(500, f"The model could not answer: {reason or 'it has failed'}")
    return Refused(400 if status == 422 else status, reason or "The model server refuses this.")


def detail(said: bytes) -> str:
    try:
        found: Any = json.loads(said).get("detail", "")
    except (ValueError, AttributeError):
        return ""
    return found.strip().split("\n")[0] if isinstance(found, str) else ""
