"""A GGUF pair: which two files are meant, whether they are whole, and whether they fit each other."""

import re
import stat
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.check import projector_probe
from app.check.findings import Finding, bad, unknown
from app.files import explain, is_appledouble
from app.models.corrupt_file import CorruptFile, short
from app.models.gguf import Header, read_header

SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?!00000)(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True)
class Pair:
    """A language model, and what lends it eyes."""

    text: Path
    """Of several shards the first."""
    mmproj: Path | None


def find_pair(path: Path, mmproj: Path | None = None) -> Pair:
    """`path`: a language model, one of its shards, or a folder of GGUF files; `mmproj`: if it lies elsewhere.

    Raises:
        CorruptFile: `missing`, `unreadable`, `no-gguf`, `several-models` or `several-mmprojs`.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        text = _only_text(path) if is_folder else shards(path)[0]
        return Pair(text, mmproj or _only_mmproj(text.parent))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CorruptFile("missing", *explain(error, Path(error.filename or path))) from error
    except OSError as error:
        raise CorruptFile("unreadable", *explain(error, Path(error.filename or path))) from error


def shards(path: Path) -> list[Path]:
    """All files of a model that is split into several, by the name of one of them; else the file alone."""
    match = SHARD.fullmatch(path.name)
    if not match:
        return [path]
    count = int(match["count"])
    return [path.with_name(f"{match['stem']}-{number:05d}-of-{count:05d}.gguf") for number in range(1, count + 1)]


def mmprojs(folder: Path) -> list[Path]:
    """The mmproj files in a folder, by name."""
    return [path for path in _ggufs(folder) if _is_mmproj(path)]


def _only_text(folder: Path) -> Path:
    found = sorted({shards(path)[0] for path in _ggufs(folder) if not _is_mmproj(path)})
    if not found:
        raise CorruptFile("no-gguf", f"{folder} holds no language model in GGUF", "name the .gguf file of one")
    if len(found) > 1:
        raise CorruptFile(
            "several-models", f"{folder} holds several models: {_names(found)}", f"name one, as {found[0]}"
        )
    return found[0]


def _only_mmproj(folder: Path) -> Path | None:
    found = mmprojs(folder)
    if len(found) > 1:
        sentence = f"{folder} holds several mmproj files: {_names(found)}"
        raise CorruptFile(
            "several-mmprojs", sentence, f"name one, as --mmproj {found[0]}, or leave only one beside the model"
        )
    return found[0] if found else None


def _ggufs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_gguf(path) and not is_appledouble(path))


def is_gguf(path: Path) -> bool:
    """Whether a file's name ends as GGUF files do."""
    return path.name.lower().endswith(".gguf")


def _is_mmproj(path: Path) -> bool:
    return "mmproj" in path.name.lower()


def _names(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths)


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


TOGETHER = "take both files from one repository"
INSTALL = "./install.sh --llama, or brew install llama.cpp"


def judge_pair(text: Path, mmproj: Path | None) -> list[Finding]:
    """What there is to say of a language model in GGUF and its mmproj. Never raises; loads and downloads nothing.

    Codes: those of `app.models.gguf`, `missing`, `unreadable`, `shard-missing`, `no-mmproj`, `swapped`,
    `model-is-mmproj`, `not-mmproj`, `no-vision`, `no-projector-type`, `projector`, `image-tokens`, `width`; as notes
    `no-chat-template`, `width-unknown`, `projector-unasked`, `no-llama-cpp`; and `unknown`.
    """
    found: list[Finding] = []
    try:
        found.extend(_findings(text, mmproj))
    except Exception as failure:  # noqa: BLE001 — a defect of the check is no verdict on the model
        found.append(unknown("pair", failure))
    return found


def _findings(text: Path, mmproj: Path | None) -> Iterator[Finding]:
    eyes = (yield from _reading("mmproj", mmproj)) if mmproj else None
    mind = yield from _reading_model(text, WORDS.get(projector(eyes), ()) if eyes else ())
    if mind and eyes and mmproj and is_mmproj(mind) and not is_mmproj(eyes):
        yield _swapped(text, mmproj)
        return
    speaks = mind is not None and (yield from _mind(text, mind))
    looks = eyes is not None and mmproj is not None and (yield from _eyes(mmproj, eyes))
    if speaks and mmproj is None:
        yield _no_mmproj(text)
    if mind and eyes and speaks and looks:
        yield from _together(text, mind, eyes)


def _reading(name: str, path: Path, words: Collection[str] = ()) -> Generator[Finding, None, Header | None]:
    """The header; or a finding, and None."""
    try:
        return read_header(path, words)
    except CorruptFile as spoilt:
        yield bad(name, spoilt)
    except (FileNotFoundError, NotADirectoryError) as error:
        yield Finding(name, "bad", *explain(error, path), code="missing")
    except OSError as error:
        yield Finding(name, "bad", *explain(error, path), code="unreadable")
    return None


def _reading_model(text: Path, words: Collection[str]) -> Generator[Finding, None, Header | None]:
    """The header of its first shard, which has all keys; None where any shard is missing or spoilt."""
    files = shards(text)
    if len(files) > 1 and (missing := [file.name for file in files if not file.exists()]):
        yield _shards_missing(text, len(files), missing)
        return None
    headers = []
    for file in files:
        headers.append((yield from _reading("model", file, words)))
    first = headers[0]
    if first and len(files) == 1 and _shards_announced(first) > 1:
        yield _shard_unnamed(text, _shards_announced(first))
        return None
    return first if all(headers) else None


