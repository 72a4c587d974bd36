"""The language half: architecture llama, with its tokenizer and a chat template.

llama.cpp never shows SmolVLM (its projector idefics3) a picture alone. It shows a tile, "<row_1_col_1>", and after two
line breaks the whole, so that every picture comes twice; the demo model has learned neither tiles nor line breaks. But
it has learned clips, in whose caption two pictures alike are as one. So here the tile's mark is spelled as a frame's,
and the two line breaks, which are one token to llama.cpp, as what ends a frame: tokens of no other use, for which the
demo model has learned nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gguf
from models.demo.gguf.weights import Weights, read, weights

FRAME, FRAME_ENDS = "<global-img>", "<fake_token_around_image>"
TILE, GAP = "<row_1_col_1>", "<row_4_col_4>"
TWO_LINE_BREAKS = "ĊĊ"
"""As a byte-level tokenizer spells them."""
TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}:"
    "{% set content = message['content'] %}"
    "{% set told = content if content is string else content | map(attribute='text') | join('') %}"
    "{% set pieces = told.split('<__media') %}"
    "{% for piece in pieces[1:] %}{{ '<__media' + piece.split('__>')[0] + '__>' }}{% endfor %}"
    "{% if pieces | length == 1 %}{{ ' ' }}{% endif %}{{ pieces[0] }}"
    "{% for piece in pieces[1:] %}{{ piece.split('__>')[1] }}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""SmolVLM's, with the pictures first wherever they were: the order in which the demo model learned them."""
NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_text(model: Path, path: Path) -> Path:
    """Write the language model of the folder `model` to `path`, in float32."""
    config = read(model / "config.json")["text_config"]
    writer = gguf.GGUFWriter(path, "llama")
    _write_shape(writer, config)
    ids = _write_tokens(writer, read(model / "tokenizer.json"))
    for name, array in _tensors(weights(model), config, ids):
        writer.add_tensor(name, np.ascontiguousarray(array))
    finish(writer)
    return path


def _write_shape(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    writer.add_name("looksay demo")
    writer.add_string("looksay.model", "demo")  # whose row of the registry tells what it knows, and how many frames
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_vocab_size(config["vocab_size"])


def _write_tokens(writer: gguf.GGUFWriter, tokenizer: dict[str, Any]) -> dict[str, int]:
    """Its vocabulary, by spelling. "smollm" is the pre-tokenizer with digits one by one, then as GPT-2's."""
    ids: dict[str, int] = tokenizer["model"]["vocab"]
    special = {each["content"] for each in tokenizer["added_tokens"] if each["special"]} - {GAP}
    spelled = sorted(ids, key=lambda token: ids[token])
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in spelled]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([TWO_LINE_BREAKS if token == GAP else token for token in spelled])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(ids["<|im_start|>"])
    writer.add_eos_token_id(ids["<end_of_utterance>"])
    writer.add_pad_token_id(ids["<|im_end|>"])
    writer.add_add_bos_token(False)  # the template begins with it
    writer.add_chat_template(TEMPLATE)
    return ids


def _tensors(of: Weights, config: dict[str, Any], ids: dict[str, int]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    yield "token_embd.weight", _embedding(of["model.text_model.embed_tokens.weight"], ids)
    yield "output_norm.weight", of["model.text_model.norm.weight"]
    yield "output.weight", of["lm_head.weight"]
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    for number in range(config["num_hidden_layers"]):
        for theirs, ours in NAMES.items():
            array = of[f"model.text_model.layers.{number}.{theirs}.weight"]
            yield f"blk.{number}.{ours}.weight", _interleaved(array, heads[ours]) if ours in heads else array


def _embedding(array: NDArray[np.float32], ids: dict[str, int]) -> NDArray[np.float32]:
    """See the module."""
    spelled = array.copy()
    spelled[ids[TILE]] = array[ids[FRAME]]
    spelled[ids[GAP]] = array[ids[FRAME_ENDS]]
    return spelled


def _interleaved(array: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """llama.cpp turns neighbours (0 and 1, 2 and 3, …) by position, and transformers halves (0 and 16, 1 and 17, …)."""
    return array.reshape(heads, 2, -1, array.shape[1]).swapaxes(1, 2).reshape(array.shape)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
