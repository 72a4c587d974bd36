"""`./run.sh history` as a user meets it: the list, --find, --since, --json and --wipe."""

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands.history import HistoryArgs, find_log, parse_since, show_history, wipe
from app.errors import HistoryError, OutputError, UsageError
from app.events import RunEvent
from app.outputs.log import LONGEST, Log, forget, last_log, remember, thumbnails_of
from app.outputs.thumbnails import Thumbnails
from tests.running import ROOT, SLOW_S, Ended, environment, records, run, run_until, sentences, start
from tests.terminal.stage import notice, sentence
from tests.waiting import until


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin" if os.path.exists("/usr/share/zoneinfo/Europe/Berlin") else "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def line(text: str = "A red circle.", at: datetime | None = NOON, **more: object) -> str:
    """A record with no more than what history needs."""
    time = {"time": at.isoformat(timespec="milliseconds")} if at else {}
    return json.dumps({"event": "sentence", "kind": "scene", "text": text, **time, **more}, ensure_ascii=False)


def write(path: Path, *lines: str | bytes) -> Path:
    """A file with these lines."""
    path.write_bytes(b"".join((each if isinstance(each, bytes) else each.encode()) + b"\n" for each in lines))
    return path


def keep(path: Path, *events: RunEvent, thumbnails: bool = False) -> Path:
    """What a run writes that is told this."""
    folder = thumbnails_of(path) if thumbnails else None
    outputs = [Log(path, pytest.fail, thumbnails=folder), *([Thumbnails(folder, pytest.fail)] if folder else [])]
    for each in events or (
        notice("ready", "Looking.", ""),
        sentence("A red circle."),
        sentence("A dog.", number=1),
    ):
        for output in outputs:
            output.tell(each)
    for output in outputs:
        output.close()
    return path


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class History:
    """What a user sees of `./run.sh history`."""

    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def of(self, path: Path, **wanted: object) -> list[str]:
        assert show_history(HistoryArgs(str(path), **wanted), self.out, self.err) == 0
        return self.out.getvalue().splitlines()

    @property
    def remarks(self) -> list[str]:
        return self.err.getvalue().splitlines()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


# The list


def test_every_entry_is_a_line_with_its_local_time_and_notices_are_marked(tmp_path: Path) -> None:
    log = write(
        tmp_path / "a.jsonl",
        line("A red circle."),
        line("The camera is gone.", NOON + hours(1), event="notice", kind="camera lost"),
        line("It is red.", NOON + hours(2), kind="answer", about="What colour is it?"),
    )
    assert History().of(log) == [
        "2026-11-21 13:00:00  A red circle.",
        "2026-11-21 14:00:00  notice: The camera is gone.",
        "2026-11-21 15:00:00  [What colour is it?] It is red.",
    ]


def test_on_a_terminal_a_new_day_has_a_heading_and_a_notice_is_dim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    log = write(tmp_path / "a.jsonl", line(), line(at=NOON + hours(1)), line(at=NOON + hours(24), event="notice"))
    assert History(out=Screen()).of(log) == [
        "\x1b[1mSaturday, 21 November 2026\x1b[0m",
        "2026-11-21 13:00:00  A red circle.",
        "2026-11-21 14:00:00  A red circle.",
        "\x1b[1mSunday, 22 November 2026\x1b[0m",
        "\x1b[2m2026-11-22 13:00:00  notice: A red circle.\x1b[0m",
    ]
    monkeypatch.setenv("NO_COLOR", "1")
    assert len(History(out=Screen()).of(log)) == 3