def _shards_announced(header: Header) -> int:
    count = header.keys.get("split.count")
    return count if isinstance(count, int) else 1


def _shards_missing(text: Path, count: int, missing: list[str]) -> Finding:
    sentence = f"the model is split into {count} files, and these are missing: {_listed(missing)}"
    return Finding("model", "bad", sentence, f"download them into {text.parent}", "shard-missing")


def _shard_unnamed(text: Path, count: int) -> Finding:
    sentence = f"{text.name} is one of {count} files, and its name does not say which"
    hint = f"give all {count} their published names, such as NAME-00001-of-{count:05d}.gguf"
    return Finding("model", "bad", sentence, hint, "shard-missing")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _swapped(text: Path, mmproj: Path) -> Finding:
    sentence = f"the two files are swapped: {text.name} is the mmproj, {mmproj.name} the language model"
    return Finding("pair", "bad", sentence, "name them the other way round", "swapped")


def _mind(text: Path, mind: Header) -> Generator[Finding, None, bool]:
    """Whether it is a language model."""
    if is_mmproj(mind):
        sentence = f"{text.name} is an mmproj, which lends eyes to a language model and is none"
        yield Finding("model", "bad", sentence, "name the language model that lies beside it", "model-is-mmproj")
        return False
    yield Finding("model", "ok", f"{text.name}: {architecture(mind)}")
    if not mind.keys.get("tokenizer.chat_template"):
        sentence = f"{text.name} brings no chat template; llama.cpp then takes ChatML, which may not be the model's"
        hint = "start llama-server with --chat-template, or take a newer conversion"
        yield Finding("model", "note", sentence, hint, "no-chat-template")
    return True


def _no_mmproj(text: Path) -> Finding:
    beside = [path.name for path in mmprojs(text.parent)]
    hint = f"name the one that belongs to it: {', '.join(beside)}" if beside else _download(text)
    sentence = f"{text.name} has no mmproj: it would load, and answer without seeing anything"
    return Finding("mmproj", "bad", sentence, hint, "no-mmproj")


def _download(text: Path) -> str:
    return f"download the mmproj-*.gguf that is published with it into {text.parent}"


def _eyes(mmproj: Path, eyes: Header) -> Generator[Finding, None, bool]:
    """Whether it is an mmproj that sees."""
    flaw = _flaw(mmproj, eyes)
    if flaw:
        yield bad("mmproj", flaw)
        return False
    yield Finding("mmproj", "ok", f"{mmproj.name}: {projector(eyes)} projector, {len(eyes.tensors)} tensors")
    yield _asked(projector(eyes))
    return True


def _flaw(mmproj: Path, eyes: Header) -> CorruptFile | None:
    if not is_mmproj(eyes):
        sentence = f"{mmproj.name} is no mmproj but a language model ({architecture(eyes)})"
        return CorruptFile("not-mmproj", sentence, "name the mmproj-*.gguf that is published with the model")
    if not sees(eyes):
        sentence = f"{mmproj.name} holds no vision encoder: its model may hear, and cannot see"
        return CorruptFile("no-vision", sentence, "take a model that sees")
    if not projector(eyes):
        sentence = f"{mmproj.name} does not say its projector's type, as very old conversions do not"
        return CorruptFile("no-projector-type", sentence, "take a newer conversion of the model")
    return None


def _asked(kind: str) -> Finding:
    """What the installed llama.cpp says of the projector."""
    library = projector_probe.installed()
    if library is None and projector_probe.has_server():
        sentence = f"llama-server is one program here, and tells only once it is started whether it knows {kind}"
        return Finding("llama.cpp", "note", sentence, "./run.sh --backend llama --gguf FILE tells", "projector-unasked")
    if library is None:
        sentence = f"not installed, so it was not asked whether it knows {kind}"
        return Finding("llama.cpp", "note", sentence, INSTALL, "no-llama-cpp")
    try:
        is_known = projector_probe.knows(library, kind)
    except projector_probe.CannotSay as why:
        sentence = f"{library} did not tell whether it knows {kind}: {why}"
        hint = "./run.sh --backend llama --gguf FILE tells"
        return Finding("llama.cpp", "note", sentence, hint, "projector-unasked")
    if is_known:
        return Finding("llama.cpp", "ok", f"{library} knows {kind}")
    hint = "put a newer llama-server on PATH (brew install or brew upgrade llama.cpp), or take another model"
    return Finding("llama.cpp", "bad", f"{library} does not know the projector {kind}", hint, "projector")


def _together(text: Path, mind: Header, eyes: Header) -> Iterator[Finding]:
    kind, made, taken = projector(eyes), width_made(eyes), width_taken(mind)
    lacking = [word for word in WORDS.get(kind, ()) if word not in mind.known_words]
    if lacking:
        sentence = f"the vocabulary of {text.name} lacks {', '.join(lacking)}, which {kind} puts round a picture"
        yield Finding("pair", "bad", sentence, f"it is another model's mmproj: {TOGETHER}", "image-tokens")
    if made is None or taken is None:
        sentence = f"whether a {kind} projector fits {architecture(mind)} is not known here"
        yield Finding("pair", "note", sentence, "./run.sh --backend llama --gguf FILE tells", "width-unknown")
    elif made != taken:
        sentence = f"the {kind} projector makes vectors of {made:,}, and {architecture(mind)} takes {taken:,}"
        yield Finding("pair", "bad", sentence, f"these two are no pair: {TOGETHER}", "width")
    elif not lacking:
        sentence = f"{kind} projector of width {made} onto {architecture(mind)} of width {taken}"
        yield Finding("pair", "ok", sentence)
