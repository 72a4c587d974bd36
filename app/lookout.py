"""Asks a model about what is watched for, and tells when it begins and when it ends."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from app.flow import Cost, Describer, Frame, Notice, Request, Sentence, SentenceKind
from app.telling import Doubt, Ended, Look, Whole, told
from app.watching import Turn, Watch, is_yes, question

MOST_TOKENS = 16
"""Enough for yes or no, and a few words behind it."""
KINDS: dict[Turn, SentenceKind] = {"begins": "alert", "ends": "change"}
"""Only the beginning interrupts."""


@dataclass(slots=True)
class Lookout:
    """Several things watched for in the same frames."""

    describer: Describer
    watches: Sequence[Watch] = ()
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    """Seconds since 1970."""
    puzzled: set[str] = field(default_factory=set, init=False)
    """Wishes that have been answered neither yes nor no, and were told to be."""

    @property
    def is_undecided(self) -> bool:
        return any(each.is_undecided for each in self.watches)

    def look(self, frame: Frame, number: int, is_left: Callable[[], bool]) -> Iterator[Sentence | Notice]:
        """Ask about each. A frame's vision features are computed once, however many ask."""
        for watch in self.watches:
            answer, cost = self.answer(watch, frame, is_left)
            if is_left():
                return
            if (vote := is_yes(answer)) is None:
                yield from self.puzzle(watch, answer)
            elif turn := watch.vote(vote, frame.media_s):
                whole = Whole(self.words(watch, turn, frame), cost)
                yield Look(frame, self.now() - cost.total_s, number).sentence(whole, KINDS[turn], watch.wish)

    def answer(self, watch: Watch, frame: Frame, is_left: Callable[[], bool]) -> tuple[str, Cost]:
        request, said, cost = Request((frame,), question(watch.wish), MOST_TOKENS), [], Cost()
        for each in told(self.describer, request, is_left):
            match each:
                case Whole() | Doubt():
                    said.append(each.text if isinstance(each, Whole) else "")
                case Ended():
                    cost = each.cost
        return " ".join(said), cost

    def puzzle(self, watch: Watch, answer: str) -> Iterator[Notice]:
        """Say once that this model cannot be asked this."""
        if watch.wish not in self.puzzled:
            self.puzzled.add(watch.wish)
            words = f'Asked "{question(watch.wish)}", the model says neither yes nor no: "{answer[:60]}".'
            yield Notice("doubt", words, "ask for one thing that can be seen, such as: a person at the door")

    def words(self, watch: Watch, turn: Turn, frame: Frame) -> str:
        """Times are those of the wall, of the first frame in which it was seen, or no longer seen."""
        wish = watch.wish[:1].upper() + watch.wish[1:].rstrip("?.! ")
        if turn == "begins":
            return f"{wish}: since {self.time_of(frame, watch.began_at)}."
        lasted = round(watch.ended_at - watch.began_at)
        return f"{wish}: no longer, since {self.time_of(frame, watch.ended_at)}, after {duration(lasted)}."

    def time_of(self, frame: Frame, media_s: float) -> str:
        """What a clock on the wall showed at that moment of the source."""
        ago = self.now() - frame.seen_at + frame.media_s - media_s
        return time.strftime("%H:%M:%S", time.localtime(self.wall() - ago))


def duration(seconds: int) -> str:
    """In words to be spoken: 1 second, 12 seconds, 3 minutes."""
    count, unit = (seconds, "second") if seconds < 90 else (round(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
