"""What was found before, so that a start does not ask again what cannot have changed.

A verdict belongs to the files it was passed on (their hashes), to the versions that passed it, and to looksay's own
code of judging. Whatever differs in one of these is asked afresh. It keeps verdicts; it passes none.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.check.facts import Finding

VERSIONED = ("mlx", "mlx-vlm", "transformers", "tokenizers", "pillow", "opencv-python")
"""Packages through which a model is loaded and shown a picture."""
JUDGES = ("check", "headers", "vision", "card.py")
"""Where, inside app/, it is decided what is found."""
KEPT = 40
"""Verdicts; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Findings by what they depend on, in one small JSON file."""

    path: Path

    def findings(self, key: str, ask: Callable[[], Sequence[Finding]], *, afresh: bool = False) -> list[Finding]:
        """What was found under this key, or what `ask` finds now: `afresh`, and where something stayed unknown."""
        known = self._recalled()
        if key in known and not afresh:
            return known[key]
        found = list(ask())
        if not any(each.status == "unknown" for each in found):
            self._keep({**known, key: found})
        return found

    def _recalled(self) -> dict[str, list[Finding]]:
        """Empty where there is nothing, or nothing that can be read."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            return {key: [Finding(**each) for each in found] for key, found in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _keep(self, known: Mapping[str, Sequence[Finding]]) -> None:
        """Whole or not at all; a disk that cannot be written to only means asking again."""
        newest = dict(list(known.items())[-KEPT:])
        kept = {key: [asdict(each) for each in found] for key, found in newest.items()}
        with suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            half = self.path.with_suffix(f".{os.getpid()}")
            half.write_text(json.dumps(kept, indent=1))
            os.replace(half, self.path)


def key(hashes: Mapping[str, str], *circumstances: object) -> str:
    """Of files (name → SHA-256), versions, looksay's own judgement, and whatever else a verdict hangs on."""
    parts = [sorted(hashes.items()), versions(), own_code(), [repr(each) for each in circumstances]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def versions() -> list[str]:
    return [f"{name} {_version(name)}" for name in VERSIONED]


def own_code() -> str:
    """A hash over the files that judge and that show pictures to the model: about 1 ms."""
    app = Path(__file__).parents[1]
    places = [app / name for name in JUDGES]
    files = sorted(file for place in places for file in ([place] if place.is_file() else place.rglob("*.py")))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
