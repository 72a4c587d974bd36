"""The command line as a start-up cost: what `--help` imports."""

import subprocess
import sys

import pytest

from app.cli import check_usage
from tests.running import ROOT, environment

HEAVY = {"mlx", "mlx_vlm", "cv2", "PIL", "rich", "transformers", "huggingface_hub", "numpy"}
LAZY = {"app.bench", "app.score"}
"""Packages for developers, which no other command may pay for."""


@pytest.mark.parametrize("argv", [["--help"], ["demo", "--help"], ["describe", "--help"], ["bench", "--help"]])
def test_help_imports_nothing_heavy(argv: list[str]) -> None:
    program = f"import sys, app.cli\ntry: app.cli.main({argv})\nexcept SystemExit: pass\nprint(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    imported = set(ended.stdout.splitlines()[-1].split())
    assert "app.cli" in imported
    assert not imported & (HEAVY | LAZY)


@pytest.mark.parametrize(
    ("argv", "code"),
    [([], 0), (["demo", "--frames", "3"], 0), (["watch", "a dog", "--for", "2"], 0), (["--nonsense"], 2), (["ask"], 2)],
)
def test_a_command_line_is_checked_without_running_it(
    argv: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_usage(argv) == code
    assert capsys.readouterr().err.startswith("error: " if code else "")
