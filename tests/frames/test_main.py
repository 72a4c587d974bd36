"""`python -m app.frames`: which frames of a clip would be described."""

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.config import Settings
from app.frames.__main__ import EVERY_S, main

FPS, SIZE = 20, (320, 240)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a red square, two with a blue one beside it, two in the dark, two with light again. Noisy."""
    path, rng = tmp_path_factory.mktemp("clip") / "clip.mp4", np.random.default_rng(5)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, SIZE)
    for number in range(8 * FPS):
        picture, second = np.full((SIZE[1], SIZE[0], 3), 130.0), number / FPS
        picture[60:140, 40:120] = (30, 30, 210)
        if second >= 2:
            picture[80:200, 190:290] = (210, 60, 30)
        picture = picture * (0.02 if 4 <= second < 6 else 1.0) + rng.normal(0, 3, picture.shape)
        writer.write(np.clip(picture, 0, 255).astype(np.uint8))
    writer.release()
    return path


def lines(*argv: str, capsys: pytest.CaptureFixture[str]) -> list[dict]:
    assert main(argv) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_looks_and_notices_come_in_media_time_and_the_sum_at_the_end(clip: Path, capsys) -> None:
    *told, last = lines(str(clip), capsys=capsys)
    looks = [each["at"] for each in told if each.get("look")]
    notices = [(each["notice"], each["at"]) for each in told if "notice" in each]
    assert looks[0] == 0.0
    assert any(2.0 <= at < 3.0 for at in looks)
    assert [kind for kind, _ in notices] == ["dark", "clear"] or [kind for kind, _ in notices] == ["covered", "clear"]
    assert 4.0 <= notices[0][1] < 5.0
    assert 6.0 <= notices[1][1] < 7.0
    assert not any(4.5 <= at < 6.0 for at in looks)
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    assert (last["frames"], last["looks"]) == (8 * FPS, len(looks))
    assert last["cpu_ms_per_frame"] > 0


def test_frames_pass_unseen_while_a_description_goes_on(clip: Path, capsys) -> None:
    *told, _ = lines(str(clip), "--look-s", "3", capsys=capsys)
    looks = [each["at"] for each in told if each.get("look")]
    assert looks[0] == 0.0
    assert 3.0 <= looks[1] < 3.8
    assert all(later - earlier > 2.9 for earlier, later in pairwise(looks))


def test_it_looks_as_often_as_a_live_run() -> None:
    assert Settings().least_s == EVERY_S


@pytest.mark.parametrize(("name", "says"), [("missing.mp4", "no such clip"), ("text.mp4", "cannot be read as a video")])
def test_a_clip_that_cannot_be_played_is_explained(name: str, says: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    assert main([str(tmp_path / name)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "\nhint: " in err


@pytest.mark.parametrize("given", ["-1", "nan", "soon"])
def test_a_look_takes_some_seconds(given: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["clip.mp4", "--look-s", given])
    assert ended.value.code == 2
    assert "--look-s" in capsys.readouterr().err
