"""Which models there are, and where each one lives on this disk.

It reads models/registry.toml and looks whether a folder is there. It does not open weights, and it does not verify
them (lock.py does); it is imported at every start, so it imports nothing heavy.
"""

import tomllib
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from app.errors import ModelError, UsageError

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""


@dataclass(frozen=True, slots=True)
class Model:
    """One table of models/registry.toml."""

    name: str
    licence: str
    """As SPDX or the vendor writes it; shown before the download."""
    default: bool = False
    """The model of a plain ./install.sh and ./run.sh."""
    folder: str = ""
    """Where it lies in the repository; empty for one that is fetched."""
    repository: str = ""
    """owner/name on huggingface.co."""
    revision: str = "main"
    """The commit to take; a branch is resolved once, at install."""
    weights_sha256: str = ""
    """Of the published model.safetensors, before anything is made of it."""
    bits: int = 0
    """What the language model's layers are quantized to at install; 0 keeps them as published."""
    group_size: int = 64
    """Weights that share one scale."""
    note: str = ""
    """What the banner says whenever this model speaks."""

    @property
    def is_pinned(self) -> bool:
        return bool(self.weights_sha256)

    @property
    def install_command(self) -> str:
        return "./install.sh" if self.default else f"./install.sh --model {self.name}"


def registered(root: Path = ROOT) -> dict[str, Model]:
    """Every model of the registry, by name.

    Raises:
        ModelError: models/registry.toml cannot be read, or has a table that is not a model.
    """
    path = root / "models" / "registry.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _model(name, table) for name, table in tables.items()}
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise ModelError(
            f"{path} is no list of models: {error}", f"a table may have: {', '.join(_keys())}; licence must be there"
        ) from error


def known(name: str, root: Path = ROOT) -> Model:
    """The model of this name.

    Raises:
        UsageError: there is none, with the names that there are.
    """
    models = registered(root)
    if name not in models:
        raise _unknown(name, list(models))
    return models[name]


def fetched_folder(name: str, root: Path = ROOT) -> Path:
    """Where a model that is fetched lies once it is installed."""
    return root / ".models" / name


def locate(name_or_path: str, root: Path = ROOT) -> Path:
    """The folder of a registered model, or the folder itself if a path is given.

    Raises:
        UsageError: neither a registered name nor a path.
        ModelError: not installed, or no model folder.
    """
    models = registered(root)
    if name_or_path in models:
        return _installed(models[name_or_path], root)
    path = Path(name_or_path).expanduser()
    if path.exists() or _looks_like_path(name_or_path):
        return _model_folder(path)
    raise _unknown(name_or_path, list(models))


def note(folder: Path, root: Path = ROOT) -> str:
    """What the registry wants said of the model in this folder; empty for one that it does not know."""
    where = folder.resolve()
    homes = {(root / model.folder).resolve(): model for model in registered(root).values() if model.folder}
    return homes[where].note if where in homes else ""


def _model(name: str, table: object) -> Model:
    if not isinstance(table, dict):
        raise TypeError(f"{name} is not a table")
    return Model(name=name, **table)


def _keys() -> list[str]:
    return [each.name for each in fields(Model) if each.name != "name"]


def _installed(model: Model, root: Path) -> Path:
    if model.folder:
        return _bundled(model, root)
    folder = fetched_folder(model.name, root)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{model.name} is not installed", f"{model.install_command} fetches it, or ./run.sh demo")
    return folder


def _bundled(model: Model, root: Path) -> Path:
    folder = root / model.folder
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{model.name} belongs into {model.folder} and is not there", f"git checkout -- {model.folder}"
        )
    return folder


def _model_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ModelError(f"{path} is not a folder", "give a model's name (./run.sh models), or the folder it lies in")
    if not (path / "config.json").is_file():
        raise ModelError(f"{path} is no model folder: it has no config.json", "give the folder that config.json is in")
    return path


def _looks_like_path(words: str) -> bool:
    return words.startswith((".", "~", "/")) or "/" in words


def _unknown(name: str, names: list[str]) -> UsageError:
    close = get_close_matches(name, names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return UsageError(f"there is no model called {name}", f"{meant}there are: {', '.join(names)}; or give a folder")
