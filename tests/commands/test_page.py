"""What those who open the page may ask of a run, and what they never learn."""

import json
from dataclasses import asdict
from threading import Event

import pytest

from app.commands.page import Steering
from app.commands.stage import Stage, narrating
from app.commands.watches import Vigil
from app.config import Settings
from app.errors import UsageError
from app.events import RunEvent
from app.live.session import Reins

ADDRESS = "rtsp://anna:secret@camera.lan/live?key=secret"


def steering(source: str) -> tuple[Steering, list[tuple[str | None, str | None]]]:
    switched: list[tuple[str | None, str | None]] = []
    told: list[RunEvent] = []
    stage = Stage(Settings(source=source, model="demo"), narrating(Vigil(), is_narrating=True))
    return Steering(stage, Reins(told.append, Event().set, lambda *both: switched.append(both))), switched


def test_the_password_of_a_stream_is_never_shown_and_one_can_go_back_to_it() -> None:
    steer, switched = steering(ADDRESS)
    own = steer.cameras()[0]
    assert "secret" not in json.dumps([asdict(each) for each in steer.cameras()])
    assert own.source == steer.stage.choice.source  # as every window is told what is looked at
    steer.switch(own.source, None)
    assert switched == [(own.source, None)]
    assert steer.stage.named(steer.stage.choice) == ADDRESS
    assert steer.stage.is_live(steer.stage.choice)
    with pytest.raises(UsageError) as refused:
        steer.switch("/etc/passwd", None)
    assert "secret" not in str(refused.value)


def test_what_has_no_password_is_called_as_it_was_named() -> None:
    steer, _ = steering("what?.mp4")
    assert steer.cameras()[0].source == "what?.mp4"
