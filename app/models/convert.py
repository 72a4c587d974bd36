"""Which parts of a model are quantized: at install by app/models, on request by the MLX backend."""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.errors import InstallError
from app.files import is_appledouble
from app.models.corrupt_file import CorruptFile
from app.models.safetensors import read_header

LAYERS = re.compile(r"language_model\.(?:.*\.)?layers\.")
"""The blocks of the language model, as mlx-vlm names them: no vision tower, connector, embeddings or head."""

GUESSED = ("smolvlm", "idefics3")
"""Architectures for which mlx-vlm guesses another rope_theta than the models were trained with: 1,000,000."""

PARTS = ("text_config", "llm_config")
"""What the language model's part is called; some configs have no parts."""


def text_part(config: Mapping[str, Any]) -> str:
    """The key of the language model's part; empty where that is the config itself."""
    return next((name for name in PARTS if config.get(name)), "")


def text_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The language model's part of config.json; empty where it is no JSON object."""
    name = text_part(config)
    text = config[name] if name else config
    return text if isinstance(text, Mapping) else {}


def rope_theta(config: Mapping[str, Any]) -> float | None:
    """What config.json says, None if it gives no number: rope_parameters first, as transformers reads it."""
    text = text_of(config)
    for place in (text.get("rope_parameters"), text):
        said = place.get("rope_theta") if isinstance(place, Mapping) else None
        if isinstance(said, int | float):
            return said
    return None


WITH_HEAD = ("smolvlm", "idefics3")
"""Architectures whose loader wants a head of its own even where it is tied to the embeddings, and that it loads
without eyes if they are not there. Of the others, app/check asks the loader.
That they are also the two of rope.GUESSED is chance: that is about another gap of the loader."""

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a folder is made."""

    bits: int
    """Of the language model's layers; 0 leaves them as published."""
    group_size: int = 64

    @property
    def made(self) -> dict[str, str | int]:
        """For the lock file."""
        if not self.bits:
            return {"bits": 0}
        return {"bits": self.bits, "group_size": self.group_size, "mlx": version("mlx"), "mlx-vlm": version("mlx-vlm")}


def recipe(bits: int, group_size: int, quantize: bool | None = None) -> Recipe:
    """What to make of a model that is registered with `bits`. `quantize` None means: where Metal is."""
    return Recipe(bits if _wanted(quantize) else 0, group_size)


def make(source: Path, target: Path, how: Recipe) -> None:
    """Make `target`, a folder that is not there yet, from the published folder `source`.

    Raises:
        InstallError: mlx_vlm cannot load what was published, or what came out is not what was asked for.
    """
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file():
            _link(path, target / path.name)
    _write_json(target / "config.json", whole_config(_read_json(source / "config.json")))
    _give_head(target)
    if how.bits:
        _quantize(target, how)
    check(target, how)


def whole_config(config: Config) -> Config:
    """The config with rope_theta where mlx_vlm looks for it: in the language model's part, and as rope_parameters say.

    Raises:
        InstallError: it is nowhere, and a guess would make captions wrong without a word.
    """
    theta, part = rope_theta(config), text_part(config)
    if theta is None and config.get("model_type") in GUESSED:
        raise InstallError("config.json does not say rope_theta", "take a revision whose text_config has it")
    if theta is None:
        return config
    said = {"rope_theta": theta}
    return {**config, part: {**config[part], **said}} if part else {**config, **said}


def check(folder: Path, how: Recipe) -> None:
    """Compare the tensors' names with what was asked for.

    Raises:
        InstallError: no eyes, no head, something quantized that must not be, or a layer that should be and is not.
    """
    names = tensor_names(folder)
    if _needs_head(folder):
        _check_head_and_eyes(names)
    if how.bits:
        _check_quantized({name for name in names if name.endswith(".scales")})


def tensor_names(folder: Path) -> set[str]:
    """Names of all tensors in a folder's safetensors files, read from their headers alone."""
    return {name for path in folder.glob("*.safetensors") if not is_appledouble(path) for name in _names(path)}


