"""What was found before, so that a start does not ask again what cannot have changed.

A verdict belongs to the files it was passed on (their hashes), to the versions that passed it, and to looksay's own
code of judging. Whatever differs in one of these is asked afresh. It keeps verdicts; it passes none.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.check.findings import Finding
from app.files import ROOT
from app.jsonfile import load_cached, save_cached

VERSIONED = ("mlx", "mlx-vlm", "transformers", "tokenizers", "jinja2", "numpy", "pillow", "opencv-python-headless")
"""Packages through which a model is loaded and shown a picture."""
JUDGES = (
    *("check", "backends", "config.py", "cleaning.py", "markdown.py", "text.py"),
    *(f"models/{name}.py" for name in ("safetensors", "gguf", "corrupt_file", "registry", "convert")),
)
"""Where, inside app/, it is decided what is found."""
KEPT = 40
"""Verdicts; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Findings by what they depend on, in one small JSON file."""

    path: Path

    def findings(self, key: str, ask: Callable[[], Sequence[Finding]]) -> list[Finding]:
        """What was found under this key, or what `ask` finds now."""
        known = self._recalled()
        if key not in known:
            known = {key: list(ask())}
            self.keep(key, known[key])
        return known[key]

    def keep(self, key: str, found: Sequence[Finding]) -> None:
        """Remember it, unless something stayed unknown; that is asked again next time."""
        if any(each.status == "unknown" for each in found):
            return
        known = {other: told for other, told in self._recalled().items() if other != key}  # others may have written
        newest = dict(list({**known, key: list(found)}.items())[-KEPT:])
        save_cached(self.path, {name: [asdict(each) for each in told] for name, told in newest.items()})

    def _recalled(self) -> dict[str, list[Finding]]:
        try:
            return {key: [Finding(**each) for each in found] for key, found in load_cached(self.path).items()}
        except TypeError:
            return {}


def key(hashes: Mapping[str, str], *circumstances: object) -> str:
    """Of files (name → SHA-256), versions, looksay's own judgement, and whatever else a verdict hangs on."""
    parts = [sorted(hashes.items()), versions(), own_code(), [repr(each) for each in circumstances]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def versions() -> list[str]:
    return [f"{name} {_version(name)}" for name in VERSIONED]


def own_code() -> str:
    """A hash over the files that judge and that show pictures to the model: about 1 ms."""
    app = ROOT / "app"
    places = [app / name for name in JUDGES]
    files = sorted(file for place in places for file in ([place] if place.is_file() else place.rglob("*.py")))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
