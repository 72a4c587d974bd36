"""How many tokens of the prompt one frame must fill: what each family's vision tower makes of the pixels sent to it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from app.check import fit
from app.check.checkpoint import Checkpoint, one_line
from app.check.findings import Finding

Sent = Mapping[str, Any]
"""What the processor made of prompt and frame: input_ids, pixel_values and the family's own."""


@dataclass(frozen=True, slots=True)
class Family:
    """How one family shows a frame to its tower."""

    due: Callable[[Any, Sent], int]
    """From the loader's ModelConfig and what is sent: image tokens that the prompt must have."""
    agreed: Mapping[str, str] = field(default_factory=dict)
    """What the image processor and the loader's config must say alike, each by its own name for it."""
    has_tiles: bool = False
    """Whether the processor enlarges and cuts frames unless it is told not to."""


def disagreements(family: Family, processor: Any, config: Any) -> Iterator[str]:
    """Where the processor cuts frames otherwise than the tower takes them; nothing is tried for it."""
    for name, other in family.agreed.items():
        said, due = getattr(processor.image_processor, name), attrgetter(other)(config)
        if said != due:
            yield f"the image processor's {name} is {said}, and the vision tower takes {due}"
    if family.has_tiles and processor.image_seq_len != (due := _tile_tokens(processor, config)):
        yield f"a tile becomes {processor.image_seq_len} image tokens in the prompt, and the vision tower makes {due}"


