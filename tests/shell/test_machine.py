"""Which machines install.sh takes, and what it says to the others. Nothing is made on a machine that is refused."""

import pytest

from tests.shell.stage import Stage, everything_in


def assert_refused(stage: Stage, *words: str, **environment: str) -> None:
    before = everything_in(stage.home)
    outcome = stage.install(**environment)
    assert outcome.code == 1
    error, hint = outcome.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    for word in words:
        assert word in outcome.err
    assert everything_in(stage.home) == before
    assert not stage.has_called("uv")


@pytest.mark.parametrize("version", ["14.0", "15.6.1", "26.1"])
def test_a_mac_with_apple_silicon_and_macos_14_or_later_is_taken(stage: Stage, version: str) -> None:
    stage.stand_in("sw_vers", f"echo {version}")
    assert stage.install().code == 0


def test_macos_13_is_refused_with_the_reason(stage: Stage) -> None:
    stage.stand_in("sw_vers", "echo 13.7")
    assert_refused(stage, "macOS 13.7", "MLX", "14", "Software Update")


def test_an_intel_mac_is_refused_with_the_reason(stage: Stage) -> None:
    stage.machine("Darwin", "x86_64")
    assert_refused(stage, "Intel Mac", "MLX", "M1")


def test_rosetta_is_told_from_an_intel_mac_and_how_to_leave_it(stage: Stage) -> None:
    stage.machine("Darwin", "x86_64")
    stage.stand_in("sysctl", "echo 1")
    assert_refused(stage, "Rosetta", "arch -arm64")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_linux_on_a_processor_that_mlx_knows_is_taken(stage: Stage, machine: str) -> None:
    stage.machine("Linux", machine)
    stage.stand_in("getconf", "echo glibc 2.35")
    assert stage.install().code == 0


def test_linux_on_another_processor_is_refused(stage: Stage) -> None:
    stage.machine("Linux", "riscv64")
    assert_refused(stage, "riscv64", "x86-64 or arm64")


def test_another_system_is_refused_by_its_name(stage: Stage) -> None:
    stage.machine("FreeBSD", "amd64")
    assert_refused(stage, "FreeBSD", "macOS 14")


def test_linux_with_musl_is_refused(stage: Stage) -> None:
    stage.machine("Linux", "x86_64")
    stage.stand_in("getconf", "exit 1")
    stage.stand_in("ldd", "echo 'musl libc (x86_64)' >&2; exit 1")
    assert_refused(stage, "musl", "glibc")


def test_linux_with_an_old_glibc_is_refused(stage: Stage) -> None:
    stage.machine("Linux", "x86_64")
    stage.stand_in("getconf", "echo glibc 2.31")
    assert_refused(stage, "glibc 2.31", "2.35", "Ubuntu 22.04")


def test_a_folder_with_a_colon_in_its_name_is_refused(stage: Stage) -> None:
    stage.home = stage.home.rename(stage.base / "look:say")
    assert_refused(stage, "colon", "rename")


def test_a_full_disk_is_told_of_before_anything_is_fetched(stage: Stage) -> None:
    stage.disk(free_mb=700)
    assert_refused(stage, "800 MB", "700 MB left", "free some space")


def test_too_little_room_for_the_model_is_told_of_before_it_is_fetched(stage: Stage) -> None:
    assert stage.install("--no-model").code == 0
    stage.disk(free_mb=700)
    outcome = stage.install()
    assert outcome.code == 1
    assert "downloading smolvlm2-256m needs about 1000 MB" in outcome.err
    assert not any("app.models.install" in call for call in stage.calls())


@pytest.mark.parametrize("filesystem", ["/dev/disk3s1", "map auto_home", "//user@server/My 50% Share"])
def test_free_space_is_read_whatever_the_file_system_is_called(stage: Stage, filesystem: str) -> None:
    stage.disk(free_mb=321, filesystem=filesystem)
    assert "321 MB left" in stage.install().err


def test_what_linux_lacks_is_a_hint_with_the_command_and_no_failure(stage: Stage) -> None:
    stage.machine("Linux", "x86_64")
    stage.say("lacks", "libportaudio2 (sound)\nespeak-ng (the voice)\n")
    outcome = stage.install("--no-model")
    assert outcome.code == 0
    assert "lacks libportaudio2 (sound), espeak-ng (the voice)" in outcome.out
    assert "sudo apt install libportaudio2 espeak-ng" in outcome.out


def test_a_linux_that_lacks_nothing_is_given_no_hint(stage: Stage) -> None:
    stage.machine("Linux", "x86_64")
    assert "hint" not in stage.install("--no-model").out


def test_packages_that_do_not_load_are_a_failure(stage: Stage) -> None:
    stage.say("does-not-load")
    outcome = stage.install("--no-model")
    assert outcome.code == 1
    assert "ImportError: made up" in outcome.err
    assert "do not load" in outcome.err
    assert not (stage.home / ".venv/looksay-complete").exists()
