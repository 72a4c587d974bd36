"""Asks a model about what is watched for, and tells when it begins and when it ends."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from app.errors import Outage
from app.events import Cost, Frame, Notice, Request, Sentence, SentenceKind
from app.live.captioner import Failed, Look, Whole
from app.live.watching import Turn, Watch
from app.protocols import Describer
from app.text import is_decided, is_yes, question

MOST_TOKENS = 16
"""Enough for yes or no, and a few words behind it."""
KINDS: dict[Turn, SentenceKind] = {"begins": "alert", "ends": "change"}
"""Only the beginning interrupts."""
Found = Sentence | Notice | Cost | Failed


@dataclass(slots=True)
class Lookout:
    """Several things watched for in the same frames."""

    describer: Describer
    lasting_s: float = 0.0
    cooldown_s: float = 0.0
    """See `Watch`."""
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    """Seconds since 1970."""
    is_filmed: bool = True
    """Whether the source goes at the pace of the clock."""
    watches: Sequence[Watch] = field(default=(), init=False)
    puzzled: set[str] = field(default_factory=set, init=False)
    """Wishes that have been answered neither yes nor no, and were told to be."""

    def watch_for(self, wishes: Sequence[str]) -> None:
        """These from now on; what is known of those that stay is kept."""
        known = {each.wish: each for each in self.watches}
        new = (known.get(wish) or Watch(wish, self.lasting_s, self.cooldown_s) for wish in wishes)
        self.watches = tuple(new)

    @property
    def is_undecided(self) -> bool:
        return any(each.is_undecided for each in self.watches)

    def look(self, frame: Frame, number: int, is_left: Callable[[], bool]) -> Iterator[Found]:
        """Ask about each, and yield what each answer cost, too.

        A frame's vision features are computed once, however many ask.
        """
        try:
            yield from self.votes(frame, number, is_left)
        except Outage as outage:
            yield Failed(outage)

    def votes(self, frame: Frame, number: int, is_left: Callable[[], bool]) -> Iterator[Found]:
        for watch in self.watches:
            started = self.now()
            answer, cost = self.answer(Request((frame,), question(watch.wish), MOST_TOKENS), is_left)
            if is_left():
                return
            yield cost
            if (vote := is_yes(answer)) is None:
                yield from self.puzzle(watch, answer)
            elif turn := watch.vote(vote, frame.media_s):
                whole = Whole(self.words(watch, turn, frame), cost)
                yield Look(frame, started, number).sentence(whole, KINDS[turn], watch.wish)

    def answer(self, request: Request, is_left: Callable[[], bool]) -> tuple[str, Cost]:
        """As far as it decides: what follows a yes or a no is not waited for."""
        said, cost = "", Cost()
        with closing(self.describer.describe(request)) as pieces:
            for piece in pieces:
                said, cost = said + piece.text, piece.cost
                if is_left() or is_decided(said):
                    break
        return said, cost

    def puzzle(self, watch: Watch, answer: str) -> Iterator[Notice]:
        """Say once that this model cannot be asked this."""
        if watch.wish not in self.puzzled:
            self.puzzled.add(watch.wish)
            words = f'Asked "{question(watch.wish)}", the model says neither yes nor no: "{answer[:60]}".'
            yield Notice("doubt", words, "ask for one thing that can be seen, such as: a person at the door")

    def words(self, watch: Watch, turn: Turn, frame: Frame) -> str:
        """Times of day are of the first frame in which it was seen, or no longer seen."""
        wish = watch.wish[:1].upper() + watch.wish[1:].rstrip("?.! ")
        if turn == "begins":
            return f"{wish}: since {self.time_of(frame, watch.began_at)}."
        lasted = round(watch.ended_at - watch.began_at)
        return f"{wish}: no longer, since {self.time_of(frame, watch.ended_at)}, after {duration(lasted)}."

    def time_of(self, frame: Frame, media_s: float) -> str:
        """A moment of the source: what the clock showed; of a clip that is not watched as filmed, its place there."""
        if not self.is_filmed:
            return f"{int(media_s) // 60}:{int(media_s) % 60:02}"
        ago = self.now() - frame.seen_at + frame.media_s - media_s
        return time.strftime("%H:%M:%S", time.localtime(self.wall() - ago))


def duration(seconds: int) -> str:
    """In words to be spoken: 1 second, 12 seconds, 3 minutes."""
    count, unit = (seconds, "second") if seconds < 90 else (round(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
