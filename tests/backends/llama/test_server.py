"""llama-server for a while: a real child that is ready late, or never, and is gone afterwards, whatever ends us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.backends.llama.server import (
    INSTALL,
    KEPT_BYTES,
    LlamaServer,
    Order,
    answer,
    failure,
    files,
    is_open_to,
    last_words,
    llama_server,
    opened,
    surroundings,
)
from app.errors import ModelError
from tests.backends.openai.stand_in import serving
from tests.fixtures import llama_server as stand_in
from tests.waiting import until

SLOW_S = 60
KEEPER = """
import sys, time
from pathlib import Path
from app.backends.llama.server import Order, files, opened
server = opened(Order(files(Path("m.gguf"), Path("mmproj.gguf"))))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = stand_in.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", stand_in.path_with(folder))
    return folder


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(files(*stand_in.pair(tmp_path)), patience_s=SLOW_S)


def key_of(server: LlamaServer) -> str:
    return server.endpoint.api_key


def port_of(server: LlamaServer) -> int:
    return server.endpoint.port


def test_it_is_asked_once_it_is_ready(bin_folder: Path, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "slow=1")
    with llama_server(order) as server:
        assert answer(port_of(server), key_of(server), SLOW_S) == 200
    assert len(stand_in.pids(bin_folder)) == 1


def test_it_listens_on_the_loopback_alone_and_opens_to_nobody_else(bin_folder: Path, order: Order) -> None:
    with llama_server(order) as server:
        given = stand_in.words(bin_folder)
        assert given[given.index("--host") + 1] == "127.0.0.1"
        assert "--no-webui" in given
        assert answer(port_of(server), "", SLOW_S) == answer(port_of(server), "guessed", SLOW_S) == 401


def test_its_key_is_in_no_list_of_processes(bin_folder: Path, order: Order) -> None:
    with llama_server(order) as server:
        assert len(key_of(server)) >= 24
        assert not any(key_of(server) in word for word in stand_in.words(bin_folder))


def test_what_is_set_for_another_server_does_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("API_PREFIX", "/x"), ("HF_REPO", "a/b"), ("CACHE_RAM", "-1"), ("N_GPU_LAYERS", "0")):
        monkeypatch.setenv(f"LLAMA_ARG_{name}", said)
    given = {name: said for name, said in surroundings().items() if name.startswith("LLAMA_ARG_")}
    assert given == {"LLAMA_ARG_N_GPU_LAYERS": "0", "LLAMA_ARG_CACHE_RAM": "0"}


def test_two_have_different_keys(bin_folder: Path, order: Order) -> None:
    with llama_server(order) as one, llama_server(order) as other:
        assert key_of(one) != key_of(other)
        assert answer(port_of(one), key_of(other), SLOW_S) == 401
    assert not stand_in.is_running(bin_folder)


def test_what_is_wished_is_what_it_is_called_with(bin_folder: Path, order: Order) -> None:
    with llama_server(Order(("-hf", "owner/name:Q8_0"), parallel=4, image_tokens=64)):
        given = " ".join(stand_in.words(bin_folder))
    assert "-hf owner/name:Q8_0" in given
    assert "-np 4 " in given
    assert "--image-max-tokens 64 " in given
    assert order.image_tokens is None
    assert "--image-max-tokens" not in order.arguments


def test_it_is_gone_when_the_block_ends_and_also_when_it_fails(bin_folder: Path, order: Order) -> None:
    def interrupted() -> None:
        with llama_server(order):
            assert stand_in.is_running(bin_folder)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not stand_in.is_running(bin_folder)


def test_one_that_is_deaf_is_ended_by_force(bin_folder: Path, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "deaf")
    with llama_server(order) as server:
        server.close()
        assert not stand_in.is_running(bin_folder)


@pytest.mark.usefixtures("bin_folder")
def test_it_can_be_closed_twice(order: Order) -> None:
    server = opened(order)
    server.close()
    server.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("mood", ["", "deaf"])
