"""What the student is corrected for: where things are in pictures, how they moved, and what it answers."""

import torch
from torch import Tensor
from torch.nn import functional as F

from models.demo.training.feed import Batch, Sights
from models.demo.training.lessons import Fates, Labels
from models.demo.training.speech import IMAGE_TOKENS, Talk
from models.demo.training.student import NAMED_THING, SAME_PLACE, SAME_THING, Heads, Student


def losses(student: Student, batch: Batch) -> dict[str, Tensor]:
    """Each loss by name: "eyes" always; "tokens", "words" and "sights" where something is
    said, "fates" and "looks" where something happens."""
    tiles = torch.from_numpy(batch.tiles).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = student.see(tiles)
        found = {"eyes": _eye_loss(student.seen, features, batch.seen)}
        if batch.talk is not None:
            images = student.sum_up(features)
            found["tokens"] = _eye_loss(student.summed, images, batch.summed)
            found |= _word_losses(student, images, batch.talk, batch.fates, batch.sights)
    return found


def _eye_loss(heads: Heads, features: Tensor, labels: Labels) -> Tensor:
    """Colour and kind of every cell, the cells of things counting more, and the centres of things."""
    colour = _cell_loss(heads.colour(features), torch.from_numpy(labels.colour))
    kind = _cell_loss(heads.kind(features), torch.from_numpy(labels.kind))
    return colour + kind + 2 * _distance(heads.centre(features), torch.from_numpy(labels.centre))


def _cell_loss(scores: Tensor, classes: Tensor) -> Tensor:
    """Averaged apart: the ground is nine tenths of all cells and would drown the rest."""
    loss = F.cross_entropy(scores.float().flatten(0, 1), classes.flatten(), reduction="none")
    return _mean(loss[classes.flatten() > 0]) + 0.5 * _mean(loss[classes.flatten() == 0])


def _word_losses(
    student: Student, images: Tensor, talk: Talk, fates: Fates | None, sights: Sights | None
) -> dict[str, Tensor]:
    """The answers' cross-entropy, where the model looks for them, and what is felt of things' fates on the way."""
    mask, places = _mask(torch.from_numpy(talk.turn)), torch.from_numpy(talk.places)
    reading = student.read(torch.from_numpy(talk.tokens), images, mask, places)
    foretold = student.net.lm_head(reading.last[torch.from_numpy(talk.rows), torch.from_numpy(talk.columns)])
    found = {"words": F.cross_entropy(foretold.float(), torch.from_numpy(talk.answers))}
    if sights is not None:
        found["sights"] = _sight_loss(reading.look_at, sights)
    if fates is not None:
        newest = slice(talk.last_image, talk.last_image + IMAGE_TOKENS)
        oldest = slice(talk.first_image, talk.first_image + IMAGE_TOKENS)
        found["fates"] = _fate_loss(student, reading.felt[:, newest], fates)
        back = torch.cat([reading.look_back[:, :, newest, :1], reading.look_back[:, :, newest, oldest]], -1)
        found["looks"] = _look_loss(back, torch.from_numpy(fates.origin))
    return found


def _sight_loss(look_at: Tensor, sights: Sights) -> Tensor:
    """That some heads look at the thing whose colour or kind comes next. `look_at` is B×heads×L×L."""
    rows, columns = torch.from_numpy(sights.rows)[:, None], torch.from_numpy(sights.columns)[:, None]
    heads = look_at[:, NAMED_THING].transpose(0, 1)[:, rows, columns, torch.from_numpy(sights.tokens)].float()
    return -_mean(((heads * torch.from_numpy(sights.is_there)).sum(-1) + 1e-12).log())


def _fate_loss(student: Student, felt: Tensor, fates: Fates) -> Tensor:
    """How far the thing at each token came, whether it is new, and what is gone from there."""
    is_gone = torch.from_numpy(fates.is_gone)
    doubt = F.binary_cross_entropy_with_logits(student.gone(felt)[..., 0].float(), is_gone.float(), reduction="none")
    return 2 * _distance(student.motion(felt), torch.from_numpy(fates.motion)) + 0.5 * (
        _mean(doubt[is_gone]) + _mean(doubt[~is_gone])
    )


def _look_loss(back: Tensor, origin: Tensor) -> Tensor:
    """That some heads look back at where the same thing was (at the first token if nowhere), one at the same place.

    `back` clips×heads×16×17 is how much the last frame's tokens look at the first token of all and at the first
    frame's tokens.
    """
    heads = back[:, SAME_THING].float().transpose(0, 1)
    at_thing = (heads * origin).sum(-1)[:, origin.any(-1)]
    at_place = back[:, SAME_PLACE, :, 1:].float().diagonal(dim1=-2, dim2=-1)
    return -_mean((at_thing + 1e-12).log()) - _mean((at_place + 1e-12).log())


def _mask(turn: Tensor) -> Tensor:
    """B×1×L×L, to be added: every turn sees the pictures (turn 0) and its own past, never another turn."""
    length = turn.shape[1]
    is_past = torch.ones(length, length, dtype=torch.bool).tril()
    is_mine = (turn[:, None, :] == 0) | (turn[:, None, :] == turn[:, :, None])
    return torch.where(is_past & is_mine, 0.0, -1e4)[:, None]


def _distance(guess: Tensor, truth: Tensor) -> Tensor:
    """Smooth L1, only where the truth is not NaN."""
    is_known = ~truth[..., 0].isnan()
    return _mean(F.smooth_l1_loss(guess.float()[is_known], truth[is_known], beta=0.1, reduction="none"))


def _mean(values: Tensor) -> Tensor:
    """0 for nothing."""
    return values.sum() / max(1, values.numel())
