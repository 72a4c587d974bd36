"""What is measured, and on what: the model (or random weights of a real size), the clips, the machine."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zlib import crc32

import cv2
import mlx.core as mx
import numpy as np

from app.backends.startup import Chosen, chosen
from app.config import Settings
from app.errors import SourceError
from app.events import Frame
from app.models.registry import Card, Sampling

if TYPE_CHECKING:
    from app.bench.results import Circumstances

NAME = "geometry:smolvlm2-256m"
NOTE = "These are random numbers in the shape of SmolVLM2-256M: what it says means nothing, and drafts fit by accident."
MAX_TOKENS = 24
"""A caption's length: it never comes to an end by itself."""

EDGE, PATCH, SHUFFLE, EYES, EYES_DEEP, EYE_LAYERS, EYE_HEADS = 512, 16, 4, 768, 3072, 12, 12
TEXT, TEXT_DEEP, TEXT_LAYERS, HEADS, KV_HEADS, VOCABULARY = 576, 1536, 30, 9, 3, 49280
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json")
LOUDER = {"q_proj": 2.0, "k_proj": 2.0, "o_proj": 3.0}
"""How many times larger than usual the language model's attention is: else it says one word again and again."""
WORD = re.compile("Ġ[a-z]+")
"""A piece of the tokenizer's that is a word with the space before it."""
Shapes = dict[str, tuple[int, ...]]


def make(folder: Path, demo: Path) -> Path:
    """Write the model into `folder`, 0.5 GB in bfloat16; always the same numbers. `demo` is the bundled model."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER:
        shutil.copy(demo / name, folder)
    words = read(demo / "tokenizer.json")
    special = {entry["content"]: entry["id"] for entry in words["added_tokens"]}
    write(folder / "config.json", config(special))
    write(folder / "generation_config.json", {"eos_token_id": special["<end_of_utterance>"]})
    write(folder / "processor_config.json", {"processor_class": "SmolVLMProcessor", "image_seq_len": tokens_a_tile()})
    write(folder / "preprocessor_config.json", {**read(demo / "preprocessor_config.json"), **preprocessing()})
    write(folder / "tokenizer_config.json", {**read(demo / "tokenizer_config.json"), "model_max_length": 8192})
    said = sorted(number for piece, number in words["model"]["vocab"].items() if WORD.fullmatch(piece))
    mx.save_safetensors(str(folder / "model.safetensors"), dict(weights(said)), {"format": "mlx"})
    return folder


def tokens_a_tile() -> int:
    return (EDGE // PATCH // SHUFFLE) ** 2


def config(special: Mapping[str, int]) -> dict[str, Any]:
    text = {
        "model_type": "llama", "hidden_size": TEXT, "intermediate_size": TEXT_DEEP, "num_hidden_layers": TEXT_LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-5,
        "rope_theta": 100000, "max_position_embeddings": 8192, "tie_word_embeddings": False,
    }  # fmt: skip
    eyes = {
        "model_type": "smolvlm_vision", "hidden_size": EYES, "intermediate_size": EYES_DEEP, "image_size": EDGE,
        "num_hidden_layers": EYE_LAYERS, "num_attention_heads": EYE_HEADS, "patch_size": PATCH,
    }  # fmt: skip
    return {
        "architectures": ["SmolVLMForConditionalGeneration"], "model_type": "smolvlm", "scale_factor": SHUFFLE,
        "image_token_id": special["<image>"], "pad_token_id": special["<|im_end|>"],
        "eos_token_id": special["<end_of_utterance>"], "vocab_size": VOCABULARY, "tie_word_embeddings": False,
        "torch_dtype": "bfloat16", "text_config": text, "vision_config": eyes,
    }  # fmt: skip


def preprocessing() -> dict[str, Any]:
    """As published: every picture is enlarged and cut into tiles."""
    return {"do_image_splitting": True, "max_image_size": {"longest_edge": EDGE}, "size": {"longest_edge": 4 * EDGE}}


def weights(said: list[int]) -> dict[str, mx.array]:
    """Random numbers under MLX's names; the head knows only the words `said`, so that no other ever wins."""
    made = {name: filled(name, shape) for name, shape in shapes().items()}
    mask = np.zeros((VOCABULARY, 1), np.float32)
    mask[said] = 1.0
    made["language_model.lm_head.weight"] *= mask
    return {name: mx.array(numbers).astype(mx.bfloat16) for name, numbers in made.items()}


