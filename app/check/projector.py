"""What a projector makes, and what it needs: the width of its vectors, and the words that go round a picture.

Taken from llama.cpp of October 2026 (tools/mtmd: `clip_n_mmproj_embd` in clip.cpp, `init_vision` in mtmd.cpp). It is
no list of what llama.cpp knows: about a projector that is missing here, nothing is said.
"""

from collections.abc import Mapping

from app.models.gguf import Header
from app.models.spoilt import short

ROWS, COLUMNS = 1, 0
"""Which dimension of a tensor's shape is the width of what it makes."""
SECOND = (("mm.2.weight", ROWS),)
FULLY_CONNECTED = (("mm.model.fc.weight", ROWS),)
DOWN = (("mm.down.weight", ROWS),)
LAST: Mapping[str, tuple[tuple[str, int], ...]] = {
    **dict.fromkeys(("idefics3", "llama4", "deepseekocr", "deepseekocr2", "hunyuanvl", "step3vl"), FULLY_CONNECTED),
    **dict.fromkeys(("lfm2", "kimivl", "kimik25", "paddleocr", "pixtral", "lightonocr", "phi4", "dots_ocr"), SECOND),
    **dict.fromkeys(("qwen2vl_merger", "qwen2.5vl_merger", "qwen2.5o", "qwen3vl_merger", "youtuvl", "yasa2"), SECOND),
    **dict.fromkeys(("glm4v", "glm5v", "cogvlm", "minicpmv4_6"), DOWN),
    **dict.fromkeys(("internvl", "nemotron_v2_vl"), (("mm.model.mlp.3.weight", ROWS),)),
    **dict.fromkeys(("gemma3", "gemma3nv"), (("mm.input_projection.weight", COLUMNS),)),
    **dict.fromkeys(("gemma4v", "gemma4uv"), (("mm.input_projection.weight", ROWS),)),
    "mlp": (("mm.3.weight", ROWS), *SECOND),
    "janus_pro": (("mm.1.weight", ROWS),),
    "resampler": (("resampler.proj.weight", COLUMNS),),
}
"""The last tensor of each projector; of several the first that is there. `clip.vision.projection_dim` is no proof:
old LLaVA files have CLIP's own width in it."""
VISION = ("<|vision_start|>", "<|vision_end|>")
WORDS: Mapping[str, tuple[str, ...]] = {
    "idefics3": ("<fake_token_around_image>", "<global-img>"),
    **dict.fromkeys(("lfm2", "llama4"), ("<|image_start|>", "<|image_end|>")),
    **dict.fromkeys(("qwen2vl_merger", "qwen2.5vl_merger", "qwen2.5o", "qwen3vl_merger", "youtuvl"), VISION),
    **dict.fromkeys(("gemma3", "gemma3nv"), ("<start_of_image>", "<end_of_image>")),
    **dict.fromkeys(("gemma4v", "gemma4uv"), ("<|image>", "<image|>")),
    "internvl": ("<img>", "</img>"),
    "kimivl": ("<|media_start|>", "<|media_end|>"),
    **dict.fromkeys(("glm4v", "glm5v"), ("<|begin_of_image|>", "<|end_of_image|>")),
    "pixtral": ("[IMG_END]",),
}
"""What stands round a picture in the prompt. A vocabulary without them belongs to another language model."""


def is_mmproj(header: Header) -> bool:
    return header.keys.get("general.architecture") == "clip" or header.keys.get("general.type") == "mmproj"


def sees(mmproj: Header) -> bool:
    """Whether it holds a vision encoder; there are some that only hear."""
    return mmproj.keys.get("clip.has_vision_encoder") is True


def projector(mmproj: Header) -> str:
    """The projector's type; empty where the file does not say. Files that see and hear have a key for each."""
    found = mmproj.keys.get("clip.projector_type") or mmproj.keys.get("clip.vision.projector_type")
    return short(found) if isinstance(found, str) else ""


def architecture(text: Header) -> str:
    return short(text.keys.get("general.architecture", "an unnamed architecture"))


def width_made(mmproj: Header) -> int | None:
    """Elements of the vectors that the projector makes; None where this file has no word on that."""
    for name, dimension in LAST.get(projector(mmproj), ()):
        if name in mmproj.tensors and dimension < len(mmproj.tensors[name].shape):
            return mmproj.tensors[name].shape[dimension] * (1 + _floors(mmproj))
    return None


def width_taken(text: Header) -> int | None:
    """Elements of the vectors that the language model takes, by its keys."""
    width = text.keys.get(f"{architecture(text)}.embedding_length")
    floors = text.keys.get(f"{architecture(text)}.n_deepstack_layers", 0)
    return width * (1 + floors) if isinstance(width, int) and isinstance(floors, int) else None


def _floors(mmproj: Header) -> int:
    """How many layers of a Qwen3-VL tower hand on something of their own (deepstack), beside the last."""
    return sum(name.startswith("v.deepstack.") and name.endswith(".fc1.weight") for name in mmproj.tensors)
