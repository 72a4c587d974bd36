"""Every knob, and what the command line makes of it."""

import tomllib
from argparse import ArgumentParser
from dataclasses import fields
from pathlib import Path

import pytest

from app import cli
from app.config import AS_PUBLISHED, PROMPT, PROMPT_FRAMES, ModelOptions, Settings, add_flags, from_flags
from app.errors import UsageError
from scripts import cli_reference

ROOT = Path(__file__).parents[1]


def parsed(*argv: str) -> Settings:
    parser = ArgumentParser()
    add_flags(parser)
    return from_flags(parser.parse_args(argv))


def test_no_flags_are_the_defaults() -> None:
    assert parsed() == Settings()


def test_every_field_has_help_and_a_flag() -> None:
    parser = ArgumentParser()
    add_flags(parser)
    for each in fields(Settings):
        assert each.metadata["help"]
        assert "--" + each.name.replace("_", "-") in parser.format_help()


def test_the_reference_is_up_to_date() -> None:
    """After a change of flags: .venv/bin/python -m scripts.cli_reference."""
    assert cli_reference.page() == cli_reference.PAGE.read_text()


def test_flags_reach_their_fields() -> None:
    settings = parsed("--source", "clip.mp4", "--frames", "3", "--every", "0.5", "--no-speak", "--max-tokens", "9")
    assert settings == Settings(source="clip.mp4", frames=3, every=0.5, speak=False, max_tokens=9)


@pytest.mark.parametrize(
    "argv",
    [
        ["--frames", "0"],
        ["--frames", "two"],
        ["--frames", "1.5"],
        ["--every", "-1"],
        ["--every", "nan"],
        ["--seconds", "-3"],
        ["--max-tokens", "0"],
        ["--every", "inf"],
        ["--watch", " "],
        ["ask", ""],
        ["watch", ""],
        ["watch", "a cat", "--for", "inf"],
        ["watch", "a cat", "--cooldown", "-1"],
        ["watch", "a cat", "--then", "", "--model", "demo", "--source", "scenes"],
        ["history", "--wipe", "--find", "x"],
        ["demo", "--thumbnails"],
        ["demo", "--log", "nowhere/x.vtt", "--subtitles", "nowhere/x.vtt"],
        ["--page-port", "70000"],
        ["demo", "--page-port", "-1"],
        ["serve", "--port", "65536"],
        ["demo", "--page-cert", "x.pem"],
        ["demo", "--page", "--page-key", "x.pem"],
        ["demo", "--page-host", "localhost", "--page-cert", "x.pem"],
        ["--backend", "magic"],
        ["--nonsense"],
        ["nonsense"],
        ["--sour", "x"],
        ["describe"],
        ["demo", "--source", "x"],
    ],
)
def test_a_bad_command_line_is_explained_and_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.split(":")[0] for line in told.err.splitlines()] == ["error", "hint"]


def test_the_prompt_follows_the_number_of_frames_unless_given() -> None:
    assert Settings().words() == PROMPT
    assert Settings(frames=2).words() == PROMPT_FRAMES
    assert Settings(frames=2).words("A model's own.") == "A model's own."
    assert Settings(frames=2, prompt="Who is there?").words("A model's own.") == "Who is there?"


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_help_with_the_safety_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*filter(None, [command]), "--help"])
    assert ended.value.code == 0
    assert "Not for navigation" in capsys.readouterr().out


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert capsys.readouterr().out == f"looksay {version}\n"


def test_a_live_narrator_does_not_read_in_tiles() -> None:
    with pytest.raises(UsageError) as refusal:
        ModelOptions("tiles").for_live()
    assert "describe" in refusal.value.hint


@pytest.mark.parametrize("wish", [AS_PUBLISHED, ModelOptions(64), ModelOptions(precision="4bit")])
def test_any_other_wish_is_the_live_narrators_too(wish: ModelOptions) -> None:
    assert wish.for_live() == wish
