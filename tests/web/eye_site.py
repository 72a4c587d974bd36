"""A bare page with nothing but the eye on it, served as the real one is: same modules, headers and web socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from app.security import with_security_headers
from app.sources.browser import Eye
from app.web.camera import eye_route
from tests.waiting import LIMIT_S, until

STATIC = Path(__file__).parents[2] / "app" / "web" / "static"
PAGE = """<!doctype html><html lang="en"><title>The eye</title><link rel="icon" href="/static/icon.svg">
<script type="module" src="/static/eye.js"></script><main><h1>The eye</h1></main>"""


async def page(_: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


class Shield:
    """Gives every answer the headers that the real page's answers have."""

    def __init__(self, app: Any, address: str) -> None:
        self.app, self.sockets = app, address.replace("http", "ws")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def shield(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_security_headers(list(message["headers"]), self.sockets)
            await send(message)

        await self.app(scope, receive, shield)


def of(eye: Eye) -> Starlette:
    return Starlette(routes=[Route("/", page), Mount("/static", StaticFiles(directory=STATIC)), eye_route(eye)])


@contextmanager
def served(eye: Eye, port: int) -> Iterator[str]:
    """Its address, on a port that is free."""
    address = f"http://127.0.0.1:{port}"
    how: dict[str, Any] = {"log_config": None, "log_level": "error", "lifespan": "off", "ws": "websockets-sansio"}
    server = uvicorn.Server(uvicorn.Config(Shield(of(eye), address), port=port, timeout_graceful_shutdown=1, **how))
    thread = Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield address
    server.should_exit = True
    thread.join(LIMIT_S)
    assert not thread.is_alive()
