"""Are these two files a pair that sees, and does the installed llama.cpp take it? Headers are read, never a weight.

Without its mmproj a language model loads in silence, and answers as if it saw. What does not fit, llama.cpp often
notices at the first picture only, in words that say little.
"""

from collections.abc import Collection, Generator, Iterator
from pathlib import Path

from app.check import projector_probe
from app.check.findings import Finding, bad, unknown
from app.check.gguf_find import mmprojs, shards
from app.check.projector import WORDS, architecture, is_mmproj, projector, sees, width_made, width_taken
from app.files import explain
from app.models.gguf import Header, read_header
from app.models.spoilt import Spoilt

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
    except Spoilt as spoilt:
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


def _flaw(mmproj: Path, eyes: Header) -> Spoilt | None:
    if not is_mmproj(eyes):
        sentence = f"{mmproj.name} is no mmproj but a language model ({architecture(eyes)})"
        return Spoilt("not-mmproj", sentence, "name the mmproj-*.gguf that is published with the model")
    if not sees(eyes):
        sentence = f"{mmproj.name} holds no vision encoder: its model may hear, and cannot see"
        return Spoilt("no-vision", sentence, "take a model that sees")
    if not projector(eyes):
        sentence = f"{mmproj.name} does not say its projector's type, as very old conversions do not"
        return Spoilt("no-projector-type", sentence, "take a newer conversion of the model")
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
