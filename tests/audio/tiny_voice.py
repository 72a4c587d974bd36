"""A model of Pocket TTS's real class, with random weights: it speaks noise, in the real way. `python -m … FOLDER`."""

import json
import sys
from pathlib import Path
from typing import Any

WORDS = ["[UNK]", "A", "red", "circle", "is", "at", "the", "top", "left", ".", "!", "?"]
RATE = 8000

LOUDER = 1e8
"""Random weights whisper."""

FLOW_LM = {
    "d_model": 16,
    "num_heads": 2,
    "num_layers": 1,
    "dim_feedforward": 32,
    "max_period": 10000,
    "n_bins": len(WORDS),
    "lut_dim": 16,
    "flow_dim": 16,
    "flow_depth": 1,
    "ldim": 8,
}
MIMI = {
    "channels": 1,
    "sample_rate": RATE,
    "frame_rate": 12.5,
    "dimension": 16,
    "quantizer_dimension": 8,
    "quantizer_output_dimension": 16,
    "n_filters": 4,
    "n_residual_layers": 1,
    "ratios": [8, 5, 4, 2],
    "kernel_size": 7,
    "last_kernel_size": 3,
    "residual_kernel_size": 3,
    "dilation_base": 2,
    "compress": 2,
    "transformer_d_model": 16,
    "transformer_num_heads": 2,
    "transformer_num_layers": 1,
    "transformer_layer_scale": 0.01,
    "transformer_context": 250,
    "transformer_max_period": 10000,
    "transformer_dim_feedforward": 32,
}


def config() -> dict[str, Any]:
    """It never finds that its sentence is over: it speaks as long as it may, a second a word and two more."""
    return {"model_type": "pocket_tts", "eos_threshold": 1e9, "flow_lm": FLOW_LM, "mimi": MIMI}


def make(folder: Path) -> None:
    """The model and its voices alba and jean; MLX is used by this thread."""
    import mlx.core as mx
    from mlx.utils import tree_flatten

    from app.audio.neural import stub_resampling

    stub_resampling()
    from mlx_audio.tts.models.pocket_tts import Model
    from tokenizers import Tokenizer, models, pre_tokenizers

    (folder / "embeddings").mkdir(parents=True)
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(config()))
    mx.random.seed(7)
    model = Model({**config(), "model_path": str(folder)})
    weights = dict(tree_flatten(model.parameters()))
    last = next(name for name in weights if "decoder.final_conv1d" in name and name.endswith("weight"))
    weights[last] *= LOUDER
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    for name in ("alba", "jean"):
        prompt = mx.random.normal((1, 5, FLOW_LM["d_model"]))
        mx.save_safetensors(str(folder / "embeddings" / f"{name}.safetensors"), {"audio_prompt": prompt})


if __name__ == "__main__":
    make(Path(sys.argv[1]))
