"""Questions over HTTP to one server, on the standard library: no proxy, no redirects, no endless answers.

All go one road, which yields while it waits; `post` and `get` are for whoever wants the whole answer.
"""

import json
import ssl
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from app.backends.openai.key import ApiKey
from app.backends.openai.place import Place, place
from app.backends.openai.refusal import LONGEST_REASON, MOST_BYTES, refusal
from app.backends.openai.reply import Head, body, head
from app.backends.openai.wire import BrokenOff, NoTls, Patience, TooMuch, Waits, Wire
from app.errors import ModelError, Outage
from app.models.spoilt import short


class Silent(Outage):
    """It was waited for in vain."""


WHOLE = Patience()
ASKING_AROUND = Patience(total_s=4.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A server that can be asked: where it is, and the key that it is shown."""

    place: Place
    key: ApiKey = field(default_factory=ApiKey)

    @property
    def root(self) -> str:
        return self.place.root


def line_to(url: str, key: str = "") -> Line:
    """Raises UsageError and Outage as `place`."""
    return Line(place(url), ApiKey(key))


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a line."""

    line: Line
    path: str
    """Such as /v1/models, after the line's root."""
    content: object = None
    """Sent as JSON by POST; None: by GET."""
    patience: Patience = field(default=WHOLE)


class Exchange:
    """One question and its answer."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.kind = ""
        """The type of the answer's content, once its head has come."""

    def parts(self) -> Waits:
        """Yield the body of the answer in parts as it comes, and b"" while it is waited for.

        A connection serves one question: on this machine a new one takes 0.2 ms, one that was kept may have been
        closed meanwhile, and whoever leaves off must close it anyway.

        Raises:
            Outage: nobody answers, or not in time, or it breaks off; it may go well the next time.
            ModelError: the server refuses for good (with its own reason), sends elsewhere, or is no such server.
        """
        line, wire = self.question.line, Wire(self.question.line.place, self.question.patience)
        with closing(wire), explained(self.question):
            yield from wire.connect()
            yield from wire.send(_request(self.question))
            found = yield from head(wire)
            if found.status != 200:
                raise refusal(found.status, found.headers, (yield from _reason(wire, found)), line.key)
            self.kind = found.kind
            yield from body(wire, found)


def _request(question: Question) -> bytes:
    content = b"" if question.content is None else json.dumps(question.content).encode()
    place = question.line.place
    headers = {
        "Host": place.authority,
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **question.line.key.header,
    }
    method = "GET" if question.content is None else "POST"
    lines = [f"{method} {place.path}{question.path} HTTP/1.1", *(f"{name}: {told}" for name, told in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content


def _reason(wire: Wire, found: Head) -> Generator[bytes, None, bytes]:
    """As much of a refusal as is worth reading; nothing of it is passed on as an answer."""
    said = bytearray()
    try:
        for part in body(wire, found):
            said += part
            if len(said) > MOST_BYTES:
                break
            yield b""
    except (OSError, HTTPException):  # its status says enough
        pass
    return bytes(said)


@contextmanager
def explained(question: Question) -> Iterator[None]:
    """The border at which what goes wrong on a wire becomes an explained failure."""
    line = question.line
    try:
        yield
    except TimeoutError:
        or_http = f"; if it speaks no https: {in_http(line)}" if line.place.scheme == "https" else ""
        raise Silent("the server has not answered in time", f"see what it is doing{or_http}") from None
    except ssl.SSLCertVerificationError as failure:
        why = short(failure.verify_message, LONGEST_REASON)
        raise ModelError(f"{line.root} cannot prove that it is who it says: {why}", "mend its certificate") from failure
    except NoTls as failure:
        raise Outage(f"what answers at {line.root} speaks no https ({failure})", f"try {in_http(line)}") from failure
    except OSError as failure:
        why = short(failure.strerror or failure, LONGEST_REASON)
        raise Outage(f"no server answers at {line.root}: {why}", "start it, or mend the address") from failure
    except BrokenOff as failure:
        raise Outage("the server broke off before the end of its answer", "see what its own log says") from failure
    except TooMuch as failure:
        raise Outage("the server does not end its answer", "see what its own log says") from failure
    except (HTTPException, ValueError, RecursionError) as failure:
        raise no_such_server(question) from failure


def in_http(line: Line) -> str:
    """The same address without encryption."""
    return f"--url {line.root.replace('https', 'http', 1)}/v1"


def no_such_server(question: Question) -> ModelError:
    where = short(question.line.root + question.path, LONGEST_REASON)
    return ModelError(f"what answers at {where} is no such server", "mend the address")


def post(line: Line, path: str, content: object, patience: Patience = WHOLE) -> Any:
    """The answer to `content`, both in JSON. Raises ModelError as `Exchange.parts`."""
    return _whole(Question(line, path, content, patience))


def get(line: Line, path: str) -> Any:
    """What stands there, or None: asking around means asking for what is not there."""
    try:
        return fetched(line, path)
    except ModelError:
        return None


def fetched(line: Line, path: str) -> Any:
    """What stands there. Raises ModelError as `Exchange.parts`."""
    return _whole(Question(line, path, patience=ASKING_AROUND))


def _whole(question: Question) -> Any:
    found = b"".join(Exchange(question).parts())
    try:
        return json.loads(found)
    except (ValueError, RecursionError) as failure:  # no JSON, or brackets without end
        raise no_such_server(question) from failure
