"""What is said when the server is ready: where it is, what opens it, and lines to paste. Never on standard output."""

import shlex
from collections.abc import Iterator

from app.api_server.key import VARIABLE, Key
from app.text import sanitize


def told(name: str, port: int, key: Key) -> Iterator[str]:
    """Lines for a person. A key that the user has given is not repeated; one that was made here is shown this once."""
    address = f"http://127.0.0.1:{port}/v1"
    yield f"Serving {sanitize(name)} at {address} until Ctrl-C, for programs on this machine."
    yield f"model:       {sanitize(name)}"
    yield f"key:         {shown(key)}"
    yield f"curl:        {header(key)} | curl -H @- {address}/models"
    yield f"Open WebUI:  Admin Panel, Settings, Connections, OpenAI API: URL {address}, key {shown(key)}"


def shown(key: Key) -> str:
    if not key.is_given:
        return key.secret
    return f"the one in {key.file}" if key.file else f"the one in {VARIABLE}"


def header(key: Key) -> str:
    """A command that writes the header which curl reads: among curl's own arguments every user could read the key."""
    if key.file:
        return f"(printf 'Authorization: Bearer '; cat {shlex.quote(str(key.file))})"
    return "printf 'Authorization: Bearer %s' " + (f'"${VARIABLE}"' if key.is_given else shlex.quote(key.secret))
