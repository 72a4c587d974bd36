"""What the page's addresses answer, asked without a server: what a real run would not come to by itself."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import webvtt

from app.errors import UsageError
from app.events import CameraChoice, Command, LiveSettings, ModelChoice, Notice, RunStarted, Sentence
from app.sources.browser import Eye
from app.web.pictures import Pictures
from app.web.routes import site, subtitles
from app.web.state import Board, Hub
from tests.terminal.stage import sentence


@dataclass
class Noting:
    """`RunControls` that notes what is wanted, and fails to go over to what is not there."""

    wishes: list[Command] = field(default_factory=list)
    failure: Exception | None = None

    def send(self, command: Command) -> None:
        self.wishes.append(command)

    def switch(self, _source: str | None, _model: str | None) -> None:
        if self.failure:
            raise self.failure

    def cameras(self) -> Sequence[CameraChoice]:
        return (CameraChoice("caf\udce9.mp4", "caf\udce9.mp4"),)

    def models(self) -> Sequence[ModelChoice]:
        return ()


def hub(board: Board | None = None, steer: Noting | None = None) -> Hub:
    return Hub(steer or Noting(), Eye(), "token", board or Board(voice=False), Pictures())


def asked(of: Hub, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Status and JSON."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(body or {}).encode()}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    asyncio.run(site(of)(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(each.get("body", b"") for each in sent[1:]))


def test_half_a_character_from_a_program_is_taken_for_a_blank() -> None:
    code, told = asked(hub(), "POST", "/api/setup", {"watches": ["a \ud800cat"], "prompt": "Who\ud800?"})
    assert (code, told["watches"], told["prompt"]) == (200, ["a cat"], "Who ?")


def test_a_file_whose_name_is_not_utf8_stops_no_window() -> None:
    name = "caf\udce9.mp4"
    board = Board(LiveSettings(prompt=name))
    board.take(RunStarted(name, name, name, name, "What?", (name,)), 0.0)
    code, told = asked(hub(board), "GET", "/api/state")
    assert (code, told["setup"]["source"]) == (200, name)  # it is sent back as it is, to go over to
    assert asked(hub(board), "GET", "/api/cameras")[1]["cameras"][0]["source"] == name
    assert board.set().sent(0.0).isascii()


def test_a_voice_that_cannot_be_had_is_not_promised() -> None:
    steer = Noting()
    code, told = asked(hub(Board(voice=None), steer), "POST", "/api/setup", {"voice": True, "prompt": "Who?"})
    assert (code, told["hint"]) == (400, "./run.sh voices says what is missing")
    assert steer.wishes == []


@pytest.mark.parametrize("failure", [UsageError("there is none", "take another"), OSError("no descriptor left")])
def test_nobody_waits_for_a_camera_that_could_not_even_be_asked_for(failure: Exception) -> None:
    board = Board()
    with nullcontext() if isinstance(failure, UsageError) else pytest.raises(OSError, match="no descriptor"):
        asked(hub(board, Noting(failure=failure)), "POST", "/api/switch", {"source": "scenes"})
    assert not board.is_switching


def test_a_question_is_refused_at_once_while_no_picture_comes() -> None:
    lost, steer = Notice("camera lost", "The camera is gone.", "plug it in"), Noting()
    blind = hub(steer=steer)
    blind.take(lost, 0.0)
    assert asked(blind, "POST", "/api/ask", {"question": "Who?"}) == (409, {"error": lost.text, "hint": lost.hint})
    assert steer.wishes == []


def test_one_can_ask_again_once_another_camera_is_gone_over_to() -> None:
    blind = hub(steer=Noting())
    blind.take(Notice("waiting", "Waiting for a browser's camera."), 0.0)
    assert asked(blind, "POST", "/api/switch", {"source": "scenes"})[0] == 202
    assert blind.answers.hindrance is None


def test_a_camera_that_cannot_be_gone_over_to_changes_nothing() -> None:
    blind = hub(steer=Noting(failure=UsageError("there is none", "take another")))
    blind.take(lost := Notice("camera lost", "The camera is gone."), 0.0)
    assert asked(blind, "POST", "/api/switch", {"source": "scenes"})[0] == 400
    assert blind.answers.hindrance == lost


def told() -> Sequence[Sentence]:
    """The yard's camera was opened later, and takes more frames."""
    found = list[Sentence]()
    for text, camera, number, seen_at, media_s in (
        ("Door: One.", "Door", 60, 1060.0, 60.0),
        ("Yard: Two.", "Yard", 900, 1070.0, 20.0),
        ("Door: Three.", "Door", 80, 1080.0, 80.0),
        ("Yard: Four.", "Yard", 1500, 1090.0, 40.0),
    ):
        each = sentence(text)
        seen = replace(each.frame, camera=camera, number=number, seen_at=seen_at, media_s=media_s)
        found.append(replace(each, frame=seen))
    return found


@pytest.mark.parametrize(
    ("sentences", "is_filmed", "times"),
    [
        pytest.param(told(), True, [60, 70, 80, 90], id="cameras-share-the-clock"),
        pytest.param(
            sorted(told(), key=lambda each: each.frame.media_s), False, [20, 40, 60, 80], id="clips-begin-together"
        ),
    ],
)
def test_several_cameras_have_one_time(sentences: Sequence[Sentence], is_filmed: bool, times: Sequence[int]) -> None:
    cues = webvtt.from_string(subtitles(sentences, is_filmed=is_filmed))
    assert [cue.start_in_seconds for cue in cues] == times
