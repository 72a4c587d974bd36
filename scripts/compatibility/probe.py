"""Does this mlx-vlm see with this model? `python probe.py FOLDER NUMBERS [PICTURES]` ends with one line, the answer.

It runs inside the environment under test, so it knows nothing of looksay and leans on what every mlx-vlm since 0.3.9
brings and calls by the same name. A crash is for the caller to notice. NUMBERS is the file (.npz) for what the model
thinks of the next word, to be compared between versions. PICTURES is for a model that was trained: a folder of pictures
and `captions.json`, what is to be said of each.
"""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_vlm import apply_chat_template, load, stream_generate
from PIL import Image, ImageChops

# Without Metal, 0.3.9's own ends in `finally: return`, which swallows whatever failed inside.
vars(sys.modules["mlx_vlm.generate"])["wired_limit"] = lambda *_: nullcontext()

Picture = Image.Image
Look = Callable[..., Any]
"""From one picture or several to the log-probabilities of the first token, float32, one for each of the vocabulary."""
QUESTION = "What do you see?"
WIDTH, HEIGHT, CELL = 640, 480, 16
CAPTION_TOKENS = 40
LONGEST = 300


def main(folder: Path, numbers: Path, pictures: Path | None) -> str:
    """One of the words of scripts/compatibility/matrix.py, with a reason after a colon where there is one."""
    try:
        model, processor = load(str(folder))
        model.set_dtype(mx.float32)  # as looksay does on a CPU
    except Exception as failure:  # noqa: BLE001 — whatever it is, that it happened is the answer
        return f"does not load: {short(failure, folder)}"
    by_default = missed(looking(model, processor), folder)
    fitted = one_tile_only(processor)
    look = looking(model, processor, fitted)
    in_one_tile = missed(look, folder) if fitted else by_default
    if in_one_tile:
        return in_one_tile
    np.savez(numbers, **thoughts(look))
    if by_default:
        return f"one-tile-only: else {by_default}"
    return (pictures and wrong_captions(model, processor, pictures)) or "works"


def looking(model: Any, processor: Any, fitted: Callable[[Picture], Picture] | None = None) -> Look:
    def look(*pictures: Picture) -> Any:
        prompt = apply_chat_template(processor, model.config, QUESTION, num_images=len(pictures))
        shown = [fitted(each) if fitted else each for each in pictures]
        results = stream_generate(model, processor, prompt, image=shown, max_tokens=1, temperature=0.0)
        return np.array(next(iter(results)).logprobs.astype(mx.float32)).ravel()

    return look


def missed(look: Look, folder: Path) -> str:
    """What does not reach the first token: a part of the frame is changed, and the numbers must change with it."""
    frame = noise()
    try:
        before = look(frame)
        rounding = difference(look(frame), before)
        seen = [part for part, change in CHANGES.items() if difference(look(change(frame)), before) > 2 * rounding]
    except Exception as failure:  # noqa: BLE001 — as above
        return f"fails on a frame: {short(failure, folder)}"
    if not np.isfinite(before).all():
        return "fails on a frame: what comes out are no numbers"
    unseen = [part for part in CHANGES if part not in seen]
    return "blind" if not seen else f"blind to {' and '.join(unseen)}" if unseen else ""


def thoughts(look: Look) -> dict[str, Any]:
    """Of one frame and, where the model takes two, of two that differ."""
    frame = noise()
    try:
        return {"one": look(frame), "two": look(frame, frame.transpose(Image.Transpose.ROTATE_180))}
    except Exception:  # noqa: BLE001 — not every model takes two
        return {"one": look(frame)}


def one_tile_only(processor: Any) -> Callable[[Picture], Picture] | None:
    """Set the processor as looksay does; returns what is done to a frame then, or None where nothing can be set."""
    images: Any = getattr(processor, "image_processor", None)
    if not hasattr(images, "do_image_splitting"):
        return None
    images.do_image_splitting = False
    if hasattr(images, "max_image_tokens"):  # LFM2-VL
        images.min_image_tokens, images.max_image_tokens, images.max_num_patches = 32, 64, 256
        return lambda picture: picture
    images.do_resize = False  # SmolVLM
    edge = int(images.max_image_size["longest_edge"])
    return lambda picture: picture.resize((edge, edge))


def noise() -> Picture:
    """Coloured cells, no two parts alike."""
    cells = np.random.default_rng(0).integers(0, 256, (HEIGHT // CELL, WIDTH // CELL, 3), np.uint8)
    return Image.fromarray(cells).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def half_black(picture: Picture) -> Picture:
    changed = picture.copy()
    changed.paste((0, 0, 0), (WIDTH // 2, 0, WIDTH, HEIGHT))
    return changed


def corner_inverted(picture: Picture, top: int) -> Picture:
    box = (0, top, WIDTH // 4, top + HEIGHT // 4)
    changed = picture.copy()
    changed.paste(ImageChops.invert(picture.crop(box)), box)
    return changed


CHANGES = {
    "the upper left": lambda picture: corner_inverted(picture, 0),
    "the lower left": lambda picture: corner_inverted(picture, HEIGHT * 3 // 4),
    "the right half": half_black,
}


def difference(one: Any, other: Any) -> float:
    return float(np.abs(one - other).max())


def wrong_captions(model: Any, processor: Any, pictures: Path) -> str:
    """Empty when nearly all are right: the demo model's own exam asks for as much."""
    truth = json.loads((pictures / "captions.json").read_text())
    right = sum(caption(model, processor, pictures / name) == said for name, said in truth.items())
    return "" if right >= 0.9 * len(truth) else f"captions wrongly: {right} of {len(truth)} right"


def caption(model: Any, processor: Any, path: Path) -> str:
    prompt = apply_chat_template(processor, model.config, QUESTION, num_images=1)
    results = stream_generate(model, processor, prompt, image=[Image.open(path).convert("RGB")],
                              max_tokens=CAPTION_TOKENS, temperature=0.0, skip_special_tokens=True)  # fmt: skip
    return "".join(result.text for result in results).strip()


def short(failure: Exception, folder: Path) -> str:
    """What was said, by whole sentences where there are any, in one line without this machine's paths."""
    lines = [line.strip() for line in str(failure).replace(str(folder), "the folder").splitlines() if line.strip()]
    line = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    said = line if " " in line else f"{type(failure).__name__} {line}".strip()
    whole, ended, _ = f"{said[:LONGEST]} ".rpartition(". ")
    return f"{whole}." if ended else said[:LONGEST].rstrip(" ,")


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # libraries print
        folder, numbers, *others = (Path(each) for each in sys.argv[1:])
        answer = main(folder, numbers, next(iter(others), None))
    print(answer)
