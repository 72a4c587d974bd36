"""The loop: read, ask, write, one picture after the other."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from app.commands.describe.answer import Patience, described
from app.commands.describe.lines import Page, Unread, as_json, line, paused, progress, record
from app.commands.describe.task import Described, Task, Undescribed
from app.errors import Outage, UserError
from app.image_files.inputs import AS_NAMED, Question, Roads
from app.image_files.sink import Captions
from app.protocols import Describer

INTERRUPTED = 130
Results = Generator[tuple[Question, Described | Undescribed]]


@dataclass(slots=True)
class Count:
    """What has come of them so far."""

    there: int = 0
    """In the file already."""
    described: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    def add(self, result: Described | Undescribed) -> None:
        if isinstance(result, Undescribed):
            self.failed += 1
        else:
            self.described += 1

    def __str__(self) -> str:
        there = "1 was" if self.there == 1 else f"{self.there} were"
        return f"{self.described} described, {there} there already, {self.failed} failed"


def run(
    whats: Sequence[str],
    task: Task,
    describer: Callable[[], Describer],
    page: Page,
    roads: Roads = AS_NAMED,
    captions: Captions | None = None,
) -> int:
    """Describe every picture that `whats` name. Returns the exit code: 0, 1 if any failed, 130 if interrupted.

    The describer is asked for once a picture has been read, used on this thread, and left open. With several pictures,
    and for a folder, each line begins with a name. With `captions`, lines go there instead, and what is there is
    passed over. Ends early and quietly when nobody reads `out` any more.

    Raises:
        UserError: nothing can be written, the model does not answer any more, or they cannot be shown together.
    """
    questions = roads.questions(whats)
    has_names = are_named(questions, whats, roads)
    left = captions.left(questions) if captions else questions
    count = Count(len(questions) - len(left))
    try:
        with progress(len(left), page.err) as bar, closing(results(left, task, roads, describer, page)) as answers:
            for question, result in answers:
                count.add(result)
                with paused(bar):
                    page.remark(result)
                    if captions:
                        captions.keep(question, record(result, task))
                    else:
                        page.write(as_json(record(result, task)) if page.is_json else line(result, has_names=has_names))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Unread:
        pass
    finally:
        if captions:
            page.note(f"{count}: {captions.path}")
    return 1 if count.failed else 0


def are_named(questions: Sequence[Question], whats: Sequence[str], roads: Roads) -> bool:
    """Whether it must be said which picture a line is about."""
    return len(questions) > 1 or (questions != [(what,) for what in whats] and not roads.together)


def results(
    questions: Sequence[Question], task: Task, roads: Roads, describer: Callable[[], Describer], page: Page
) -> Results:
    """Read and describe one after the other. A model that does not load or answer ends it; a picture never does."""
    patience = Patience(page.tell)
    for question in questions:
        try:
            shown = roads.read(question)
        except UserError as error:
            yield question, Undescribed(roads.called(question), error)
            continue
        ask = partial(described, shown, task, describer())
        try:
            yield question, patience.asked(ask)
        except Outage as outage:
            if patience.is_spent:
                raise
            patience.is_spent = True
            yield question, Undescribed(shown.names, outage)
        except UserError as error:
            yield question, Undescribed(shown.names, error)
