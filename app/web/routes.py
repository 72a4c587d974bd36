"""The forms in which the page answers a request. What is answered is decided in routes.py."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.errors import UsageError, UserError
from app.events import Ask, BeginQuestion, CancelQuestion, Command, DescribeMore, Pause, Quit, RepeatLast, Sentence
from app.images import encode_jpeg
from app.outputs.subtitles import FORMATS, Cue, Cues, Timeline
from app.text import sanitize
from app.web import commands
from app.web.camera import eye_route
from app.web.event_stream import MOST, Event
from app.web.pictures import Pictures
from app.web.state import Answer, Hub


class Json(Response):
    """A JSON text in ASCII: a file may have a name that is not UTF-8, and only an escape can tell of it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def refusal(status: int, error: str, hint: str) -> Response:
    return Json({"error": error, "hint": hint}, status)


def download(content: str | bytes, name: str, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def answered(answer: Answer) -> Response:
    if not answer.sentences:
        notice = answer.notice
        return refusal(
            409, *((notice.text, notice.hint) if notice else ("the answer was left unfinished", "ask again"))
        )
    text = " ".join(each.text for each in answer.sentences)
    return Json({"answer": text, "record": {**answer.sentences[0].to_json(), "text": text}})


STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class File:
    """One of them."""

    content: bytes
    kind: str


@cache
def files() -> Mapping[str, File]:
    """By name; a path that leads anywhere else is no name of one."""
    found = (each for each in STATIC.iterdir() if each.suffix in KINDS)
    return {each.name: File(each.read_bytes(), KINDS[each.suffix]) for each in found}


def log(sentences: Iterable[Sentence], said: Iterable[Event]) -> str:
    """One JSON object a line, the oldest first: every sentence, and those of the notices that are still kept."""
    notices = (each.data["record"] for each in said if each.name == "notice")
    records = sorted((*(each.to_json() for each in sentences), *notices), key=lambda record: record["seen_at"] or 0.0)
    return "".join(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n" for record in records)


def subtitles(sentences: Iterable[Sentence], *, is_filmed: bool = True) -> str:
    """WebVTT."""
    cues, placed, timeline, format = Cues(), dict[int, Cue](), Timeline(is_filmed), FORMATS[".vtt"]
    for each in sentences:
        for cue in cues.add(sanitize(each.text), *timeline.place(each.frame)):
            placed[cue.number] = cue
    return format.header + b"".join(format.block(cue) for cue in placed.values()).decode()


NOWHERE = ("there is nothing here", "the page itself is at /")
ANSWER_S = 60.0
"""The longest that an answer is waited for."""
Handle = Callable[[Request], Awaitable[Response]]
Read = Callable[[commands.Body], Command]


def site(hub: Hub) -> Starlette:
    """All of it."""
    pages = Pages(hub)
    does: dict[str, Read] = {
        "hold": lambda body: Pause(commands.truth(body, "is_stopped")),
        "more": lambda _body: DescribeMore(),
        "repeat": lambda _body: RepeatLast(),
        "listen": lambda _body: BeginQuestion(),
        "unask": lambda _body: CancelQuestion(),
        "end": lambda _body: Quit(),
    }
    gets: dict[str, Handle] = {
        "/": pages.file,
        "/static/{name}": pages.file,
        "/api/token": pages.token,
        "/api/state": pages.state,
        "/api/events": pages.events,
        "/api/cameras": pages.cameras,
        "/api/models": pages.models,
        "/api/log.jsonl": pages.log,
        "/api/subtitles.vtt": pages.subtitles,
        "/api/picture.jpg": pages.picture,
        "/api/thumbnails/{number:int}.jpg": pages.thumbnail,
    }
    posts: dict[str, Handle] = {
        **{f"/api/{name}": explained(pages.doing(read)) for name, read in does.items()},
        "/api/ask": explained(pages.ask),
        "/api/setup": explained(pages.setup),
        "/api/switch": explained(pages.switch),
    }
    return Starlette(
        routes=[
            *(Route(path, handle) for path, handle in gets.items()),
            *(Route(path, handle, methods=["POST"]) for path, handle in posts.items()),
            WebSocketRoute("/live", pages.live),
            eye_route(hub.eye),
        ],
        exception_handlers={404: nowhere, 405: otherwise},
    )


async def nowhere(_request: Request, _failure: Exception) -> Response:
    return refusal(404, *NOWHERE)


async def otherwise(_request: Request, _failure: Exception) -> Response:
    return refusal(405, "this is not to be asked so", "what changes something is POSTed, all else is got with GET")


def explained(handle: Handle) -> Handle:
    """The border where failures that can be explained become answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except UserError as failure:
            return refusal(400, failure.message, failure.hint)

    return answer


async def body_of(request: Request) -> commands.Body:
    """The JSON object that was sent; an empty body is an empty object."""
    try:
        found = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("what was sent is no JSON object", 'send one, such as {"question": "…"}')
    return found


@dataclass(frozen=True, slots=True)
class Pages:
    """What is answered."""

    hub: Hub

    async def file(self, request: Request) -> Response:
        found = files().get(request.path_params.get("name", INDEX))
        return Response(found.content, media_type=found.kind) if found else refusal(404, *NOWHERE)

    async def token(self, _request: Request) -> Response:
        return Json({"token": self.hub.token})

    async def state(self, _request: Request) -> Response:
        return Json(self.hub.snapshot())

    async def events(self, _request: Request) -> Response:
        if self.hub.feed.is_full:
            return refusal(503, f"{MOST} windows read along already", "close one of them")
        return StreamingResponse(self.hub.feed.read(self.hub.beginning), media_type="text/event-stream")

    async def cameras(self, _request: Request) -> Response:
        found = await asyncio.to_thread(self.hub.controls.cameras)
        return Json({"cameras": [asdict(each) for each in found]})

    async def models(self, _request: Request) -> Response:
        found = await asyncio.to_thread(self.hub.controls.models)
        return Json({"models": [asdict(each) for each in found]})

    async def log(self, _request: Request) -> Response:
        return download(log(self.hub.board.sentences, self.hub.board.said), "looksay.jsonl", "application/jsonl")

    async def subtitles(self, _request: Request) -> Response:
        return download(
            subtitles(self.hub.board.sentences, is_filmed=self.hub.board.is_filmed), "looksay.vtt", "text/vtt"
        )

    async def picture(self, _request: Request) -> Response:
        frame = self.hub.board.newest
        if frame is None:
            return refusal(404, "nothing has been seen yet", "wait for the first picture")
        return download(await asyncio.to_thread(encode_jpeg, frame.pixels), "looksay.jpg", "image/jpeg")

    async def thumbnail(self, request: Request) -> Response:
        found = self.hub.thumbnails.get(request.path_params["number"])
        if found is None:
            return refusal(404, "no thumbnail of this is kept", "thumbnails are made only while they are asked for")
        return Response(found, media_type="image/jpeg")

    def doing(self, read: Read) -> Handle:
        """What is asked and needs no answer."""

        async def do(request: Request) -> Response:
            self.hub.send(read(await body_of(request)))
            return Json({}, 202)

        return do

    async def ask(self, request: Request) -> Response:
        question = commands.question(await body_of(request))
        if hindrance := self.hub.answers.hindrance:
            return answered(Answer((), hindrance))
        waiting = self.hub.answers.expect(question)
        self.hub.send(Ask(question))
        try:
            return answered(await asyncio.wait_for(waiting.answer, ANSWER_S))
        except TimeoutError:
            return refusal(504, "no answer has come", "see whether the camera sees; ask again")
        finally:
            self.hub.answers.forget(waiting)

    async def setup(self, request: Request) -> Response:
        body = await body_of(request)
        wanted = commands.arranged(body, self.hub.board.every_least)
        if "voice" in body and self.hub.board.voice is None:
            raise UsageError("this run cannot have a voice", "./run.sh voices says what is missing")
        if wanted.thumbnails is not None:
            self.hub.keep_thumbnails(is_wanted=wanted.thumbnails)
        self.hub.send(*wanted.commands)
        return Json({**self.hub.board.shown_setup, **wanted.taken})

    async def switch(self, request: Request) -> Response:
        source, model = commands.switched(await body_of(request))
        self.hub.tell([self.hub.board.switch(is_begun=True)])
        hindrance, self.hub.answers.hindrance = self.hub.answers.hindrance, None  # of the camera that is left
        try:
            await asyncio.to_thread(self.hub.controls.switch, source, model)
        except BaseException:
            self.hub.answers.hindrance = hindrance
            self.hub.tell([self.hub.board.switch(is_begun=False)])
            raise
        return Json({}, 202)

    async def live(self, socket: WebSocket) -> None:
        await socket.accept()
        await Looker(self.hub.pictures, socket).last()


@dataclass(slots=True)
class Looker:
    """A window that looks on: a picture for every `next`, one at a time."""

    pictures: Pictures
    socket: WebSocket
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def last(self) -> None:
        """Until it goes, or says anything else."""
        async with asyncio.TaskGroup() as both:
            showing = both.create_task(self.show())
            is_there = await self.hear()
            showing.cancel()
        if is_there:
            await self.socket.close(1008, "only `next` is known here")

    async def hear(self) -> bool:
        """Until it says anything else; whether it is still there then."""
        while (message := await self.socket.receive()).get("text") == "next":
            self.asked.set()
        return bool(message["type"] != "websocket.disconnect")

    async def show(self) -> None:
        number = -1
        while True:
            await self.asked.wait()
            self.asked.clear()
            number, head, data = await self.pictures.next(number)
            with suppress(WebSocketDisconnect, RuntimeError):  # it has gone; `hear` finds out
                await self.socket.send_text(head)
                await self.socket.send_bytes(data)
