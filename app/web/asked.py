"""What a request says of itself, as far as it matters whether it is let in: its ASGI scope, read. It judges nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. What it does not say is empty."""

    method: str
    """`GET`, `POST`, …; empty for a web socket."""
    path: str
    host: str = ""
    origin: str = ""
    site: str = ""
    """Sec-Fetch-Site: who made the browser ask. Browsers before 2023 do not all say."""
    mode: str = ""
    """Sec-Fetch-Mode: `navigate` if it is to be shown in a window."""
    destination: str = ""
    """Sec-Fetch-Dest: `document` if in one of its own, not in a frame."""
    content_type: str = ""
    length: str = ""
    encoding: str = ""
    """Transfer-Encoding: set if a body comes whose length is not known."""
    bearer: str = field(default="", repr=False)
    """The token in Authorization."""
    query_token: str = field(default="", repr=False)
    cookies: str = field(default="", repr=False)

    @property
    def is_socket(self) -> bool:
        return not self.method

    def cookie(self, name: str) -> str:
        try:
            found = SimpleCookie(self.cookies).get(name)
        except CookieError:
            return ""
        return found.value if found else ""


def asked(scope: Scope) -> Asked:
    """The request that a scope of type `http` or `websocket` is about."""
    said = _headers(scope)
    scheme, _, credentials = said.get("authorization", "").partition(" ")
    tokens = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get("token", [""])
    return Asked(
        method=scope.get("method", ""),
        path=scope["path"],
        host=said.get("host", ""),
        origin=said.get("origin", ""),
        site=said.get("sec-fetch-site", ""),
        mode=said.get("sec-fetch-mode", ""),
        destination=said.get("sec-fetch-dest", ""),
        content_type=said.get("content-type", "").partition(";")[0].strip().lower(),
        length=said.get("content-length", ""),
        encoding=said.get("transfer-encoding", ""),
        bearer=credentials.strip() if scheme.lower() == "bearer" else "",
        query_token=tokens[0],
        cookies=said.get("cookie", ""),
    )


def _headers(scope: Scope) -> dict[str, str]:
    """By lower-case name. One that is sent twice is joined, as RFC 9110 has it, and so fits nothing that it must be."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
