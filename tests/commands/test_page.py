"""What those who open the page may ask of a run, and what they never learn."""

import json
from dataclasses import asdict

import pytest

from app.commands.narrate import LiveFactory
from app.commands.page import PageControls
from app.config import Settings
from app.errors import UsageError
from app.events import RunEvent
from app.live.session import RunHandles

ADDRESS = "rtsp://anna:secret@camera.lan/live?key=secret"


def controls_of(source: str) -> tuple[PageControls, list[tuple[str | None, str | None]]]:
    switched: list[tuple[str | None, str | None]] = []
    told: list[RunEvent] = []
    handles = RunHandles(pytest.fail, told.append, lambda *both: switched.append(both))
    return PageControls(LiveFactory(Settings(source=source, model="demo")), handles), switched


def test_the_password_of_a_stream_is_never_shown_and_one_can_go_back_to_it() -> None:
    controls, switched = controls_of(ADDRESS)
    own = controls.cameras()[0]
    assert "secret" not in json.dumps([asdict(each) for each in controls.cameras()])
    assert own.source == controls.factory.selection.source  # as every window is told what is looked at
    controls.switch(own.source, None)
    assert switched == [(own.source, None)]
    assert controls.factory.source_name(controls.factory.selection) == ADDRESS
    assert controls.factory.is_live(controls.factory.selection)
    with pytest.raises(UsageError) as refused:
        controls.switch("/etc/passwd", None)
    assert "secret" not in str(refused.value)


def test_what_has_no_password_is_called_as_it_was_named() -> None:
    controls, _ = controls_of("what?.mp4")
    assert controls.cameras()[0].source == "what?.mp4"
