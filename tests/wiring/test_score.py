"""`./run.sh score` with the bundled model, on short drawn clips."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.errors import ScoreError
from app.score.table import show
from app.settings import Settings
from app.wiring.score import OURS, THEIRS, clips_in, score
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


@needs.file(DEMO / "model.safetensors")
def test_a_folder_is_scored_clip_by_clip_beside_describing_every_second(
    folder: Path, aside: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scored(aside, capsys, folder)
    assert list(found) == [OURS, THEIRS]
    assert [list(each["clips"]) for each in found.values()] == [
        sorted(clip.name for clip, _ in clips_in(folder, None))
    ] * 2
    ours, theirs = found[OURS]["all"], found[THEIRS]["all"]
    assert ours["events_told"]["of"] == theirs["events_told"]["of"] >= 2
    assert theirs["described_a_minute"]["value"] >= 55
    assert ours["described_a_minute"]["value"] < theirs["described_a_minute"]["value"]
    assert theirs["repeated"]["value"] > 0.5 > ours["repeated"]["value"]


@needs.file(DEMO / "model.safetensors")
def test_a_log_of_a_run_is_scored_without_a_model(
    folder: Path, aside: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clip, truth = clips_in(folder, None)[0]
    first = json.loads(truth.read_text())["events"][0]["told_by"][0]
    said = {"event": "sentence", "kind": "scene", "text": first, "media_s": 0.2, "seen_at": 5.2, "frame_age_s": 0.1}
    (tmp_path / "a.jsonl").write_text(json.dumps({**said, "first_word_s": 0.1, "total_s": 0.2, "frames_described": 1}))
    found = scored(aside, capsys, clip, truth, tmp_path / "a.jsonl")
    assert list(found) == [OURS]
    assert found[OURS]["all"]["wrong"] == {"value": 0.0, "of": 1, "is_met": True}


def test_a_folder_without_truths_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError) as refused:
        clips_in(tmp_path, None)
    assert "models.demo.clips" in refused.value.remedy


def test_the_table_of_nothing_has_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    show({OURS: [], THEIRS: []})
    told = capsys.readouterr().out
    assert "events told within 2 s" in told
    assert "frames described a minute" in told