def test_it_does_not_outlive_whoever_started_it(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, mood: str
) -> None:
    monkeypatch.setenv("STAND_IN", mood)
    keeper = subprocess.Popen([sys.executable, "-c", KEEPER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == b"ready\n"
    assert stand_in.is_running(bin_folder)
    keeper.send_signal(number)
    keeper.communicate(timeout=SLOW_S)
    until(lambda: not stand_in.is_running(bin_folder))


def test_a_ctrl_c_of_the_terminal_does_not_reach_it(bin_folder: Path, order: Order) -> None:
    """It is in a process group of its own."""
    with llama_server(order) as server:
        assert os.getpgid(server.pid) == server.pid != os.getpgid(0)
        assert os.getpgid(stand_in.pids(bin_folder)[-1]) == server.pid


@pytest.mark.usefixtures("bin_folder")
@pytest.mark.parametrize("name", stand_in.REFUSALS)
def test_its_own_reason_is_told_when_it_ends(order: Order, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """And not one of the lines after it, which only say that there was one."""
    monkeypatch.setenv("STAND_IN", f"refuse={name}")
    with pytest.raises(ModelError) as failure, llama_server(order):
        raise AssertionError("it was never ready")
    why = stand_in.REFUSALS[name].split("\n")[0].removeprefix("E ")
    assert failure.value.message == f"llama-server ended with status 1: {why}"
    assert "./run.sh check" in failure.value.hint


@pytest.mark.usefixtures("bin_folder")
def test_where_nothing_could_be_fetched_the_remedy_speaks_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "refuse=offline")
    with (
        pytest.raises(ModelError, match="Could not establish connection") as failure,
        llama_server(Order(("-hf", "a/b"))),
    ):
        raise AssertionError("it was never ready")
    assert "huggingface.co" in failure.value.hint


def test_one_that_is_killed_says_by_what(bin_folder: Path, order: Order) -> None:
    with llama_server(order) as server:
        os.kill(stand_in.pids(bin_folder)[-1], signal.SIGKILL)
        until(server.has_ended)
        assert "was ended by signal 9" in server.reason().message


def test_where_its_leash_is_killed_that_is_said_and_it_is_ended_all_the_same(bin_folder: Path, order: Order) -> None:
    server = opened(order)
    os.kill(server.pid, signal.SIGKILL)
    until(server.has_ended)
    assert "was ended by signal 9" in server.reason().message
    server.close()
    until(lambda: not stand_in.is_running(bin_folder))


@pytest.mark.usefixtures("bin_folder")
def test_one_that_is_never_ready_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "slow=600")
    with (
        pytest.raises(ModelError, match="not ready within 0 s"),
        llama_server(Order(files(*stand_in.pair(tmp_path)), patience_s=0.0)),
    ):
        raise AssertionError("it was never ready")


def test_where_its_port_is_taken_it_gets_another(
    bin_folder: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "taken=once")
    with llama_server(order) as server:
        assert server.is_ready()
    assert len(stand_in.pids(bin_folder)) == 2


def test_where_every_port_is_taken_that_is_said(
    bin_folder: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "taken")
    with pytest.raises(ModelError, match="couldn't bind"), llama_server(order):
        raise AssertionError("it was never ready")
    assert len(stand_in.pids(bin_folder)) == 3


def test_another_server_on_its_port_is_not_taken_for_it() -> None:
    """One that lets everybody in, as a llama-server without a key does."""
    with serving(lambda body: (200, body), {"/props": {}}) as root:
        port = int(root.rpartition(":")[2])
        assert answer(port, "key", SLOW_S) == 200
        assert not is_open_to(port, "key", SLOW_S)


@pytest.mark.usefixtures("bin_folder")
def test_of_what_it_says_little_is_kept(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is never kept waiting until somebody reads it."""
    monkeypatch.setenv("STAND_IN", "chatty")
    with llama_server(order) as server:
        assert 0 < len(server.words()) <= KEPT_BYTES


def test_where_it_is_not_installed_the_remedy_is_to_install_it(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr("app.backends.llama.server.find_spec", lambda _name: None)
    with pytest.raises(ModelError, match="neither is installed") as failure, llama_server(order):
        raise AssertionError("there is none")
    assert failure.value.hint == INSTALL


@pytest.mark.parametrize(
    "content", [b"no program at all", b"\x7fELF of another machine", b"#!/nowhere/sh\n"], ids=["text", "elf", "lost"]
)
def test_one_that_cannot_be_run_is_explained(bin_folder: Path, order: Order, content: bytes) -> None:
    (bin_folder / "llama-server").write_bytes(content)
    with (
        pytest.raises(ModelError, match=r"cannot be run: (Exec format error|No such file)") as failure,
        llama_server(order),
    ):
        raise AssertionError("it was never ready")
    assert "llama.cpp" in failure.value.hint


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", ""),
        ("all is well\n", ": all is well"),
        ("1.2 I begins\n1.3 E first failed\n1.4 E then an error\n1.5 I ends\n", ": then an error"),
        ("W could not load a thing\nI slot release: all done\n", ": I slot release: all done"),
        ("E mm-unknown.gguf failed\nE unknown projector type: x\nE failed", ": E unknown projector type: x"),
    ],
)
def test_the_line_that_tells_most_is_told(said: str, words: str) -> None:
    assert last_words(said) == words


def test_what_speaks_of_no_failure_is_none() -> None:
    assert failure("1.2 I slot release: all done\n") == ""


def test_a_reason_is_one_short_line() -> None:
    assert len(failure("E failed " + "x" * 5000)) < 220
