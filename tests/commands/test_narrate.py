"""How a live run is put together: settings in, narrator and cameras out."""

from dataclasses import replace

import pytest

from app.commands.narrate import LiveFactory, camera_settings, cameras_of, live_settings
from app.config import Settings, check_live_settings
from app.errors import UsageError
from app.events import LiveSettings, UpdateSettings
from app.live.captioner import Captioner
from app.live.narrator import Narrator
from app.multicamera.cameras import CameraConfig
from tests.fake_describer import ScriptedDescriber

DEMO = Settings(source="scenes", model="demo")


def narrator(factory: LiveFactory) -> Narrator:
    made = factory.loop(Captioner(ScriptedDescriber(["A door."])), factory.selection)
    assert isinstance(made, Narrator)
    return made


def test_settings_that_people_have_changed_are_those_of_the_next_narrator() -> None:
    factory = LiveFactory(replace(DEMO, prompt="Where?"))
    first = narrator(factory)
    changed = LiveSettings(prompt="Which colours?", verbosity="full", is_stopped=True)
    first.cameras[""].controls.settings = changed
    assert narrator(factory).cameras[""].controls.settings == changed


def test_commands_that_wait_are_for_the_next_narrator_too() -> None:
    factory = LiveFactory(DEMO)
    narrator(factory)
    factory.commands.put(UpdateSettings({"prompt": "Who?"}))
    assert list(narrator(factory).queue.each("")) == [UpdateSettings({"prompt": "Who?"})]


def test_each_camera_has_its_own_settings_and_the_watches_of_all() -> None:
    door = CameraConfig("Door", "scenes", "Who?", ("a man",), 2.0)
    own = camera_settings(replace(DEMO, watch=("smoke",), every=1.0), door)
    assert live_settings(own) == LiveSettings("Who?", every=2.0, watches=("smoke", "a man"))
    yard = CameraConfig("Yard", "scenes")
    cameras = narrator(LiveFactory(DEMO, (door, yard))).cameras
    assert [(name, each.controls.settings.prompt) for name, each in cameras.items()] == [("Door", "Who?"), ("Yard", "")]


def test_a_page_shows_the_camera_that_spoke_last() -> None:
    from tests.terminal.stage import frame, sentence

    factory = LiveFactory(DEMO, (CameraConfig("Door", "scenes"), CameraConfig("Yard", "scenes")))
    assert not factory.is_previewed("Door")  # there is no page
    factory.wants_preview = lambda: True
    assert [factory.is_previewed(name) for name in ("Door", "Yard")] == [False, False]  # neither gives frames yet
    factory.commands.present |= {"Door", "Yard"}
    assert [factory.is_previewed(name) for name in ("Door", "Yard")] == [True, False]
    factory.commands.last_sentence = replace(sentence(), frame=replace(frame(0), camera="Yard"))
    assert [factory.is_previewed(name) for name in ("Door", "Yard")] == [False, True]
    factory.commands.present.discard("Yard")  # it is lost
    assert [factory.is_previewed(name) for name in ("Door", "Yard")] == [True, False]


@pytest.mark.parametrize(
    ("flag", "settings"),
    [
        ("--camera and --cameras", {"camera": ("scenes",), "cameras": "cameras.toml"}),
        ("--source", {"camera": ("scenes",), "source": "clip.mp4"}),
        ("--parallel", {"parallel": 2}),
        ("--parallel", {"camera": ("scenes",), "parallel": 2}),
        ("--thumbnails", {"thumbnails": True}),
        ("--page-key", {"page_key": "key.pem"}),
        ("--page-cert", {"page_cert": "cert.pem"}),
    ],
)
def test_settings_that_contradict_each_other_are_refused(flag: str, settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"error: {flag}") as refusal:
        check_live_settings(Settings(**settings))  # type: ignore[arg-type]
    assert refusal.value.hint


def test_one_camera_is_no_group() -> None:
    assert cameras_of(DEMO) == ()
