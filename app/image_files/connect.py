"""Connections for fetch.py: to addresses that were looked at, and shut when the time is over, whatever drips in."""

import http.client
import socket
import ssl
import threading
import urllib.request
from contextlib import suppress
from functools import partial
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from app.image_files.address import look_at, reach


class Deadline:
    """Shuts what was connected when its seconds are over: a server that sends a letter now and then never times out."""

    def __init__(self, seconds: float) -> None:
        self.sockets: list[socket.socket] = []
        self.timer = threading.Timer(seconds, self.shut)
        self.timer.daemon = True

    def __enter__(self) -> Self:
        self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        self.timer.join()

    def shut(self) -> None:
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Checked(http.client.HTTPConnection):
    """Connects to an address that was looked at."""

    def __init__(self, host: str, *, deadline: Deadline, is_allowed: bool, **how: Any) -> None:
        super().__init__(host, **how)
        self.deadline, self.is_allowed = deadline, is_allowed

    def connect(self) -> None:
        self.sock = reach(self.host, self.port, self.timeout, is_allowed=self.is_allowed)
        self.deadline.sockets.append(self.sock)


class CheckedTls(Checked):
    """The same with TLS; the certificate must be that of the name that was asked for."""

    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
        self.deadline.sockets.append(self.sock)


class Through(http.client.HTTPSConnection):
    """TLS through a proxy, which is the user's own choice."""

    def __init__(self, host: str, *, deadline: Deadline, **how: Any) -> None:
        super().__init__(host, **how)
        self.deadline = deadline

    def connect(self) -> None:
        super().connect()
        self.deadline.sockets.append(self.sock)


class Web(urllib.request.HTTPHandler):
    """http, of addresses that may be fetched from."""

    def __init__(self, deadline: Deadline, *, is_allowed: bool) -> None:
        super().__init__()
        self.deadline, self.is_allowed = deadline, is_allowed

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        is_proxied = proxied(req, is_allowed=self.is_allowed)
        made = partial(Checked, deadline=self.deadline, is_allowed=self.is_allowed or is_proxied)
        return self.do_open(made, req)


class WebTls(urllib.request.HTTPSHandler):
    """https, of addresses that may be fetched from."""

    def __init__(self, deadline: Deadline, *, is_allowed: bool) -> None:
        super().__init__()
        self.deadline, self.is_allowed = deadline, is_allowed

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        if proxied(req, is_allowed=self.is_allowed):
            return self.do_open(partial(Through, deadline=self.deadline), req)
        made = partial(CheckedTls, deadline=self.deadline, is_allowed=self.is_allowed)
        return self.do_open(made, req)


def proxied(req: urllib.request.Request, *, is_allowed: bool) -> bool:
    """Whether a proxy of the environment is asked for it; then its host is looked at here.

    Raises:
        Inward: the host is a private one.
    """
    is_tunnelled = bool(getattr(req, "_tunnel_host", None))
    if not (is_tunnelled or req.has_proxy()):
        return False
    if not is_allowed:
        look_at(unquote(urlsplit(req.full_url).hostname or ""))
    return True
