"""A model of SmolVLM2-256M's real size with random weights: to time a model that is not installed. Its text is noise.

Sizes as in the published config.json of HuggingFaceTB/SmolVLM2-256M-Video-Instruct; tokenizer and template are the
demo model's, so that only its own words can be said.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_vlm.models import smolvlm
from mlx_vlm.utils import update_module_configs

NAME = "geometry:smolvlm2-256m"
NOTE = "These are random numbers in the shape of SmolVLM2-256M: what it says means nothing, and drafts fit by accident."
MAX_TOKENS = 24
"""A caption's length: it never comes to an end by itself."""

EDGE, PATCH, SCALE_FACTOR, VOCABULARY = 512, 16, 4, 49280
TEXT = {
    "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-5,
    "rope_theta": 100000, "max_position_embeddings": 8192, "tie_word_embeddings": False,
}  # fmt: skip
VISION = {
    "model_type": "smolvlm_vision", "hidden_size": 768, "intermediate_size": 3072, "image_size": EDGE,
    "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": PATCH,
}  # fmt: skip
PREPROCESSING = {
    "do_image_splitting": True, "max_image_size": {"longest_edge": EDGE}, "size": {"longest_edge": 4 * EDGE}
}  # fmt: skip
"""As published: every picture is enlarged and cut into tiles."""
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json")
LOUDER = {"q_proj": 2.0, "k_proj": 2.0, "o_proj": 3.0}
"""Factors on the language model's attention: with usual weights it says one word again and again."""
WORD = re.compile("Ġ[a-z]+")
"""A token that is a word with the space before it."""


def make(folder: Path, demo: Path) -> Path:
    """Write the model into `folder`, 0.5 GB in bfloat16; always the same numbers. `demo` is the bundled model."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER:
        shutil.copy(demo / name, folder)
    tokenizer = read(demo / "tokenizer.json")
    special = {entry["content"]: entry["id"] for entry in tokenizer["added_tokens"]}
    end, config = special["<end_of_utterance>"], config_with(special)
    tokens_a_tile = (EDGE // PATCH // SCALE_FACTOR) ** 2
    write(folder / "config.json", config)
    write(folder / "generation_config.json", {"eos_token_id": end})
    write(folder / "processor_config.json", {"processor_class": "SmolVLMProcessor", "image_seq_len": tokens_a_tile})
    write(folder / "preprocessor_config.json", {**read(demo / "preprocessor_config.json"), **PREPROCESSING})
    write(folder / "tokenizer_config.json", {**read(demo / "tokenizer_config.json"), "model_max_length": 8192})
    words = sorted(number for piece, number in tokenizer["model"]["vocab"].items() if WORD.fullmatch(piece))
    mx.save_safetensors(str(folder / "model.safetensors"), weights(config, words), {"format": "mlx"})
    return folder


def config_with(special: Mapping[str, int]) -> dict[str, Any]:
    return {
        "architectures": ["SmolVLMForConditionalGeneration"], "model_type": "smolvlm", "scale_factor": SCALE_FACTOR,
        "image_token_id": special["<image>"], "pad_token_id": special["<|im_end|>"],
        "eos_token_id": special["<end_of_utterance>"], "vocab_size": VOCABULARY, "tie_word_embeddings": False,
        "torch_dtype": "bfloat16", "text_config": TEXT, "vision_config": VISION,
    }  # fmt: skip


def weights(config: Mapping[str, Any], words: list[int]) -> dict[str, mx.array]:
    """Random numbers under MLX's names; the head knows only the tokens `words`, so that it can say no other."""
    settings = smolvlm.ModelConfig.from_dict(dict(config))
    model: Any = smolvlm.Model(update_module_configs(settings, smolvlm, config, ["text", "vision"]))
    parameters: Any = tree_flatten(model.parameters())
    made = {name: random_weight(name, value.shape) for name, value in parameters}
    mask = np.zeros((VOCABULARY, 1), np.float32)
    mask[words] = 1.0
    made["language_model.lm_head.weight"] *= mask
    return {name: mx.array(numbers).astype(mx.bfloat16) for name, numbers in made.items()}


def random_weight(name: str, shape: tuple[int, ...]) -> Any:
    """Float32 numbers of a layer's usual size, the same for the same name: ones in norms, no biases."""
    if len(shape) == 1:
        return np.full(shape, 1.0 if name.endswith(".weight") else 0.0, np.float32)
    rng = np.random.default_rng(crc32(name.encode()))
    usual = rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(np.prod(shape[1:])))
    factor = LOUDER.get(name.split(".")[-2], 1.0) if name.startswith("language_model") else 1.0
    return usual * np.float32(factor)


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
