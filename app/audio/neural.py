"""Neural voices of mlx-audio: Pocket TTS and what is built like it. Speaks as it computes, a piece after the other.

A folder in .models/voices is a model, with config.json, weights and tokenizer, and its voices in `voices/` or
`embeddings/`. Nothing is downloaded here. No torch, no phonemes: the model reads letters.
"""

import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from app.audio.playback import Player, Samples
from app.audio.tts import Known
from app.errors import OutputError

FOLDER = Path(__file__).parents[2] / ".models" / "voices"
PIECE_S = 0.24
"""Of sound, computed and played together: three of Pocket TTS's frames. Shorter, and a busy machine leaves gaps."""
INSTALL = (
    ".venv/bin/hf download mlx-community/pocket-tts --local-dir .models/voices/pocket && "
    ".venv/bin/hf download kyutai/pocket-tts-without-voice-cloning --include 'embeddings/*' "
    "--revision d4fdd22ae8c8e1cb3634e150ebeff1dab2d16df3 --local-dir .models/voices/pocket"
)
"""The revision that mlx-audio 0.6.2 names for its voices."""


@dataclass(slots=True)
class Neural:
    """A voice of a model. MLX's arrays belong to the thread that opens it."""

    name: str
    """`pocket:alba`."""
    folder: Path
    """The model's."""
    embedding: Path
    """The voice's."""
    player: Player
    model: Any = field(default=None, init=False)

    def open(self) -> None:
        """Load the model, on this thread.

        Raises:
            OutputError: it cannot be loaded.
        """
        leave_out_resampling()
        try:
            from mlx_audio.tts.utils import load

            self.model = load(self.folder, strict=True)
        except Exception as failure:  # the loader's failures are of any type
            raise OutputError(f"{self.name} cannot be loaded: {failure}.", f"Install it anew: {INSTALL}") from failure

    def speak(self, text: str, until: Event) -> None:
        """See `Engine.speak`."""
        with closing(self.pieces(text)) as pieces:
            self.player.play_all(pieces, self.model.sample_rate, until)

    def pieces(self, text: str) -> Generator[Samples]:
        """Its sound as it is computed: (n,) float32 each, `model.sample_rate` a second.

        Raises:
            OutputError: the model failed.
        """
        try:
            for piece in self.model.generate(text, voice=str(self.embedding), stream=True, streaming_interval=PIECE_S):
                yield np.asarray(piece.audio, np.float32)
        except Exception as failure:  # the model's failures are of any type
            raise OutputError(f"{self.name} failed: {failure}.", "Take another: ./run.sh voices") from failure

    def close(self) -> None:
        """Give back this thread's streams: a thread that ends without doing so can take the process with it."""
        self.model = None
        if mx := sys.modules.get("mlx.core"):  # a model that could not be loaded may have used it, too
            mx.synchronize()
            mx.clear_streams()


def leave_out_resampling() -> None:
    """Let mlx-audio's models be imported without scipy, which is not installed: 113 MB.

    Every codec of mlx-audio imports its resampler, and the resampler imports scipy. Only recordings are resampled, and
    a voice is read from a file of embeddings.
    """
    if find_spec("scipy") is None:
        sys.modules.setdefault("mlx_audio.resample", _Resampling("mlx_audio.resample"))


class _Resampling(ModuleType):
    """The resampler's place: its functions can be imported, and fail when they are called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse_resampling


def _refuse_resampling(*_: Any, **__: Any) -> NoReturn:
    raise ImportError("it resamples recordings, for which scipy would have to be installed")


def find_neural(voice: str, player: Player, folder: Path = FOLDER) -> Neural:
    """The voice of this name, MODEL:VOICE.

    Raises:
        OutputError: mlx-audio, the model or the voice is missing.
    """
    if find_spec("mlx_audio") is None:
        raise OutputError("Neural voices need mlx-audio, which is missing.", "./install.sh")
    model, _, wanted = voice.partition(":")
    known = {each.name.casefold(): Path(each.exact) for each in neural_voices(folder)}
    if embedding := known.get(voice.casefold()):
        return Neural(voice, embedding.parents[1], embedding, player)
    if any(name.startswith(f"{model.casefold()}:") for name in known):
        raise OutputError(f"{model} has no voice named {wanted!r}.", "List the voices: ./run.sh voices")
    raise OutputError(f"The neural voices of {model!r} are not installed.", INSTALL)


def neural_voices(folder: Path = FOLDER) -> list[Known]:
    """Every voice of every model in the folder, by name."""
    found = [*folder.glob("*/voices/*.safetensors"), *folder.glob("*/embeddings/*.safetensors")]
    here = [each for each in sorted(found) if (each.parents[1] / "config.json").exists()]
    return [Known(f"{each.parents[1].name}:{each.stem}", "mlx-audio", "", str(each)) for each in here]
