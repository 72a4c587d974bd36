"""--backend transformers from the command line to a sentence: the same folders, the same refusals."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from app.backends import engine
from app.config import ModelOptions, Settings
from app.errors import ModelError, UsageError
from app.events import Frame, Request
from models.demo.training.exams import sample_exam
from tests import needs
from tests.fixtures.blinded import blind_demo, zeroed
from tests.running import environment

SETTINGS = Settings(model="demo", backend="transformers")


def test_without_torch_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    with pytest.raises(UsageError, match="needs torch") as refused:
        engine(SETTINGS)
    assert "./install.sh --reference" in refused.value.hint


@needs.module("torch", even_in_ci=True)
def test_the_engine_is_the_model_of_that_name_and_describes_one_frame_at_once() -> None:
    found = engine(SETTINGS)
    assert found.card.name == "demo"
    assert found.at_once == 1
    assert any("drawn shapes" in note for note in found.notes)


@needs.module("torch", even_in_ci=True)
def test_it_opens_checked_and_sees() -> None:
    found = engine(SETTINGS)
    describer = found.open(ModelOptions(), is_trusted=False)
    try:
        (question,) = sample_exam("stills", 1)
        frames = [Frame(tile, 0.0, 0.0, 0) for tile in question.tiles]
        said = "".join(piece.text for piece in describer.describe(Request(frames, question.request, 40)))
        assert said.strip() == question.answer
    finally:
        describer.close()


@needs.module("torch", even_in_ci=True)
def test_what_cannot_see_does_not_start_unless_it_is_trusted(tmp_path: Path) -> None:
    blind = engine(replace(SETTINGS, model=str(blind_demo(tmp_path / "blind", zeroed))))
    with pytest.raises(ModelError, match="does not pass the check"):
        blind.open(ModelOptions(), is_trusted=False)
    trusted = blind.open(ModelOptions(), is_trusted=True)
    assert any("refuses" in each for each in trusted.banner.warnings)
    trusted.close()


@needs.module("torch", even_in_ci=True)
def test_a_folder_without_weights_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no config"):
        engine(replace(SETTINGS, model=str(tmp_path / "empty"))).open(ModelOptions(), is_trusted=False)


@pytest.mark.long
@needs.module("torch", even_in_ci=True)
def test_a_picture_is_described_from_the_command_line_without_mlx(tmp_path: Path) -> None:
    """What both backends say alike is said independently."""
    (question,) = sample_exam("stills", 1)
    large = cv2.resize(question.tiles[0], (640, 480), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(tmp_path / "a.png"), large[:, :, ::-1])
    argv = ["describe", str(tmp_path / "a.png"), "--backend", "transformers", "--model", "demo"]
    probe = (
        f"import sys; from app.cli import main; print(main({argv}), *[m for m in sys.modules if m.startswith('mlx')])"
    )
    done = subprocess.run([sys.executable, "-c", probe], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [question.answer, "0"], done.stderr
    assert "drawn shapes" in done.stderr
