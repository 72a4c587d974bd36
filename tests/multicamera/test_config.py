"""Which cameras there are and what they are called: from flags, from a file, and what is wrong with either."""

from pathlib import Path

import pytest

from app.errors import UsageError
from app.multicamera.cameras import LONGEST, CameraConfig, of_file, of_flags


def names(*flags: str) -> list[str]:
    return [each.name for each in of_flags(flags)]


@pytest.mark.parametrize(
    ("flag", "name", "source"),
    [
        ("Door=camera:1", "Door", "camera:1"),
        ("Front door=rtsp://me:pw@garden.local/live?a=b", "Front door", "rtsp://me:pw@garden.local/live?a=b"),
        ("camera", "Camera", "camera"),
        ("camera:1", "Camera 1", "camera:1"),
        ("camera:FaceTime HD", "FaceTime HD", "camera:FaceTime HD"),
        ("camera:/tmp/clips/porch.avi", "porch", "camera:/tmp/clips/porch.avi"),
        ("rtsp://me:secret@garden.local:554/live", "garden.local", "rtsp://me:secret@garden.local:554/live"),
        ("http://host/a?name=value", "host", "http://host/a?name=value"),
        ("back_yard.mp4", "Back yard", "back_yard.mp4"),
        ("scenes", "Drawn scenes", "scenes"),
        ("pictures/", "Pictures", "pictures/"),
    ],
)
def test_a_flag_is_a_source_with_or_without_a_name(flag: str, name: str, source: str) -> None:
    assert of_flags([flag]) == (CameraConfig(name, source),)


def test_a_file_that_is_there_is_a_source_even_with_an_equals_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.mp4").touch()
    assert of_flags(["a=b.mp4"]) == (CameraConfig("A=b", "a=b.mp4"),)


def test_those_that_would_be_called_the_same_are_with_unique_names() -> None:
    assert names("camera:1", "camera:1", "Camera 1 2=scenes", "camera:1") == [
        "Camera 1",
        "Camera 1 3",
        "Camera 1 2",
        "Camera 1 4",
    ]


def test_a_password_never_becomes_a_name() -> None:
    assert not any("secret" in name for name in names("rtsp://me:secret@garden.local/x", "rtsp://:secret@10.0.0.2/"))


def test_an_address_without_a_host_has_a_name_all_the_same() -> None:
    assert names("rtsp://[bad/live") == ["Stream"]


@pytest.mark.parametrize(
    "flags",
    [
        ("Door=scenes", "door=camera"),
        (" =scenes",),
        ("x" * (LONGEST + 1) + "=scenes",),
        ("a\x1b[31m=scenes",),
    ],
)
def test_a_name_that_cannot_stand_before_a_sentence_is_refused(flags: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as refusal:
        of_flags(flags)
    assert refusal.value.hint
    assert "\x1b" not in str(refusal.value)


def written(folder: Path, text: str) -> Path:
    path = folder / "cameras.toml"
    path.write_text(text)
    return path


def test_a_file_has_a_table_for_each_camera(tmp_path: Path) -> None:
    text = """
    [Door]
    source = "camera:1"
    prompt = "Who is there?"
    watch = ["a person at the door"]
    every = 2
    ["Back yard"]
    source = "scenes"
    """
    door = CameraConfig("Door", "camera:1", "Who is there?", ("a person at the door",), 2.0)
    assert of_file(written(tmp_path, text)) == (door, CameraConfig("Back yard", "scenes"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no camera in"),
        ("[Door\n", "line 1"),
        ('[Door]\nsource = "scenes"\n[Door]\n', "line 3"),
        ('source = "scenes"', "outside of a table"),
        ("[Door]\n", "[Door] has no source"),
        ("[Door]\nsource = 1\n", "[Door] has no source"),
        ('[Door]\nsource = "scenes"\npromt = "x"\n', "[Door]: unknown key 'promt'"),
        ('[Door]\nsource = "scenes"\nprompt = ""\n', "[Door]: its prompt"),
        ('[Door]\nsource = "scenes"\nwatch = "a cat"\n', "[Door]: its watch"),
        ('[Door]\nsource = "scenes"\nwatch = [1]\n', "[Door]: its watch"),
        ('[Door]\nsource = "scenes"\nevery = -1\n', "[Door]: its every"),
        ('[Door]\nsource = "scenes"\nevery = nan\n', "[Door]: its every"),
        ('[Door]\nsource = "scenes"\nevery = true\n', "[Door]: its every"),
        ('[Door]\nsource = "scenes"\n[door]\nsource = "scenes"\n', "two cameras are named 'door'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place_and_a_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as refusal:
        of_file(written(tmp_path, text))
    assert told in refusal.value.message
    assert "cameras.toml" in refusal.value.message or "two cameras" in refusal.value.message
    assert refusal.value.hint


def test_a_file_that_is_not_there_or_not_text_is_explained(tmp_path: Path) -> None:
    binary = tmp_path / "cameras.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", tmp_path, binary):
        with pytest.raises(UsageError):
            of_file(path)