def filled(name: str, shape: tuple[int, ...]) -> Any:
    """Float32 numbers of a layer's usual size, the same for the same name: ones in norms, no biases."""
    if len(shape) == 1:
        return np.full(shape, 1.0 if name.endswith(".weight") else 0.0, np.float32)
    rng = np.random.default_rng(crc32(name.encode()))
    usual = rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(np.prod(shape[1:])))
    loud = LOUDER.get(name.split(".")[-2], 1.0) if name.startswith("language_model") else 1.0
    return usual * np.float32(loud)


def shapes() -> Shapes:
    found: Shapes = {
        "language_model.embed_tokens.weight": (VOCABULARY, TEXT),
        "language_model.lm_head.weight": (VOCABULARY, TEXT),
        "language_model.norm.weight": (TEXT,),
        "connector.modality_projection.proj.weight": (TEXT, EYES * SHUFFLE**2),
        "vision_model.embeddings.patch_embedding.weight": (EYES, PATCH, PATCH, 3),
        "vision_model.embeddings.patch_embedding.bias": (EYES,),
        "vision_model.embeddings.position_embedding.weight": ((EDGE // PATCH) ** 2, EYES),
        **with_bias("vision_model.post_layernorm", (EYES,)),
    }
    for number in range(TEXT_LAYERS):
        found |= text_layer(f"language_model.layers.{number}")
    for number in range(EYE_LAYERS):
        found |= eye_layer(f"vision_model.encoder.layers.{number}")
    return found


def text_layer(prefix: str) -> Shapes:
    narrow = TEXT * KV_HEADS // HEADS
    return {
        **{f"{prefix}.self_attn.{name}_proj.weight": (TEXT, TEXT) for name in "qo"},
        **{f"{prefix}.self_attn.{name}_proj.weight": (narrow, TEXT) for name in "kv"},
        **{f"{prefix}.mlp.{name}_proj.weight": (TEXT_DEEP, TEXT) for name in ("gate", "up")},
        f"{prefix}.mlp.down_proj.weight": (TEXT, TEXT_DEEP),
        **{f"{prefix}.{name}_layernorm.weight": (TEXT,) for name in ("input", "post_attention")},
    }


def eye_layer(prefix: str) -> Shapes:
    found: Shapes = {}
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        found |= with_bias(f"{prefix}.self_attn.{name}", (EYES, EYES))
    found |= with_bias(f"{prefix}.mlp.fc1", (EYES_DEEP, EYES)) | with_bias(f"{prefix}.mlp.fc2", (EYES, EYES_DEEP))
    return found | with_bias(f"{prefix}.layer_norm1", (EYES,)) | with_bias(f"{prefix}.layer_norm2", (EYES,))


def with_bias(name: str, shape: tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def chip() -> str:
    """As its maker calls it: `Apple M2`; empty where nobody says."""
    try:
        if platform.system() == "Darwin":
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
        told = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, subprocess.SubprocessError):
        return platform.processor()
    return told[1].strip() if told else platform.processor()


def system() -> str:
    """`Darwin arm64`, `Linux x86_64`."""
    return f"{platform.system()} {platform.machine()}"


def release() -> str:
    """Of macOS, else of the kernel."""
    return platform.mac_ver()[0] or platform.release()


def cores() -> int:
    return os.cpu_count() or 0


def record(frames: Iterable[Frame], path: Path, count: int, fps: float = 30.0) -> Path:
    """Write `count` frames of one size (RGB, H×W×3 uint8) as MJPG into an .avi file.

    Raises:
        SourceError: OpenCV cannot write it.
    """
    writer: cv2.VideoWriter | None = None
    for frame in islice(frames, count):
        height, width = frame.pixels.shape[:2]
        writer = writer or cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
        writer.write(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR))
    if writer:
        writer.release()
    if not path.is_file():
        raise SourceError(f"no clip can be written to {path.parent}", "make room there")
    return path


WATCHED = ("mlx", "mlx-vlm", "transformers", "torch", "numpy", "opencv-python-headless")
NOT_INSTALLED = "The default model is not installed, so this measures the bundled one."


def tell(words: str) -> None:
    """How far it is."""
    print(f"bench: {words}", file=sys.stderr, flush=True)


def subject(settings: Settings, stack: ExitStack) -> tuple[Chosen, Settings]:
    """The model that is named, or the default one, or the demo where that is not installed; and what is asked of it.

    Raises:
        UserError: there is none of this name, or it is not installed.
    """
    from app.models.registry import is_installed, registered

    default, cards = Settings(), registered()
    if settings.model == NAME:
        is_told = settings.max_tokens != default.max_tokens
        return geometry(stack), settings if is_told else replace(settings, max_tokens=MAX_TOKENS)
    if settings.model == default.model and not is_installed(cards[settings.model]):
        return replace(greedy(chosen(replace(settings, model="demo"))), why=NOT_INSTALLED), settings
    return greedy(chosen(settings)), settings


def greedy(model: Chosen) -> Chosen:
    """Texts can be compared only where the likeliest token is taken."""
    return replace(model, card=replace(model.card, sampling=Sampling()))


def geometry(stack: ExitStack) -> Chosen:
    """Random numbers in a real model's shape, in a folder that goes at the end."""
    from app.models import locate

    tell(f"making {NAME}")
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="looksay-bench-")), NAME.replace(":", "-"))
    return Chosen(make(folder, locate("demo")), Card(NAME, note=NOTE), NAME)