@pytest.mark.parametrize(
    ("find", "texts"),
    [
        ("dog", ["A dog."]),
        ("CAFÉ", ["Ein Café."]),
        ("cafe", ["Ein Café."]),
        ("Cafe\u0301", ["Ein Café."]),
        ("strasse", ["Die Straße."]),
        ("ein  café", ["Ein Café."]),
        ("colour", ["[What colour?] Red."]),
        ("cat", []),
    ],
)
def test_words_are_found_whatever_their_case_and_accents(tmp_path: Path, find: str, texts: list[str]) -> None:
    log = write(
        tmp_path / "a.jsonl", line("A dog."), line("Ein Café."), line("Die Straße."), line("Red.", about="What colour?")
    )
    seen = History()
    assert [each[21:] for each in seen.of(log, find=find)] == texts
    assert seen.remarks == ([] if texts else ["notice: No matching entries."])


def test_since_leaves_out_what_was_before_and_says_what_has_no_time(tmp_path: Path) -> None:
    log = write(tmp_path / "a.jsonl", line("Old."), line("Undated.", at=None), line("New.", NOON + hours(2)))
    seen = History()
    assert [each[21:] for each in seen.of(log, since="2026-11-21T14:30")] == ["New."]
    assert seen.remarks == ["notice: Skipped 1 entry without a time."]
    assert History().of(log)[1] == "without a time       Undated."


BROKEN: list[bytes] = [
    b'{"event": "sentence", "kind": "sc',
    b"\x00" * 100,
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b'"event"',
    b"plain words",
    b'{"event": "sentence"}',
    b'{"event": "sentence", "kind": 1, "text": "x"}',
    b'{"event": "party", "kind": "scene", "text": "x"}',
    b'{"event": "sentence", "kind": "scene", "text": "x", "media_s": NaN}',
    b"[" * 100_000,
    b'{"event": ' * 100_000,
    b"1" * 10_000,
    b" " + b"x" * 3_000_000,
]


def test_broken_lines_are_skipped_and_counted_in_one_notice(tmp_path: Path) -> None:
    log = write(tmp_path / "a.jsonl", line("First."), *BROKEN, b"", b"   ", line("Last."))
    log.write_bytes(log.read_bytes() + b'{"event": "sentence", "ki')
    seen = History()
    assert [each[21:] for each in seen.of(log)] == ["First.", "Last."]
    assert seen.remarks == [f"notice: Skipped {len(BROKEN) + 1} lines (incomplete, or not written by looksay)."]


@pytest.mark.parametrize(
    "time", [None, 3, "", "noon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026"]
)
def test_a_time_that_is_none_breaks_no_entry(tmp_path: Path, time: object) -> None:
    assert History().of(write(tmp_path / "a", line(time=time)))[0].endswith("  A red circle.")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([line().encode(), line("Ä").encode()[:-3]]))))
def test_no_bytes_stop_the_reader_and_no_whole_line_is_lost(tmp_path_factory: pytest.TempPathFactory, junk) -> None:
    log = write(tmp_path_factory.mktemp("junk") / "a.jsonl", *junk, line("Still here."))
    seen = History()
    lines = seen.of(log)
    whole = [each for one in junk for each in one.split(b"\n") if each == line().encode()]
    assert lines[-1] == "2026-11-21 13:00:00  Still here."
    assert len(lines) == len(whole) + 1
    assert len(seen.remarks) <= 1


