"""A GGUF pair as an engine: judged, started, looked through; refused with the reason at whatever stage there is one."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from app.backends import engine
from app.backends.llama.select import Pair, chosen
from app.config import AS_PUBLISHED, ModelOptions, Settings
from app.errors import ModelError, UsageError
from app.events import Frame, Request
from app.protocols import Describer
from tests import needs
from tests.fixtures import llama_server as stand_in
from tests.fixtures.gguf_files import make_pair
from tests.fixtures.gguf_pair import demo_pair

HUB = "ggml-org/SmolVLM2-256M-Video-Instruct-GGUF:Q8_0"


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = stand_in.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", stand_in.path_with(folder))
    return folder


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


def settings(**given: object) -> Settings:
    return Settings(backend="llama", **given)  # type: ignore[arg-type]


def small(folder: Path) -> Pair:
    return chosen(settings(gguf=str(make_pair("smolvlm", folder)[0])))


def said(describer: Describer, asked: str = "What do you see?") -> str:
    red = np.full((480, 640, 3), (220, 20, 20), np.uint8)
    return "".join(piece.text for piece in describer.describe(Request((Frame(red, 0.0, 0.0, 0),), asked))).strip()


def test_a_pair_that_sees_is_let_in(tmp_path: Path, bin_folder: Path) -> None:
    with closing(small(tmp_path).open(AS_PUBLISHED, is_trusted=False)) as describer:
        assert said(describer).startswith("A red circle")
        assert describer.banner.name == "smolvlm-Q8_0 in llama-server"
    assert not stand_in.is_running(bin_folder)


def test_it_is_what_the_settings_name(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    named = engine(settings(gguf=str(tmp_path), mmproj=str(mmproj), parallel=3))
    assert isinstance(named, Pair)
    assert (named.text, named.mmproj, named.parallel) == (text, mmproj, 3)


@needs.module("gguf")
def test_the_demo_models_pair_is_known_as_what_it_is() -> None:
    pair = chosen(settings(gguf=str(demo_pair().text)))
    assert (pair.card.name, pair.card.frames) == ("demo", 4)
    assert pair.notes[0].startswith("The demo model recognizes simple drawn")


def test_an_empty_name_is_none() -> None:
    with pytest.raises(UsageError, match="needs a pair in GGUF"):
        chosen(settings(gguf=""))


def test_with_several_cameras_it_is_asked_about_several_frames_at_once(tmp_path: Path, bin_folder: Path) -> None:
    text = str(make_pair("smolvlm", tmp_path)[0])
    assert chosen(settings(gguf=text, camera=("a", "b"))).at_once == 4
    assert chosen(settings(gguf=text)).at_once == 1
    with closing(chosen(settings(gguf=text, parallel=2)).open(AS_PUBLISHED, is_trusted=False)):
        given = stand_in.words(bin_folder)
    assert given[given.index("-np") + 1] == "2"


def test_what_the_check_finds_is_said_and_nothing_is_started(tmp_path: Path, bin_folder: Path) -> None:
    text, _ = make_pair("smolvlm", tmp_path)
    _, other = make_pair("lfm2-vl", tmp_path)
    for mmproj in (other, text):
        with pytest.raises(ModelError, match="does not pass the check"):
            chosen(settings(gguf=str(text), mmproj=str(mmproj))).open(AS_PUBLISHED, is_trusted=False)
    other.unlink()
    (tmp_path / "mmproj-smolvlm-f16.gguf").unlink()
    with pytest.raises(ModelError, match="has no mmproj: it would load, and answer without seeing anything"):
        chosen(settings(gguf=str(text))).open(AS_PUBLISHED, is_trusted=False)
    assert stand_in.pids(bin_folder) == []


def test_why_llama_server_refuses_is_said(tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "refuse=architecture")
    with pytest.raises(ModelError, match="unknown model architecture: 'llamz'"):
        small(tmp_path).open(AS_PUBLISHED, is_trusted=False)
    assert not stand_in.is_running(bin_folder)


def test_one_that_dies_while_it_is_looked_through_is_refused(
    tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "dies")
    with pytest.raises(ModelError, match="does not pass the check: llama-server was ended by signal 9") as failure:
        small(tmp_path).open(AS_PUBLISHED, is_trusted=False)
    assert "start looksay again" in failure.value.hint, "nobody starts it again for a run that ends"
    assert not stand_in.is_running(bin_folder)


def test_one_that_names_no_colours_is_refused_unless_it_is_trusted(
    tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "blind")
    with pytest.raises(ModelError, match='blind: whatever it is shown, it says "Black"'):
        small(tmp_path).open(AS_PUBLISHED, is_trusted=False)
    assert not stand_in.is_running(bin_folder)
    with closing(small(tmp_path).open(AS_PUBLISHED, is_trusted=True)) as describer:
        assert any("--trust-model" in warning for warning in describer.banner.warnings)


def test_one_on_the_hub_is_left_to_llama_server_and_that_is_said(bin_folder: Path) -> None:
    named = chosen(settings(gguf=HUB))
    assert "llama-server, which downloads it by itself" in named.notes[0]
    assert named.card.name == "smolvlm2-256m"
    with closing(named.open(AS_PUBLISHED, is_trusted=False)) as describer:
        assert said(describer).startswith("A red circle")
        given = stand_in.words(bin_folder)
    assert given[given.index("-hf") + 1] == HUB
    assert given[given.index("--image-max-tokens") + 1] == "64"  # one tile, as the registry has it


def test_of_one_on_the_hub_that_nobody_knows_a_frame_is_256_tokens(bin_folder: Path) -> None:
    with closing(chosen(settings(gguf="owner/name")).open(AS_PUBLISHED, is_trusted=False)):
        given = stand_in.words(bin_folder)
    assert given[given.index("--image-max-tokens") + 1] == "256"


@pytest.mark.parametrize("wish", [ModelOptions(precision="4bit")])
def test_a_wish_that_cannot_be_granted_is_refused(tmp_path: Path, wish: ModelOptions) -> None:
    with pytest.raises(UsageError):
        small(tmp_path).open(wish, is_trusted=False)


def test_without_a_pair_one_is_named() -> None:
    with pytest.raises(UsageError) as refusal:
        chosen(settings())
    assert HUB in refusal.value.hint


def test_eyes_do_not_go_with_a_name_on_the_hub() -> None:
    with pytest.raises(UsageError, match="--mmproj is for a pair of files"):
        chosen(settings(gguf=HUB, mmproj="eyes.gguf"))


@pytest.mark.parametrize("name", ["gone.gguf", "/nowhere/at/all", "./gone"])
def test_what_is_not_there_is_said_not_to_be(name: str) -> None:
    with pytest.raises(ModelError, match="no such file"):
        chosen(settings(gguf=name))


@needs.module("xllamacpp")
@needs.module("gguf")
@pytest.mark.usefixtures("nowhere")
def test_open_without_llama_server_runs_xllamacpp() -> None:
    named = chosen(settings(gguf=str(demo_pair().text), parallel=4))
    assert named.at_once == 4
    with closing(named.open(AS_PUBLISHED, is_trusted=False)) as describer:
        assert describer.banner.name == "demo in xllamacpp"
        assert not describer.banner.warnings
        assert said(describer, "What single color fills this picture?") == "Red."


@needs.module("xllamacpp")
@needs.module("gguf")
@pytest.mark.usefixtures("nowhere")
def test_open_without_eyes_gives_no_answer_even_if_trusted(tmp_path: Path) -> None:
    (text := tmp_path / "demo.gguf").symlink_to(demo_pair().text)
    with pytest.raises(ModelError, match="has no mmproj"):
        chosen(settings(gguf=str(text))).open(AS_PUBLISHED, is_trusted=False)
    with (
        closing(chosen(settings(gguf=str(text))).open(AS_PUBLISHED, is_trusted=True)) as describer,
        pytest.raises(ModelError, match="image input is not supported"),
    ):
        said(describer)


@pytest.mark.usefixtures("nowhere")
def test_open_with_neither_server_installed_names_both_ways_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.backends.llama.server.find_spec", lambda _name: None)
    with pytest.raises(ModelError, match="needs xllamacpp or llama-server, and neither is installed") as failure:
        small(tmp_path).open(AS_PUBLISHED, is_trusted=False)
    assert "./install.sh --llama" in failure.value.hint
    assert "brew install llama.cpp" in failure.value.hint


@needs.module("xllamacpp")
@pytest.mark.usefixtures("nowhere")
def test_open_with_a_name_on_the_hub_needs_llama_server() -> None:
    with pytest.raises(ModelError, match=f"downloading {HUB} needs llama-server") as failure:
        chosen(settings(gguf=HUB)).open(AS_PUBLISHED, is_trusted=False)
    assert "brew install llama.cpp" in failure.value.hint


def test_a_model_named_beside_the_pair_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    text = str(make_pair("smolvlm", tmp_path)[0])
    with pytest.raises(UsageError, match="--model chooses no pair"):
        chosen(settings(gguf=text, model="smolvlm2-500m"))
    own = chosen(settings(gguf=text)).card.name
    assert chosen(settings(gguf=text, model=own)).card.name == own


@pytest.mark.usefixtures("bin_folder")
def test_once_it_runs_and_sees_nobody_doubts_that_llama_cpp_knows_it(tmp_path: Path) -> None:
    text = str(make_pair("smolvlm", tmp_path)[0])
    with closing(chosen(settings(gguf=text)).open(AS_PUBLISHED, is_trusted=False)) as describer:
        assert not [each for each in describer.banner.warnings if "knows" in each]
