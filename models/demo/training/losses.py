"""What the student is corrected for: where things are in pictures, how they moved, and what it answers."""

import torch
from torch import Tensor
from torch.nn import functional as F

from models.demo.training.feed import Batch
from models.demo.training.lessons import Labels
from models.demo.training.speech import Talk
from models.demo.training.student import Heads, Student


def losses(student: Student, batch: Batch) -> dict[str, Tensor]:
    """Each loss by name: "eyes" always, "tokens", "words" and "motion" where something is said."""
    tiles = torch.from_numpy(batch.tiles).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = student.see(tiles)
        found = {"eyes": _eye_loss(student.seen, features, batch.seen)}
        if batch.talk is not None:
            images = student.sum_up(features)
            found["tokens"] = _eye_loss(student.summed, images, batch.summed)
            found["words"], found["motion"] = _word_losses(student, images, batch, batch.talk)
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


def _word_losses(student: Student, images: Tensor, batch: Batch, talk: Talk) -> tuple[Tensor, Tensor]:
    """The answers' cross-entropy, and the loss of the motion that is felt on the way to them."""
    mask, places = _mask(torch.from_numpy(talk.turn)), torch.from_numpy(talk.places)
    last, felt = student.read(torch.from_numpy(talk.tokens), images, mask, places)
    foretold = student.net.lm_head(last[torch.from_numpy(talk.rows), torch.from_numpy(talk.columns)])
    motion = student.motion(felt[:, talk.last_image : talk.last_image + batch.motion.shape[1]])
    words = F.cross_entropy(foretold.float(), torch.from_numpy(talk.answers))
    return words, _distance(motion, torch.from_numpy(batch.motion))


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
