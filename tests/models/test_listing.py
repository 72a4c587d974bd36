"""./run.sh models tells of every model what a person wants to know before choosing it."""

import json
from pathlib import Path

import pytest

from app.models import lockfile
from app.models.listing import as_json, render, rows
from app.models.registry import registered

GB = 2**30
REGISTRY = """
[small]
default = true
repository = "someone/small"
licence = "apache-2.0"
memory_gb = 1.5
image_tokens = { default = 64, least = 16, most = 64, how = "tile edge" }
verified = [
    { what = "it loads", where = "a Mac", when = 2026-10-01 },
    { what = "it sees", where = "Linux", when = 2026-11-21 },
]
[large]
repository = "someone/large"
licence = "MIT"
memory_gb = 16.5
[demo]
folder = "models/demo"
licence = "MIT"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    model(tmp_path / "models" / "demo")
    (tmp_path / "models" / "registry.toml").write_text(REGISTRY)
    return tmp_path


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "qwen3_vl"}')
    return folder


def install(name: str, trust: lockfile.Trust, root: Path) -> None:
    folder = model(root / ".models" / name)
    lockfile.write(
        name, lockfile.Entry("someone/fetched", "f" * 40, trust, {"bits": 0}, lockfile.marks(folder), "mit"), root
    )


def installed(root: Path) -> dict[str, str]:
    return {row.card.name: row.installed for row in rows(8 * GB, root)}


def test_it_says_of_each_how_far_its_files_are_known(root: Path) -> None:
    assert installed(root) == {"small": "no", "large": "no", "demo": "bundled"}
    install("small", "pinned", root)
    install("large", "recorded at install", root)
    assert installed(root) == {"small": "pinned", "large": "recorded at install", "demo": "bundled"}


def test_a_folder_that_the_lock_does_not_know_is_not_passed_off_as_installed_by_us(root: Path) -> None:
    model(root / ".models" / "small")
    assert installed(root)["small"] == "not recorded"


def test_repositories_that_are_in_no_table_are_listed_by_their_ids(root: Path) -> None:
    install("owner--name@v2", "recorded at install", root)
    row = rows(8 * GB, root)[-1]
    assert (row.card.name, row.card.architecture) == ("owner/name@v2", "qwen3_vl")
    assert (row.installed, row.fits) == ("recorded at install", None)
    assert (row.card.revision, row.card.licence) == ("f" * 40, "mit")


def test_a_repository_that_was_removed_by_hand_is_not_listed(root: Path) -> None:
    install("owner--name", "recorded at install", root)
    (root / ".models" / "owner--name" / "config.json").unlink()
    (root / ".models" / "owner--name").rmdir()
    assert "owner/name" not in installed(root)


def test_a_model_fits_that_takes_half_of_the_memory(root: Path) -> None:
    assert {row.card.name: row.fits for row in rows(8 * GB, root)} == {"small": True, "large": False, "demo": None}


def test_the_lines_are_words_in_columns_and_one_a_model(root: Path) -> None:
    install("small", "pinned", root)
    small, large, demo = render(rows(8 * GB, root)).splitlines()
    assert small.split("  ")[0] == "small (default)"
    for cell in (
        "installed, pinned",
        "fits",
        "1.5 GB",
        "64 image tokens",
        "apache-2.0",
        "verified 2026-11-21: it sees",
    ):
        assert cell in small
    for cell in ("not installed", "too large", "16.5 GB", "image tokens measured", "MIT", "not verified"):
        assert cell in large
    for cell in ("bundled", "size not known"):
        assert cell in demo
    assert small.index("installed") == large.index("not installed") == demo.index("bundled")


def test_json_is_one_object_a_line_with_the_whole_card(root: Path) -> None:
    told = [json.loads(line) for line in as_json(rows(8 * GB, root)).splitlines()]
    assert [each["name"] for each in told] == ["small", "large", "demo"]
    small = told[0]
    assert (small["installed"], small["fits"], small["default"]) == ("no", True, True)
    assert small["image_tokens"] == {"default": 64, "least": 16, "most": 64, "how": "tile edge"}
    assert small["verified"][1] == {"what": "it sees", "where": "Linux", "when": "2026-11-21"}


def test_our_own_registry_is_listed_whole() -> None:
    listed = [row.card.name for row in rows(16 * GB)]
    assert listed[: len(registered())] == list(registered())
    assert len(render(rows(16 * GB)).splitlines()) == len(listed)