def _wanted(quantize: bool | None) -> bool:
    if quantize is not None:
        return quantize
    import mlx.core as mx

    return bool(mx.metal.is_available())


def _check_head_and_eyes(names: set[str]) -> None:
    if not any("vision" in name for name in names):
        raise _unfit("there is no vision tower in it")
    if not any(name.endswith("lm_head.weight") for name in names):
        raise _unfit("there is no lm_head.weight in it")


def _check_quantized(scales: set[str]) -> None:
    if spoilt := sorted(name for name in scales if not LAYERS.match(name)):
        raise _unfit(f"{spoilt[0]}: that must not be quantized")
    if not scales:
        raise _unfit("no layer of the language model is quantized")


def _quantize(folder: Path, how: Recipe) -> None:
    """Put mlx_vlm's weights in the place of the published ones; of all it writes, only those and the quantization."""
    scratch = folder.with_name(folder.name + "-quantized")  # not inside: mlx_vlm copies every folder it finds
    shutil.rmtree(scratch, ignore_errors=True)
    _convert(folder, scratch, how)
    config = _read_json(folder / "config.json")
    config["quantization"] = _read_json(scratch / "config.json")["quantization"]
    _write_json(folder / "config.json", config)
    for path in (*folder.glob("*.safetensors"), *folder.glob("*.safetensors.index.json")):
        path.unlink()
    for path in (*scratch.glob("*.safetensors"), *scratch.glob("*.safetensors.index.json")):
        os.replace(path, folder / path.name)
    shutil.rmtree(scratch)


def _convert(source: Path, target: Path, how: Recipe) -> None:
    """The border to mlx_vlm, which prints to stdout and knows no errors of its own."""
    from mlx_vlm.convert import convert

    try:
        with redirect_stdout(sys.stderr):
            convert(
                str(source),
                str(target),
                quantize=True,
                q_bits=how.bits,
                q_group_size=how.group_size,
                quant_predicate=lambda path, module: bool(LAYERS.match(path)) and hasattr(module, "to_quantized"),
                trust_remote_code=False,
            )
    except (ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        raise _unfit(f"mlx-vlm {version('mlx-vlm')} cannot convert it: {error}") from error


def _give_head(folder: Path) -> None:
    """Write the head out where it is only tied to the embeddings: the loader does not tie."""
    config = _read_json(folder / "config.json")
    names = tensor_names(folder)
    is_tied = config.get("tie_word_embeddings") or config.get("text_config", {}).get("tie_word_embeddings")
    if not (_needs_head(folder) and is_tied) or any(name.endswith("lm_head.weight") for name in names):
        return
    import mlx.core as mx

    for path in folder.glob("*.safetensors"):
        if table := next((name for name in _names(path) if name.endswith("embed_tokens.weight")), None):
            tensors = mx.load(str(path))
            assert isinstance(tensors, dict)
            mx.save_safetensors(str(folder / "head.safetensors"), {"lm_head.weight": tensors[table]}, {"format": "mlx"})
    _index_head(folder)


def _index_head(folder: Path) -> None:
    """A shard that the index does not name is not loaded."""
    path = folder / "model.safetensors.index.json"
    if path.exists():
        index = _read_json(path)
        index["weight_map"]["lm_head.weight"] = "head.safetensors"
        _write_json(path, index)


def _needs_head(folder: Path) -> bool:
    return _read_json(folder / "config.json").get("model_type") in WITH_HEAD


def _names(path: Path) -> list[str]:
    try:
        return list(read_header(path).tensors)
    except CorruptFile as spoilt:
        raise InstallError(spoilt.sentence, spoilt.hint) from spoilt


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)


def _read_json(path: Path) -> Config:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _unfit(f"{path.name} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise _unfit(f"{path.name} holds no settings")
    return found


def _write_json(path: Path, content: Config) -> None:
    """A new file: the one there may be a hard link to the download."""
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _unfit(why: str) -> InstallError:
    return InstallError(f"the model cannot be used: {why}", "take another with --model NAME, or ./run.sh demo")
