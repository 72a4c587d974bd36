"""`./run.sh score` with the bundled model, on short drawn clips."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.backends.startup import chosen
from app.config import Settings
from app.errors import ScoreError, UsageError
from app.score.command import BASELINE, OURS, clips_in, score
from app.score.report import show
from models.demo.clips.__main__ import make
from tests import needs

DEMO = Path(__file__).parents[2] / "models" / "demo"
SETTINGS = Settings(model="demo", json=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make(folder, "lively", 2, 14.0)
    make(folder, "nuisances", 2, 12.0)
    return folder


@pytest.fixture(scope="module")
def aside() -> Iterator[ThreadPoolExecutor]:
    """A thread for the model, which ends with it."""
    with ThreadPoolExecutor(1) as thread:
        yield thread


def scored(thread: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str], *what: Path | None) -> Any:
    path, truth, log = (*what, None, None)[:3]
    assert path
    assert thread.submit(score, path, truth, log, SETTINGS).result() == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.long
@needs.file(DEMO / "model.safetensors")
def test_a_folder_is_scored_clip_by_clip_beside_describing_every_second(
    folder: Path, aside: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scored(aside, capsys, folder)
    assert list(found) == [OURS, BASELINE]
    assert [list(each["clips"]) for each in found.values()] == [sorted(clip.name for clip, _ in clips_in(folder))] * 2
    ours, theirs = found[OURS]["all"], found[BASELINE]["all"]
    assert ours["events_told"]["of"] == theirs["events_told"]["of"] >= 2
    assert theirs["described_a_minute"]["value"] >= 55
    assert ours["described_a_minute"]["value"] < theirs["described_a_minute"]["value"]
    assert theirs["repeated"]["value"] > 0.5 > ours["repeated"]["value"]


@needs.file(DEMO / "model.safetensors")
def test_a_log_of_a_run_is_scored_without_a_model(
    folder: Path, aside: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clip, truth = clips_in(folder)[0]
    assert truth
    first = json.loads(truth.read_text())["events"][0]["told_by"][0]
    said = {"event": "sentence", "kind": "scene", "text": first, "media_s": 0.2, "seen_at": 5.2, "frame_age_s": 0.1}
    (tmp_path / "a.jsonl").write_text(json.dumps({**said, "first_word_s": 0.1, "total_s": 0.2, "frames_described": 1}))
    found = scored(aside, capsys, clip, truth, tmp_path / "a.jsonl")
    assert list(found) == [OURS]
    assert found[OURS]["all"]["wrong"] == {"value": 0.0, "of": 1, "is_met": True}


def test_a_folder_without_truths_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError) as refused:
        clips_in(tmp_path)
    assert "models.demo.clips" in refused.value.hint


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A clip in a folder, its truth beside it; no model ever looks into it."""
    clip = tmp_path / "desk.mp4"
    clip.write_bytes(b"a clip")
    spans = [{"from": 0, "until": 9, "kind": "scene", "captions": ["A red circle."]}]
    truth = {"clip": clip.name, "fps": 25, "size": [4, 4], "spans": spans, "events": [{"at": 0, "kind": "begin"}]}
    clip.with_suffix(".json").write_text(json.dumps(truth))
    return clip


def log_of(folder: Path, *times: float) -> Path:
    """A run that said the same at these times of the clip."""
    said = {"event": "sentence", "kind": "scene", "text": "A red circle.", "frame_age_s": 0.1, "first_word_s": 0.1}
    lines = [
        json.dumps({**said, "total_s": 0.2, "frames_described": 1, "media_s": at, "seen_at": at + 5}) for at in times
    ]
    (folder / "run.jsonl").write_text("\n".join(lines))
    return folder / "run.jsonl"


@pytest.mark.parametrize("name", ["truth", "log"])
def test_a_folder_has_no_single_truth_and_no_single_log(one: Path, name: str) -> None:
    given = {"truth": None, "log": None, name: one.with_suffix(".json")}
    with pytest.raises(UsageError, match=f"the {name} .* is of one clip, and .* is a folder") as refused:
        score(one.parent, given["truth"], given["log"], SETTINGS)
    assert refused.value.hint


def test_a_clip_that_is_not_there_is_named(one: Path) -> None:
    one.unlink()
    for what, truth in [(one, None), (one.with_name("nope.mp4"), one.with_suffix(".json")), (one.parent, None)]:
        with pytest.raises(ScoreError, match=r"no such clip or folder: .*\.mp4"):
            score(what, truth, None, SETTINGS)
    with pytest.raises(ScoreError, match=r"no such clip or folder: .*nope\.mp4"):
        score(one.with_name("nope.mp4"), None, log_of(one.parent, 0.2), SETTINGS)


def test_the_truth_of_another_clip_is_refused_whether_a_run_or_its_log_is_scored(one: Path) -> None:
    other = one.rename(one.with_name("other.mp4"))
    for log in (None, log_of(one.parent, 0.2)):
        with pytest.raises(ScoreError, match=r"truth of desk\.mp4, and not of other\.mp4") as refused:
            score(other, one.with_suffix(".json"), log, SETTINGS)
        assert '"other.mp4"' in refused.value.hint


@needs.file(DEMO / "model.safetensors")
def test_more_frames_than_the_model_can_be_shown_are_refused_before_it_is_opened(one: Path) -> None:
    most = chosen(SETTINGS).card.frames
    with pytest.raises(UsageError, match="can be shown at most"):
        score(one, None, None, replace(SETTINGS, frames=most + 1))


@pytest.mark.parametrize("clip", ["Desk.mp4", "de\u0301sk.mp4"])
def test_a_name_is_the_same_however_a_disk_spells_it(one: Path, clip: str) -> None:
    truth = one.with_suffix(".json")
    truth.write_text(truth.read_text().replace("desk.mp4", clip))
    spelt = one.with_name("d\u00e9sk.mp4" if "\u0301" in clip else "desk.mp4")
    assert score(spelt, truth, log_of(one.parent, 0.2), SETTINGS) == 0


def test_a_log_that_outlasts_the_truth_is_judged_up_to_its_end(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(one, None, log_of(one.parent, 0.2, 30.0), SETTINGS) == 0
    found = json.loads(capsys.readouterr().out)[OURS]
    assert found["all"]["wrong"]["of"] == 1
    assert any("not judged: 1" in line for line in found["faults"])


def test_the_table_of_nothing_has_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    show({OURS: [], BASELINE: []})
    told = capsys.readouterr().out
    assert "events told within 2 s" in told
    assert "frames described a minute" in told
