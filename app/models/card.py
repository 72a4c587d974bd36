"""What is known of a model before it is loaded: its table in models/registry.toml, as a record.

The store reads it, the check holds the model to it, the describer follows it. Nothing here does anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of the range of mlx-vlm versions that a model works with."""

    why: str
    """What goes wrong beyond it, without a full stop."""
    least: str = ""
    """The oldest version that will do; or, instead:"""
    before: str = ""
    """The first version that will not do any more."""


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """How many tokens one frame may become."""

    default: int
    least: int
    most: int
    how: str
    """How the number is applied: `tile edge`, `patch budget`, `fixed` or `measured` (app/backends/mlx/families.py)."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; the defaults are greedy decoding."""

    temperature: float = 0.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


Shape = Literal["squeezed", "padded", "kept"]


@dataclass(frozen=True, slots=True)
class Verified:
    """Something that was run."""

    what: str
    where: str
    when: date


@dataclass(frozen=True, slots=True)
class Reported:
    """Something that others say."""

    what: str
    source: str


@dataclass(frozen=True, slots=True)
class Card:
    """One table of models/registry.toml."""

    name: str
    licence: str = ""
    """As SPDX or the vendor writes it; shown before the download. Empty for a model that is not registered."""
    architecture: str = ""
    """`model_type` of its config.json."""
    default: bool = False
    """The model of a plain ./install.sh and ./run.sh."""
    folder: str = ""
    """Where it lies in the repository; empty for one that is fetched."""
    repository: str = ""
    """owner/name on huggingface.co."""
    revision: str = "main"
    """The commit to take; a branch is resolved once, at install."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Of published files, by name, before anything is made of them."""
    gguf: str = ""
    """owner/name:QUANTIZATION on huggingface.co: the same model as a GGUF pair, for llama.cpp."""
    bits: int = 0
    """What the language model's layers are quantized to at install; 0 keeps them as published."""
    group_size: int = 64
    """Weights that share one scale."""
    loader: tuple[Bound, ...] = ()
    """The range of mlx-vlm versions; each bound with its reason."""
    image_tokens: ImageTokens | None = None
    """None: measured when the model is loaded, and held to that."""
    shape: Shape | None = None
    """How a frame becomes a tile, as the model was trained: its own shape given up, kept between black bars, or kept.
    None: as its family does it."""
    frames: int = 1
    """The most frames that one question may show it."""
    prompt: str = ""
    """What to ask of a frame; empty for looksay's own words."""
    sampling: Sampling = Sampling()
    memory_gb: float = 0.0
    """What it takes while it describes; 0 where nobody has said."""
    verified: tuple[Verified, ...] = ()
    reported: tuple[Reported, ...] = ()
    note: str = ""
    """What the banner says whenever this model speaks."""

    @property
    def is_pinned(self) -> bool:
        return bool(self.sha256)

    @property
    def install_command(self) -> str:
        return "./install.sh" if self.default else f"./install.sh --model {self.name}"
