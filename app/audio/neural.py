"""Neural voices of mlx-audio, such as Pocket TTS: they are played while they are being computed.

A folder in .models/voices is a model: config.json, weights, tokenizer, and its voices in `voices/` or `embeddings/`.
Nothing is downloaded here. The models read letters, so neither torch nor a phonemizer is needed.
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
from app.audio.tts import VoiceInfo
from app.errors import OutputError
from app.files import ROOT, is_appledouble

FOLDER = ROOT / ".models" / "voices"
CHUNK_S = 0.24
"""Of sound, computed and played together: three frames of Pocket TTS. Shorter chunks leave gaps on a busy machine."""
INSTALL = (
    ".venv/bin/hf download mlx-community/pocket-tts --local-dir .models/voices/pocket && "
    ".venv/bin/hf download kyutai/pocket-tts-without-voice-cloning --include 'embeddings/*' "
    "--revision d4fdd22ae8c8e1cb3634e150ebeff1dab2d16df3 --local-dir .models/voices/pocket"
)
"""The revision that mlx-audio 0.6.2 names for its voices."""


@dataclass(slots=True)
class NeuralVoice:
    """A speech engine that is a model with one of its voices. MLX's arrays belong to the thread that opens it."""

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
        stub_resampling()
        try:
            from mlx_audio.tts.utils import load

            self.model = load(self.folder, strict=True)
        except Exception as failure:  # the loader's failures are of any type
            raise OutputError(f"cannot load {self.name}: {failure}", f"Install it again: {INSTALL}") from failure

    def speak(self, text: str, stop: Event) -> None:
        """See `SpeechEngine.speak`."""
        with closing(self.chunks(text)) as chunks:
            self.player.play_all(chunks, self.model.sample_rate, stop)

    def chunks(self, text: str) -> Generator[Samples]:
        """The sound as it is computed, at `model.sample_rate` Hz.

        Raises:
            OutputError: the model failed.
        """
        try:
            for chunk in self.model.generate(text, voice=str(self.embedding), stream=True, streaming_interval=CHUNK_S):
                yield np.asarray(chunk.audio, np.float32)
        except Exception as failure:  # the model's failures are of any type
            raise OutputError(f"{self.name} failed: {failure}", "Choose another voice: ./run.sh voices") from failure

    def close(self) -> None:
        """Release this thread's streams: a thread that ends without doing so can crash the process."""
        self.model = None
        if mx := sys.modules.get("mlx.core"):  # a model that could not be loaded may have used it, too
            mx.synchronize()
            mx.clear_streams()


def stub_resampling() -> None:
    """Let mlx-audio's models be imported without scipy, which is not installed: 113 MB.

    Every codec of mlx-audio imports its resampler, and the resampler imports scipy. Only recordings are resampled, and
    a voice is read from a file of embeddings.
    """
    if find_spec("scipy") is None:
        sys.modules.setdefault("mlx_audio.resample", _ResamplingStub("mlx_audio.resample"))


class _ResamplingStub(ModuleType):
    """Stands in for the resampler: its functions can be imported, and fail when called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse_resampling


def _refuse_resampling(*_: Any, **__: Any) -> NoReturn:
    raise ImportError("resampling a recording needs scipy, which is not installed")


def find_neural_voice(voice: str, player: Player, folder: Path = FOLDER) -> NeuralVoice:
    """The voice named MODEL:VOICE.

    Raises:
        OutputError: mlx-audio, the model or the voice is not installed.
    """
    if find_spec("mlx_audio") is None:
        raise OutputError("neural voices need mlx-audio, which is not installed", "./install.sh")
    model, _, name = voice.partition(":")
    known = {each.name.casefold(): Path(each.identifier) for each in neural_voices(folder)}
    if embedding := known.get(voice.casefold()):
        return NeuralVoice(voice, embedding.parents[1], embedding, player)
    if any(each.startswith(f"{model.casefold()}:") for each in known):
        raise OutputError(f"{model} has no voice {name!r}", "List the voices: ./run.sh voices")
    raise OutputError(f"the neural voices of {model!r} are not installed", INSTALL)


def neural_voices(folder: Path = FOLDER) -> list[VoiceInfo]:
    """Every voice of every model in the folder, by name."""
    found = [*folder.glob("*/voices/*.safetensors"), *folder.glob("*/embeddings/*.safetensors")]
    usable = [each for each in sorted(found) if not is_appledouble(each) and (each.parents[1] / "config.json").exists()]
    return [VoiceInfo(f"{each.parents[1].name}:{each.stem}", "mlx-audio", "", str(each)) for each in usable]