def circumstances(model: Chosen, settings: Settings) -> "Circumstances":
    from app.bench.results import Circumstances
    from app.check.findings import this_looksay
    from app.models import machine_memory

    fingerprint = {
        "system": system(),
        "chip": chip(),
        "cores": cores(),
        "memory_gb": round(machine_memory() / 1e9),
        "device": device(),
        "model": model.card.name,
        "files": digest(model),
        "image_tokens": settings.image_tokens,
        "precision": settings.precision,
        "prompt": settings.words(model.card.prompt),
        "max_tokens": settings.max_tokens,
    }
    versions = {"looksay": this_looksay().removeprefix("looksay "), "system": release(), **dict(installed())}
    return Circumstances(fingerprint, versions, model.notes)


def device() -> str:
    """What MLX computes on, and on Linux with which matrix multiplication: it changes everything there."""
    from app.backends.mlx.cpu import is_cpu
    from app.check.machine import device as asked

    is_metal, name = asked()
    if not is_cpu():
        return f"{'Metal' if is_metal else 'CUDA'}, {name}"
    if sys.platform != "linux":
        return f"the CPU, {name}"
    with_or_without = "with" if "openblas" in os.environ.get("LD_PRELOAD", "") else "without"
    return f"the CPU, {name}, {with_or_without} OpenBLAS"


def digest(model: Chosen) -> str:
    """Of the model's files; empty for random numbers, which are always the same."""
    from app.models.lockfile import folder_digests

    if model.called == NAME:
        return ""
    return hashlib.sha256(repr(sorted(folder_digests(model.folder).items())).encode()).hexdigest()[:12]


def installed() -> Iterator[tuple[str, str]]:
    for name in WATCHED:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