def _tile_tokens(processor: Any, config: Any) -> int:
    patches = processor.image_processor.max_image_size["longest_edge"] // config.vision_config.patch_size
    return int(patches**2 // config.scale_factor**2)


def idefics(config: Any, sent: Sent) -> int:
    """pixel_values: 1 × tiles × 3 × H × W; patches are shuffled together, scale × scale to one token."""
    _, tiles, _, height, width = sent["pixel_values"].shape
    patch, scale = config.vision_config.patch_size, config.scale_factor
    return int(tiles * (height // patch) * (width // patch) // scale**2)


def placeholder(_: Any, sent: Sent) -> int:
    """One placeholder a frame, which the model itself replaces by the tower's rows."""
    return int(sent["pixel_values"].shape[0])


def lfm2(config: Any, sent: Sent) -> int:
    """spatial_shapes: patches down and across, one row a view; an odd number is filled up."""
    factor = config.downsample_factor
    return sum(-(-height // factor) * -(-width // factor) for height, width in sent["spatial_shapes"].tolist())


def qwen(config: Any, sent: Sent) -> int:
    """image_grid_thw: patches in time, down and across, one row a picture."""
    merged = config.vision_config.spatial_merge_size**2
    return sum(time * height * width // merged for time, height, width in sent["image_grid_thw"].tolist())


IDEFICS = Family(idefics, has_tiles=True)
PLACEHOLDER = Family(placeholder)
LFM2 = Family(lfm2, {"encoder_patch_size": "vision_config.patch_size", "downsample_factor": "downsample_factor"})
QWEN3 = Family(
    qwen,
    {
        "patch_size": "vision_config.patch_size",
        "merge_size": "vision_config.spatial_merge_size",
        "temporal_patch_size": "vision_config.temporal_patch_size",
    },
)
FAMILIES = {
    "smolvlm": IDEFICS,
    "idefics3": IDEFICS,
    "llava_qwen2": PLACEHOLDER,
    "fastvlm": PLACEHOLDER,
    "llava-qwen2": PLACEHOLDER,
    "bunny-llama": PLACEHOLDER,
    "lfm2_vl": LFM2,
    "lfm2-vl": LFM2,
    "qwen3_vl": QWEN3,
}

EDGE = 256
"""Of the frame that is tried, in pixels, where the processor does not ask for another."""
VOCABULARIES = ("tokenizer.json", "*.model", "vocab.json", "vocab.txt", "*.tiktoken", "tekken.json")
"""Where a tokenizer's words may be; transformers makes an empty tokenizer where none of them is there."""
MARKS = {"image_token": "image_token_index", "vision_start_token": "vision_start_token_id"}
"""The processor's marks around and for a picture, and where the loader's config has their numbers."""
SETTINGS = ("preprocessor_config.json", "processor_config.json", "chat_template.json")
WORDS = ("tokenizer.json", "tokenizer_config.json")
"""Files that an image processor and a tokenizer are made from, or that are read on the way."""
OF_THE_WEIGHTS = "take processor_config.json and preprocessor_config.json from the repository of the weights"
AGAIN = "download the folder again, with all its JSON and template files; or take another model: ./run.sh models"


def examine(checkpoint: Checkpoint, config: Any) -> list[Finding]:
    """What keeps a frame from reaching the model, or one finding that is ok. `config`: the loader's own."""
    if not any(path.is_file() for pattern in VOCABULARIES for path in checkpoint.folder.glob(pattern)):
        sentence = "there is no tokenizer (tokenizer.json); mlx-vlm would go on with an empty one"
        return [Finding("processor", "bad", sentence, AGAIN, "no-tokenizer")]
    try:
        processor = fit.processor(checkpoint.folder)
    except Exception as error:  # noqa: BLE001 — transformers raises what it likes over a file that it cannot read
        return [_not_made(checkpoint.folder, error)]
    if found := [*_missing(processor, checkpoint)]:
        return found
    family = FAMILIES.get(checkpoint.architecture.lower())
    if family is None:
        return [Finding("processor", "ok", "tokenizer, image processor and chat template are there")]
    return [*_vocabulary(processor, config), *_try(processor, config, family)]


def _not_made(folder: Path, error: Exception) -> Finding:
    """Whose fault it is that there is no processor: the tokenizer's, if that cannot be made alone either."""
    if not fit.has_tokenizer(folder):
        why = _spoilt(folder, WORDS) or one_line(error)
        return Finding("processor", "bad", f"the tokenizer cannot be read: {why}", AGAIN, "no-tokenizer")
    is_there = (folder / SETTINGS[0]).exists()
    why = _spoilt(folder, SETTINGS) or ("" if is_there else f"{SETTINGS[0]} is missing") or one_line(error)
    return Finding("processor", "bad", f"the image processor cannot be made: {why}", AGAIN, "no-image-processor")


def _spoilt(folder: Path, files: Sequence[str]) -> str:
    """The first of these files that is no JSON; what transformers says over one often names another reason."""
    found = [name for name in files if (folder / name).exists() and not _is_json(folder / name)]
    return f"{found[0]} is no JSON" if found else ""


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return True


def _missing(processor: Any, checkpoint: Checkpoint) -> Iterator[Finding]:
    if getattr(processor, "image_processor", None) is None:
        sentence = "there is no image processor (preprocessor_config.json, processor_config.json)"
        yield Finding("processor", "bad", sentence, AGAIN, "no-image-processor")
    if fit.needs_template(checkpoint.architecture) and not _template(processor):
        sentence = "there is no chat template, so mlx-vlm would send a bare prompt"
        yield Finding("processor", "bad", sentence, AGAIN, "no-chat-template")


def _vocabulary(processor: Any, config: Any) -> Iterator[Finding]:
    rows, words = config.text_config.vocab_size, len(_tokenizer(processor))
    if words > rows:
        sentence = f"the tokenizer has {words:,} tokens, and the model only {rows:,}"
        yield Finding("processor", "bad", sentence, "take tokenizer and weights of one repository", "vocabulary")


def _try(processor: Any, config: Any, family: Family) -> list[Finding]:
    """Hold marks and sizes together; where they agree, send a grey frame through, and count what comes out."""
    if wrong := [*_wrong_ids(processor, config), *_wrong_sizes(processor, config, family)]:
        return wrong
    try:
        prompt = fit.prompt(processor, config)
    except Exception as error:  # noqa: BLE001 — a template is a program out of the folder, and fails as programs do
        sentence = f"the chat template fails on a question about a picture: {one_line(error)}"
        return [Finding("processor", "bad", sentence, AGAIN, "no-chat-template")]
    mark = getattr(processor, "image_token", "<image>")
    if prompt.count(mark) != 1:
        sentence = f"the chat template makes {prompt.count(mark)} places for one picture ({mark})"
        return [Finding("processor", "bad", sentence, AGAIN, "template-without-image")]
    return [_send(processor, config, family, prompt)]


def _send(processor: Any, config: Any, family: Family, prompt: str) -> Finding:
    try:
        edge = _one_tile(processor) if family.has_tiles else EDGE
        sent = fit.sent(processor, prompt, edge, config.image_token_index)
    except (ValueError, TypeError, KeyError) as error:
        sentence = f"the image processor fails on a frame: {one_line(error)}"
        return Finding("processor", "bad", sentence, AGAIN, "no-image-processor")
    return _counted(config, sent, family)


def _wrong_sizes(processor: Any, config: Any, family: Family) -> Iterator[Finding]:
    try:
        for sentence in disagreements(family, processor, config):
            yield Finding("processor", "bad", sentence, OF_THE_WEIGHTS, "image-token-count")
    except (TypeError, KeyError) as error:
        sentence = f"the image processor does not say how it cuts frames: {one_line(error)}"
        yield Finding("processor", "bad", sentence, AGAIN, "no-image-processor")


def _wrong_ids(processor: Any, config: Any) -> Iterator[Finding]:
    """Where config.json numbers a mark otherwise than the tokenizer, the model takes a word for a picture."""
    for mark, number in MARKS.items():
        word, due = getattr(processor, mark, None), getattr(config, number, None)
        if word is None or due is None or due < 0:  # below zero: in no vocabulary, the processor itself puts it in
            continue
        given = _tokenizer(processor).convert_tokens_to_ids(word)
        if due != given:
            sentence = f"config.json says {due} for {mark}, and the tokenizer gives {word} the number {given}"
            hint = "take config.json and tokenizer.json of one repository"
            yield Finding("processor", "bad", sentence, hint, "image-token")


def _counted(config: Any, sent: Sent, family: Family) -> Finding:
    found = int((sent["input_ids"] == config.image_token_index).sum().item())
    due = family.due(config, sent)
    if found == due:
        return Finding("processor", "ok", f"one frame becomes {_tokens(found)}, as the vision tower makes them")
    sentence = f"one frame becomes {_tokens(found)} in the prompt, and the vision tower makes {due}"
    return Finding("processor", "bad", sentence, OF_THE_WEIGHTS, "image-token-count")


def _tokens(count: int) -> str:
    return f"{count} image token" + ("s" if count != 1 else "")


def _one_tile(processor: Any) -> int:
    """Keep the processor from cutting, as looksay does when it describes; return the edge of its one tile."""
    images = processor.image_processor
    images.do_image_splitting = images.do_resize = False
    return int(images.max_image_size["longest_edge"])


def _template(processor: Any) -> Any:
    return getattr(processor, "chat_template", None) or getattr(_tokenizer(processor), "chat_template", None)


def _tokenizer(processor: Any) -> Any:
    return getattr(processor, "tokenizer", processor)
