"""Who is let in: every rule in one place, none of which looks at a socket.

Loopback is open to this machine: whoever runs programs here may look on. What other people's pages make a browser send
is not, nor what comes under a foreign name; and nobody steers without the token. Over a network nothing is open at all.
"""

import hmac
from dataclasses import dataclass

from app.web.address import Address
from app.web.asked import Asked

LARGEST = 65536
"""Bytes of a body. A question has some hundred; pictures come by web socket."""
LOOKING = ("/live",)
"""The web sockets that only look on."""
TOKEN = "/api/token"
METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is sent away, and what would be let in."""

    status: int
    error: str
    hint: str
    headers: tuple[tuple[str, str], ...] = ()


FOREIGN_NAME = Refusal(421, "This is not the name of this page.", "Open the link that looksay printed.")
FOREIGN_PAGE = Refusal(403, "Another page asked for this.", "Open the link that looksay printed.")
NO_TOKEN = Refusal(
    401,
    "This needs the token.",
    "Open the link that looksay printed; programs send `Authorization: Bearer TOKEN`.",
    (("www-authenticate", "Bearer"),),
)
NO_METHOD = Refusal(405, "Only GET and POST are known here.", "Use one of them.", (("allow", "GET, HEAD, POST"),))
NO_JSON = Refusal(415, "This takes JSON only.", "Send `Content-Type: application/json`.")
NO_LENGTH = Refusal(400, "The length of the body cannot be understood.", "Send `Content-Length` in digits.")
TOO_LARGE = Refusal(413, f"This takes at most {LARGEST} bytes.", "Send less.")
TOO_SLOW = Refusal(408, "The rest of the request did not come.", "Ask again.")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one page."""

    address: Address

    def refusal(self, asked: Asked) -> Refusal | None:
        """Why this is sent away; None if it is let in."""
        return self._of_place(asked) or self._of_token(asked) or self._of_form(asked)

    def is_link(self, asked: Asked) -> bool:
        """Whether this is the link with the token, from which a browser gets its cookie."""
        return not self.address.is_loopback and asked.path == "/" and self._fits(asked.query_token)

    def _of_place(self, asked: Asked) -> Refusal | None:
        """What the browser says of where this comes from. Programs say nothing of it, and are no browser's victims."""
        if not self.address.allows(asked.host):
            return FOREIGN_NAME
        if asked.origin and not self.address.is_own_origin(asked.origin, asked.host):
            return FOREIGN_PAGE
        if asked.site in ("", "same-origin") or (asked.path != TOKEN and may_navigate(asked)):
            return None
        return FOREIGN_PAGE

    def _of_token(self, asked: Asked) -> Refusal | None:
        is_open = self.address.is_loopback and self._looks_on(asked)
        return None if is_open or self._has_token(asked) else NO_TOKEN

    def _of_form(self, asked: Asked) -> Refusal | None:
        """What a body may be. A form of another page can send neither JSON nor a token."""
        if asked.is_socket:
            return None
        if asked.method not in METHODS:
            return NO_METHOD
        if asked.length and not (asked.length.isascii() and asked.length.isdigit()):
            return NO_LENGTH
        most = LARGEST if asked.method == "POST" else 0
        if len(asked.length) > 12 or int(asked.length or 0) > most:
            return TOO_LARGE
        if asked.method == "POST":
            return None if asked.content_type == "application/json" else NO_JSON
        return NO_LENGTH if asked.encoding else None

    def _has_token(self, asked: Asked) -> bool:
        """A cookie is sent by whatever makes the browser ask, so that it is not enough to steer."""
        if self._fits(asked.bearer) or (asked.is_socket and self._fits(asked.query_token)):
            return True
        by_cookie = not self.address.is_loopback and self._fits(asked.cookie(self.address.cookie))
        return self._looks_on(asked) and (by_cookie or self.is_link(asked))

    def _fits(self, token: str) -> bool:
        """Compared in a time that tells nothing of how much of it is right."""
        return hmac.compare_digest(token.encode(), self.address.token.encode())

    def _looks_on(self, asked: Asked) -> bool:
        return asked.path in LOOKING if asked.is_socket else asked.method in ("GET", "HEAD")


def may_navigate(asked: Asked) -> bool:
    """Whether a person opened the page itself: typed, kept, or followed from elsewhere. It cannot be put in a frame."""
    is_window = asked.site == "none" or (asked.mode == "navigate" and asked.destination == "document")
    return asked.method == "GET" and is_window and (asked.site == "none" or asked.path == "/")
