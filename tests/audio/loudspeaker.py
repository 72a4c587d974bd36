"""A loudspeaker that is a file: PortAudio over ALSA, in a child process, which alone reads where the card is."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.terminal.stage import ROOT

CARD = """
pcm.!default {{ type file  file "{folder}/default.raw"  format "raw"  slave.pcm {{ type null }} }}
pcm.kitchen {{ type file  file "{folder}/kitchen.raw"  format "raw"  slave.pcm {{ type null }} }}
pcm.kitchenette {{ type file  file "{folder}/kitchenette.raw"  format "raw"  slave.pcm {{ type null }} }}
ctl.!default {{ type hw  card 0 }}
"""
"""It has no clock: it takes samples as fast as they are given."""


def card(folder: Path) -> dict[str, str]:
    """The environment of a process that has these loudspeakers."""
    (folder / "asound.conf").write_text(CARD.format(folder=folder))
    return {**os.environ, "ALSA_CONFIG_PATH": str(folder / "asound.conf")}


def run(program: str, environment: dict[str, str]) -> str:
    """What it prints, once it has ended well."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def recorded(folder: Path, name: str = "default") -> NDArray[np.float32]:
    """What that loudspeaker has been given so far: (n, 2), float32."""
    file = folder / f"{name}.raw"
    given = np.fromfile(file, np.float32) if file.exists() else np.empty(0, np.float32)
    return given[: len(given) // 2 * 2].reshape(-1, 2)


def sound(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The left side, from the first sample that is not silence to the last: (n,), float32."""
    left = samples[:, 0]
    heard = np.flatnonzero(left)
    return left[heard[0] : heard[-1] + 1] if len(heard) else left[:0]