@given(st.text())
def test_what_a_log_holds_cannot_command_a_terminal(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    shown = History().of(
        write(tmp_path_factory.mktemp("text") / "a.jsonl", json.dumps(json.loads(line()) | {"text": text}))
    )
    assert len(shown) == 1
    assert shown[0].rstrip().isprintable() or not any(one < " " or "\x7f" <= one < "\xa0" for one in shown[0])


def test_json_gives_records_as_they_were_written_with_the_whole_path_of_a_thumbnail_that_is_there(
    tmp_path: Path,
) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    written = [json.loads(each) for each in log.read_text().splitlines()]
    shown = [json.loads(each) for each in History().of(log, is_json=True)]
    paths = [each.pop("thumbnail", None) for each in shown]
    names = [each.pop("thumbnail", None) for each in written]
    assert shown == written
    assert paths == [None, *(str(tmp_path / name) for name in names[1:])]
    assert all(Path(each).is_file() for each in paths[1:])
    Path(paths[1]).unlink()
    assert ["thumbnail" in json.loads(each) for each in History().of(log, is_json=True)] == [False, False, True]


def test_thumbnails_are_found_after_both_have_been_moved_and_no_other_file_is_named(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    moved = log.rename(tmp_path / "b.jsonl")
    thumbnails_of(log).rename(thumbnails_of(moved))
    assert all("b.jsonl.thumbnails" in json.loads(each)["thumbnail"] for each in History().of(moved, is_json=True)[1:])
    for foreign in ("/etc/passwd", "../a.jsonl", "..", "", 3, None, "\x00"):
        (row,) = History().of(write(tmp_path / "c.jsonl", line(thumbnail=foreign)), is_json=True)
        assert "thumbnail" not in json.loads(row)


def test_a_log_that_is_not_there_or_no_file_is_explained(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.jsonl", "no such log"), (tmp_path, "is a folder")):
        with pytest.raises(HistoryError, match=reason) as failure:
            History().of(path)
        assert failure.value.hint


def test_a_full_disk_behind_standard_output_is_explained(tmp_path: Path) -> None:
    log = write(tmp_path / "a.jsonl", line())
    with open("/dev/full", "w") as full, pytest.raises(OutputError, match="No space"):
        show_history(HistoryArgs(str(log)), full, History().err)


# --since


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


@pytest.mark.parametrize(
    ("since", "meant"),
    [
        ("90s", "2026-11-21 08:58:30"),
        ("10m", "2026-11-21 08:50"),
        ("2h", "2026-11-21 07:00"),
        ("1.5h", "2026-11-21 07:30"),
        ("3d", "2026-11-18 09:00"),
        ("1w", "2026-11-14 09:00"),
        ("0m", "2026-11-21 09:00"),
        ("08:30", "2026-11-21 08:30"),
        ("8:30", "2026-11-21 08:30"),
        ("9:00", "2026-11-21 09:00"),
        ("23:30", "2026-11-20 23:30"),
        ("23:30:15", "2026-11-20 23:30:15"),
        ("2026-11-20", "2026-11-20 00:00"),
        ("2026-11-20 14:30", "2026-11-20 14:30"),
        ("2026-11-20T14:30:05", "2026-11-20 14:30:05"),
        ("2026-11-20T14:30:05+00:00", "2026-11-20 15:30:05"),
        ("2026-07-01", "2026-07-01 00:00"),
    ],
)
def test_it_is_so_long_ago_or_at_the_last_such_time_or_from_that_day_on(since: str, meant: str) -> None:
    assert parse_since(since, local("2026-11-21 09:00")) == local(meant)


NONE = ["", " ", "m", "10", "10 m", "-10m", "1e3m", "∞m", "10y", "25:00", "9", "14:30:61", "2026-13-01", "2026-02-30"]
NONE += ["yesterday", "9" * 400 + "d", "99999999d", "0001-01-01", "\x00", "１０m"]


@pytest.mark.parametrize("since", NONE)
def test_what_is_no_time_is_explained(since: str) -> None:
    with pytest.raises(UsageError) as failure:
        parse_since(since, local("2026-11-21 09:00"))
    assert "10m" in failure.value.hint


@given(st.text(alphabet="0123456789:-T smhdw.+Z") | st.text())
def test_any_text_is_a_time_with_its_offset_or_explained(since: str) -> None:
    with suppress(UsageError):
        assert parse_since(since, local("2026-11-21 09:00")).utcoffset() is not None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.times())
def test_a_clock_time_is_the_last_one_before_now(now: datetime, clock) -> None:
    found = parse_since(f"{clock:%H:%M}", now.astimezone())
    assert found <= now.astimezone()
    assert now.astimezone() - found < timedelta(hours=26)  # the night that is an hour longer


# --wipe


@pytest.fixture(autouse=True)
def last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another file remembers the last log, so that a developer's own stays remembered."""
    path = tmp_path / ".cache" / "last_log.json"
    for function in (remember, last_log, forget):
        monkeypatch.setattr(function, "__defaults__", (path,))
    return path


def wiped(log: Path | None) -> dict[str, object]:
    out = io.StringIO()
    assert wipe(str(log) if log else None, out, is_json=True) == 0
    return json.loads(out.getvalue())


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.rglob("*") if each.name != ".cache"}


def test_the_log_its_thumbnails_and_its_memory_go_and_are_named(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    remember(log)
    out = io.StringIO()
    wipe(None, out, is_json=False)
    assert out.getvalue().splitlines() == [
        f"removed {log}.thumbnails",
        f"removed {log}",
        "removed 2 thumbnails",
    ]
    assert files(tmp_path) == set()
    with pytest.raises(HistoryError, match="no log yet"):
        find_log(None)


FOREIGN = {
    "a diary": ["Dear diary,", "today it rained."],
    "another log": ['{"level": "info"}', line()],
    "a number": ["12", line()],
    "null": ["null", line()],
    "blanks": ["", " "],
    "half a line": [line()[:-5]],
    "a diary that a log was added to": ["dear diary", line(), line()],
    "a log that a note was added to": [line(), "buy milk"],
    "a log with another's record in it": [line(), '{"event": "sentence", "kind": "level"}', line()],
    "a log with a line that is endless": [line(), line("A" * LONGEST)],
}


@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_not_looksays_stays(tmp_path: Path, lines: list[str]) -> None:
    log = write(tmp_path / "a.jsonl", *lines)
    thumbnails_of(log).mkdir()
    before = log.read_bytes()
    with pytest.raises(HistoryError, match="not deleted: ") as failure:
        wiped(log)
    assert failure.value.hint
    assert (log.read_bytes(), thumbnails_of(log).is_dir()) == (before, True)


@pytest.mark.parametrize("torn", [line("Ä").encode().partition(b"\x84")[0], line()[:-5].encode(), line()[:4].encode()])
def test_a_run_that_broke_off_within_a_line_keeps_no_log_from_going(tmp_path: Path, torn: bytes) -> None:
    for lines in ([line(), torn], [line(), torn, line()]):
        log = write(tmp_path / "a.jsonl", *lines)
        log.write_bytes(log.read_bytes().removesuffix(b"\n"))
        wiped(log)
        assert files(tmp_path) == set()


def test_nothing_else_in_the_folder_of_thumbnails_goes(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    folder = thumbnails_of(log)
    (folder / "holiday.jpg").touch()
    (folder / ".DS_Store").touch()
    (folder / "20261121-130000-000-1.jpg.d").mkdir()
    told = wiped(log)
    assert (told["left"], told["thumbnails"]) == ([str(folder)], 2)
    assert files(folder) == {"holiday.jpg", "20261121-130000-000-1.jpg.d"}
    assert not log.exists()


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "20261121-130000-000-1.jpg").touch()
    thumbnails_of(log).symlink_to(elsewhere)
    assert wiped(log)["left"] == [str(thumbnails_of(log))]
    assert len(files(elsewhere)) == 1


def test_a_log_behind_a_link_goes_with_the_link_and_its_memory(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / "disk" / "real.jsonl", tmp_path / "a.jsonl"
    link.symlink_to(real)
    keep(link, thumbnails=True)
    remember(link)
    told = wiped(None)
    assert told["removed"] == [f"{real}.thumbnails", str(real), str(link)]
    assert told["forgotten"]
    assert files(tmp_path) == {"disk"}


def test_thumbnails_whose_log_is_gone_can_still_be_wiped_and_then_there_is_nothing(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    remember(log)
    log.unlink()
    assert wiped(log) == {"removed": [f"{log}.thumbnails"], "thumbnails": 2, "forgotten": True, "left": []}
    with pytest.raises(HistoryError, match="no such log"):
        wiped(log)


def test_a_log_that_a_run_still_writes_to_stays_until_the_run_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    runs = [Log(path, pytest.fail), Log(path, pytest.fail)]
    runs[0].tell(sentence())
    for each in runs:
        with pytest.raises(HistoryError, match="still writing") as failure:
            wiped(path)
        assert "Ctrl-C" in failure.value.hint
        each.close()
    assert wiped(path)["removed"] == [str(path)]


# Real runs, their logs and thumbnails


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a looksay that remembers its logs in a folder of its own."""
    for folder in ("app", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return dict(environment(PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1"))  # safe: not the app of this folder


def narrate(log: Path, home: dict[str, str], *more: str) -> Ended:
    ended = run_until(lambda told: len(sentences(told)) >= 2, log, "demo", *more, env=home)
    assert ended.code == 130, ended.err
    return ended


@pytest.mark.long
def test_what_a_run_has_said_is_found_again_without_naming_its_log(tmp_path: Path, home: dict[str, str]) -> None:
    ended = narrate(tmp_path / "day.jsonl", home)
    shown = run("history", env=home)
    sentences = [each[21:] for each in shown.out.splitlines() if "  notice: " not in each]
    assert (shown.code, shown.err) == (0, "")
    assert sentences == ended.sentences
    assert sentences
    assert run("history", "--find", sentences[0].upper(), "--since", "10m", env=home).out
    assert run("history", "--since", "2100-01-01", env=home).err == "notice: No matching entries.\n"


def test_thumbnails_without_a_log_are_a_wrong_command_line(home: dict[str, str]) -> None:
    ended = run("demo", "--seconds", "1", "--thumbnails", env=home)
    assert (ended.code, ended.out) == (2, "")
    assert "--log" in ended.err


@pytest.mark.long
def test_the_log_of_a_killed_run_is_read_and_no_run_appears_to_hold_it(tmp_path: Path, home: dict[str, str]) -> None:
    log = tmp_path / "day.jsonl"
    process = start("demo", "--log", str(log), env=home)
    until(lambda: process.poll() is not None or '"sentence"' in (log.read_text() if log.exists() else ""), SLOW_S)
    busy = run("history", "--wipe", env=home)
    assert (busy.code, busy.out) == (1, "")
    assert "still writing" in busy.err
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SLOW_S)
    assert len(run("history", env=home).out.splitlines()) == len(records(log))
    assert run("history", "--wipe", env=home).code == 0


def test_without_a_log_there_is_nothing_to_look_back_at_and_that_is_explained(home: dict[str, str]) -> None:
    ended = run("history", env=home)
    assert (ended.code, ended.out) == (1, "")
    assert [each.split(":")[0] for each in ended.err.splitlines()] == ["error", "hint"]


def test_a_reader_that_leaves_ends_it_quietly_and_letters_stay_letters(tmp_path: Path, home: dict[str, str]) -> None:
    log = write(tmp_path / "a.jsonl", *[line(f"Grüße {number}.") for number in range(20_000)])
    process = start("history", "--log", str(log), env=home)
    assert process.stdout
    assert process.stdout.readline().endswith("Grüße 0.\n")
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=SLOW_S)
    assert (process.returncode, err) == (0, "")


def test_wiping_takes_neither_words_nor_times(tmp_path: Path, home: dict[str, str]) -> None:
    log = write(tmp_path / "a.jsonl", line())
    for more in (("--find", "red"), ("--since", "10m")):
        assert run("history", "--wipe", "--log", str(log), *more, env=home).code == 2
    assert log.exists()


def test_history_loads_nothing_heavy(tmp_path: Path, home: dict[str, str]) -> None:
    log = write(tmp_path / "a.jsonl", line())
    ended = run("history", "--log", str(log), env={**home, "PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {each.rsplit("|", 1)[-1].strip() for each in ended.err.splitlines() if each.startswith("import time:")}
    assert "app.commands.history" in loaded
    assert not loaded & {"numpy", "cv2", "mlx", "rich", "transformers", "PIL"}
