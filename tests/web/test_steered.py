"""A real run with a page, steered by a program over its small JSON API, as docs/page.md describes."""

import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from threading import Thread
from typing import Any
from urllib.error import HTTPError

import pytest
import webvtt

from app.web.event_stream import MOST
from tests.running import DEMO, SLOW_S, start
from tests.running import run as run_to_its_end


@dataclass
class Run:
    """A run and its page."""

    process: Popen[str]
    base: str
    token: str
    err: list[str]

    def get(self, path: str) -> Any:
        return json.loads(self.read(path))

    def read(self, path: str) -> bytes:
        with urllib.request.urlopen(self.base + path, timeout=SLOW_S) as answer:
            return bytes(answer.read())

    def read_first(self, path: str) -> bool:
        """Whether it begins to answer."""
        try:
            with urllib.request.urlopen(self.base + path, timeout=SLOW_S) as answer:
                return bool(answer.readline())
        except HTTPError:
            return False

    def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=SLOW_S) as answer:
                return answer.status, json.load(answer)
        except HTTPError as refused:
            return refused.code, json.load(refused)

    @property
    def setup(self) -> dict[str, Any]:
        return self.get("api/state")["setup"]  # type: ignore[no-any-return]

    @property
    def said(self) -> list[dict[str, Any]]:
        return self.get("api/state")["said"]  # type: ignore[no-any-return]

    def kinds(self) -> list[str]:
        return [each["record"]["kind"] for each in self.said]

    def until(self, is_so: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + SLOW_S
        while not is_so():
            assert time.monotonic() < give_up_at, self.said[-5:]
            time.sleep(0.05)


def started(*argv: str) -> Run:
    process = start(*argv, "--page-port", "0", "--no-speak")
    assert process.stderr
    line = next(each for each in process.stderr if "The page is at " in each)
    base, err = line.split(" at ")[1].strip(), [line]
    Thread(target=lambda: err.extend(process.stderr or ()), daemon=True).start()
    with urllib.request.urlopen(f"{base}api/token", timeout=SLOW_S) as answer:
        token = json.load(answer)["token"]
    run = Run(process, base, token, err)
    run.until(lambda: run.get("api/state")["is_ready"])
    return run


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model under another name."""
    folder = tmp_path_factory.mktemp("models") / "same eyes"
    shutil.copytree(
        DEMO,
        folder,
        ignore=lambda _, names: [each for each in names if not each.endswith((".json", ".jinja", ".safetensors"))],
    )
    return folder


@pytest.fixture(scope="module")
def run(copied: Path) -> Iterator[Run]:
    run = started("--source", "scenes", "--model", str(copied), "--page")
    yield run
    run.process.terminate()
    run.process.communicate(timeout=SLOW_S)


def test_everything_that_can_be_set_is_set_and_told(run: Run) -> None:
    wanted = {"prompt": "What is there?", "verbosity": "full", "every": 1.5, "watches": ["a green star"]}
    code, told = run.post("api/setup", **wanted)
    assert code == 200
    assert {name: told[name] for name in wanted} == wanted
    run.until(lambda: {name: run.setup[name] for name in wanted} == wanted)
    run.post("api/setup", prompt="", verbosity="brief", every=run.setup["every_least"], watches=[])
    run.until(lambda: run.setup["is_own_prompt"])


def test_a_page_with_several_cameras_shows_sets_and_asks_all_of_them() -> None:
    run = started("--camera", "Door=scenes", "--camera", "Yard=scenes", "--model", "demo", "--page")
    try:
        run.until(lambda: {"Door", "Yard"} <= {each["record"].get("camera") for each in run.said})
        assert run.get("api/cameras") == {"cameras": [{"source": "Door, Yard", "name": "Door, Yard"}]}
        assert run.post("api/switch", source="scenes")[0] == 400
        run.post("api/setup", verbosity="quiet", prompt="What is there?")
        run.until(lambda: (run.setup["verbosity"], run.setup["prompt"]) == ("quiet", "What is there?"))
        run.post("api/ask", question="Is there a red circle?")
        run.until(
            lambda: (
                {"Door", "Yard"}
                == {each["record"]["camera"] for each in run.said if each["record"]["kind"] == "answer"}
            )
        )
    finally:
        run.post("api/end")
        assert run.process.wait(timeout=SLOW_S) == 0


def test_thumbnails_are_kept_only_while_they_are_asked_for(run: Run) -> None:
    assert not [each for each in run.said if "thumbnail" in each]
    run.post("api/setup", thumbnails=True)
    run.until(lambda: any("thumbnail" in each for each in run.said))
    path = next(each["thumbnail"] for each in run.said if "thumbnail" in each).lstrip("/")
    assert run.read(path).startswith(b"\xff\xd8\xff")
    run.post("api/setup", thumbnails=False)
    with pytest.raises(HTTPError):
        run.read(path)


def test_what_has_been_said_can_be_saved(run: Run) -> None:
    run.until(lambda: any(each["record"]["event"] == "sentence" for each in run.said))
    lines = [json.loads(line) for line in run.read("api/log.jsonl").decode().splitlines()]
    texts = [each["text"] for each in lines if each["event"] == "sentence"]
    cues = webvtt.from_string(run.read("api/subtitles.vtt").decode())
    assert texts
    assert [cue.text for cue in cues][: len(texts)] == texts
    assert run.read("api/picture.jpg").startswith(b"\xff\xd8\xff")


def test_what_cannot_be_had_is_refused_with_a_way_out(run: Run) -> None:
    for body in (
        {"source": "/etc/passwd"},
        {"source": "http://127.0.0.1:1/x"},
        {"model": "smolvlm2-2.2b"},
        {"model": "/"},
        {},
    ):
        code, told = run.post("api/switch", **body)
        assert (code, bool(told["error"]), bool(told["hint"])) == (400, True, True)
    assert run.post("api/ask", question=" ")[0] == 400
    assert run.post("api/nothing")[0] == 404
    assert not run.setup["is_switching"]


def test_another_model_and_another_camera_are_gone_over_to(run: Run, copied: Path) -> None:
    models = {each["name"]: each for each in run.get("api/models")["models"]}
    assert models["demo"]["verdict"] == "sees"
    assert models["smolvlm2-256m"]["is_installed"] is False
    run.post("api/switch", model="demo")
    run.until(lambda: run.setup["model"] == "demo" and not run.setup["is_switching"])
    frames = run.get("api/state")["said"][-1]["id"]
    run.until(lambda: any(each["event"] == "sentence" and each["id"] > frames for each in run.said))
    assert "browser" in [each["source"] for each in run.get("api/cameras")["cameras"]]
    run.post("api/switch", source="browser")
    run.until(lambda: "waiting" in run.kinds())
    run.post("api/setup", verbosity="quiet")
    run.post("api/hold", is_stopped=True)
    assert (run.setup["verbosity"], run.setup["is_stopped"]) == ("quiet", True)  # though no picture comes
    run.post("api/switch", source="scenes", model=str(copied))
    run.until(lambda: (run.setup["source"], run.setup["model"]) == ("scenes", str(copied)))
    assert run.post("api/ask", question="Is there a star?")[0] == 200
    assert (run.setup["verbosity"], run.setup["is_stopped"]) == ("quiet", True)
    run.post("api/setup", verbosity="brief")
    run.post("api/hold", is_stopped=False)


def test_a_stream_begins_with_all_that_there_is_and_goes_on(run: Run) -> None:
    with urllib.request.urlopen(f"{run.base}api/events", timeout=SLOW_S) as stream:
        names = [line.decode().split(": ")[1].strip() for line in stream_until(stream, b"event: beat")]
    assert names[0] == "state"
    assert "beat" in names


def test_no_more_windows_read_along_than_there_are_places_for(run: Run) -> None:
    with ExitStack() as streams:
        for _ in range(MOST):
            stream = streams.enter_context(urllib.request.urlopen(f"{run.base}api/events", timeout=SLOW_S))
            next(stream_until(stream, b"event: state"))
        with pytest.raises(HTTPError, match="503"):
            run.read("api/events")
        assert run.get("api/state")["is_ready"]
    run.until(lambda: run.read_first("api/events"))


def stream_until(stream: Any, last: bytes) -> Iterator[bytes]:
    """Its `event:` lines, up to the last."""
    for line in stream:
        if line.startswith(b"event: "):
            yield line
            if line.startswith(last):
                return


def test_the_page_can_end_the_run_and_says_goodbye() -> None:
    run = started("demo", "--page")
    with urllib.request.urlopen(f"{run.base}api/events", timeout=SLOW_S) as stream:
        assert run.post("api/end")[0] == 202
        assert list(stream_until(stream, b"event: end"))[-1] == b"event: end\n"
    out, _ = run.process.communicate(timeout=SLOW_S)
    assert run.process.returncode == 0
    assert "page" not in out


@pytest.mark.long
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_what_another_output_complains_of_is_read_on_the_page_too() -> None:
    run = started("demo", "--page", "--log", "/dev/full")
    run.until(lambda: "log" in run.kinds())
    run.process.terminate()
    run.process.communicate(timeout=SLOW_S)


@pytest.mark.long
def test_the_token_of_a_link_is_in_no_log(tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    ended = run_to_its_end("demo", "--page-host", "0.0.0.0", "--page-port", "0", "--seconds", "1", "--log", str(log))
    (link,) = (word for word in ended.err.split() if "?token=" in word)
    assert link.startswith("https://")
    assert link.partition("?token=")[2] not in log.read_text()
    assert "fingerprint" in ended.err
