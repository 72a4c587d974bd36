"""The seeing half, an mmproj: the tower, and the projector idefics3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gguf
from models.demo.gguf.text import finish
from models.demo.gguf.weights import Weights, read, weights

TOWER = "model.vision_model."
OUTER = {
    f"{TOWER}embeddings.patch_embedding.weight": "v.patch_embd.weight",
    f"{TOWER}embeddings.patch_embedding.bias": "v.patch_embd.bias",
    f"{TOWER}embeddings.position_embedding.weight": "v.position_embd.weight",
    f"{TOWER}post_layernorm.weight": "v.post_ln.weight",
    f"{TOWER}post_layernorm.bias": "v.post_ln.bias",
    "model.connector.modality_projection.proj.weight": "mm.model.fc.weight",
}
LAYER = {
    "layer_norm1": "ln1",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out",
    "layer_norm2": "ln2",
    "mlp.fc1": "ffn_up",
    "mlp.fc2": "ffn_down",
}


def write_eyes(model: Path, path: Path) -> Path:
    """Write the tower and the projector of the folder `model` to `path`, in float32."""
    config = read(model / "config.json")
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    writer.add_name("looksay demo")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _write_tower(writer, config["vision_config"])
    _write_pictures(writer, config, read(model / "preprocessor_config.json"))
    for name, array in _tensors(weights(model), config["vision_config"]["num_hidden_layers"]):
        writer.add_tensor(name, np.ascontiguousarray(array))
    finish(writer)
    return path


def _write_tower(writer: gguf.GGUFWriter, tower: dict[str, Any]) -> None:
    writer.add_clip_has_vision_encoder(True)
    writer.add_vision_embedding_length(tower["hidden_size"])
    writer.add_vision_feed_forward_length(tower["intermediate_size"])
    writer.add_vision_block_count(tower["num_hidden_layers"])
    writer.add_vision_head_count(tower["num_attention_heads"])
    writer.add_vision_attention_layernorm_eps(tower["layer_norm_eps"])
    writer.add_vision_use_gelu(True)


def _write_pictures(writer: gguf.GGUFWriter, config: dict[str, Any], processor: dict[str, Any]) -> None:
    """The longest edge is that of a tile, so that every frame, whatever its shape, becomes one tile and the whole."""
    writer.add_clip_projector_type(gguf.VisionProjectorType.IDEFICS3)
    writer.add_vision_projection_dim(config["text_config"]["hidden_size"])
    writer.add_vision_projector_scale_factor(config["scale_factor"])
    writer.add_vision_image_size(config["vision_config"]["image_size"])
    writer.add_vision_patch_size(config["vision_config"]["patch_size"])
    writer.add_vision_preproc_image_size(processor["size"]["longest_edge"])
    writer.add_vision_image_mean(processor["image_mean"])
    writer.add_vision_image_std(processor["image_std"])


def _tensors(of: Weights, layers: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for theirs, ours in OUTER.items():
        yield ours, of[theirs]
    for number in range(layers):
        for theirs, ours in LAYER.items():
            for part in ("weight", "bias"):
                yield f"v.blk.{number}.{ours}.{part}", of[f"{TOWER}encoder.layers.{number}.{theirs}.{part}"]
