"""What a user sees when looking back."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands.history import HistoryArgs, show_history
from app.errors import HistoryError, OutputError, UsageError
from app.outputs.log import thumbnails_of
from tests.commands.history.logs import NOON, History, Screen, hours, keep, line, write
from tests.terminal.stage import notice, sentence


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


def test_what_a_run_has_written_is_read_back_whole(tmp_path: Path) -> None:
    seen = History()
    lines = seen.of(keep(tmp_path / "a.jsonl", notice("ready", "Looking.", ""), sentence("Grüße, 世界.")))
    assert [each[21:] for each in lines] == ["notice: Looking.", "Grüße, 世界."]
    assert not seen.remarks


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


def test_since_that_is_no_time_is_a_wrong_command_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="yesteryear"):
        show_history(HistoryArgs(str(write(tmp_path / "a", line())), since="yesteryear"), History().out, History().err)


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
