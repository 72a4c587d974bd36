"""Fetch a picture by http or https, within limits of size and time. Nothing else is fetched, also after a redirect.

Where it may lead is judged in address.py, at every redirect anew.
"""

import base64
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from app.errors import SourceError
from app.image_files.address import Inward
from app.image_files.connect import Deadline, Web, WebTls


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, and for how long, is read from elsewhere."""

    size: int = 50_000_000
    """Bytes."""
    whole_s: float = 20.0
    """Seconds for everything; looked at between two reads."""
    wait_s: float = 10.0
    """Seconds for one answer of the server."""
    allow_private: bool = False
    """Whether it may come from this machine or its own network."""


LIMITS = Limits()


def fetch(url: str, name: str, limits: Limits = LIMITS) -> bytes:
    """Fetch what `url` gives; messages call it `name`.

    Raises:
        SourceError: the server cannot be reached, refuses, is too slow or sends too much.
    """
    until = time.monotonic() + limits.whole_s
    try:
        with (
            Deadline(limits.whole_s) as deadline,
            opener(limits, deadline).open(request(url), timeout=limits.wait_s) as answer,
        ):
            return body(answer, name, limits, until)
    except Inward as failure:
        raise inward(name, failure) from failure
    except urllib.error.HTTPError as failure:
        failure.close()
        raise refused(name, failure) from failure
    except (OSError, ValueError, http.client.HTTPException) as failure:
        reason = getattr(failure, "reason", failure)
        is_late = isinstance(reason, TimeoutError) or time.monotonic() > until
        raise too_slow(name) if is_late else unreachable(name, reason) from failure


def request(url: str) -> urllib.request.Request:
    """A request for `url`; a user and password in it go into a header that no redirect carries on."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    bare = urlunsplit((parts.scheme, host, path, quote(parts.query, safe="/%:@!$&'()*+,;=~-._?"), ""))
    wanted = urllib.request.Request(bare, headers={"User-Agent": "looksay", "Accept": "image/*,*/*;q=0.5"})
    if login:
        packed = base64.b64encode(unquote(login).encode()).decode()
        wanted.add_unredirected_header("Authorization", f"Basic {packed}")
    return wanted


class OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https alone."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            return None  # it stays the refusal that it was
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def opener(limits: Limits, deadline: Deadline) -> urllib.request.OpenerDirector:
    """An opener without urllib's handlers for files, FTP and data."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        Web(deadline, is_allowed=limits.allow_private),
        WebTls(deadline, is_allowed=limits.allow_private),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        OnlyWeb(),
    ):
        made.add_handler(handler)
    return made


def body(answer: http.client.HTTPResponse, name: str, limits: Limits, until: float) -> bytes:
    """Read an answer to its end, within the limits."""
    if int(answer.headers.get("Content-Length") or 0) > limits.size:
        raise too_much(name, limits)
    read = bytearray()
    while chunk := answer.read1(65536):
        read += chunk
        if len(read) > limits.size:
            raise too_much(name, limits)
        if time.monotonic() > until:
            raise TimeoutError
    if time.monotonic() > until:  # the end is the deadline's, not the server's
        raise TimeoutError
    return bytes(read)


def inward(name: str, failure: Inward) -> SourceError:
    return SourceError(
        f"not fetched: {name} points to {failure}, on this machine or your local network",
        "to fetch it anyway, add --allow-private",
    )


def too_much(name: str, limits: Limits) -> SourceError:
    return SourceError(
        f"{name} is more than the {limits.size / 1e6:.0f} MB that looksay reads from elsewhere",
        "save it as a file, make it smaller and describe the file",
    )


def too_slow(name: str) -> SourceError:
    return SourceError(
        f"{name} comes too slowly: given up", "try again later, or download it first and describe the file"
    )


def refused(name: str, failure: urllib.error.HTTPError) -> SourceError:
    if failure.code in range(300, 400):
        return SourceError(
            f"{name} only points elsewhere, in a circle or to what is not on the web",
            "open it in a browser and give the address where that ends",
        )
    remedies = {
        401: "it needs a login: http://USER:PASSWORD@HOST/…",
        403: "its server does not give it to programs: save it in a browser and describe the file",
        404: "check the address: there is nothing at it",
    }
    hint = remedies.get(failure.code, "try again later, or save it in a browser and describe the file")
    return SourceError(f"{name} cannot be fetched: the server says {failure.code} {failure.reason}", hint)


def unreachable(name: str, reason: object) -> SourceError:
    return SourceError(
        f"{name} cannot be fetched: {reason}",
        "check the address and the network; what shows in a browser can be saved and described from the file",
    )
