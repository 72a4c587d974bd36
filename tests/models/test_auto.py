"""--model auto takes the largest that fits, says why, and never slips the demo in."""

from pathlib import Path

import pytest

from app.errors import ModelError
from app.models.best import main
from app.models.registry import best, choose, fetched_folder, fits, machine_memory, registered

GB = 2**30
REGISTRY = """
[small]
default = true
repository = "someone/small"
licence = "MIT"
memory_gb = 1.0
verified = [{ what = "it loads", where = "here", when = 2026-11-21 }]
[middle]
repository = "someone/middle"
licence = "MIT"
memory_gb = 4.0
verified = [{ what = "it loads", where = "here", when = 2026-11-21 }]
[large]
repository = "someone/large"
licence = "MIT"
memory_gb = 8.0
verified = [{ what = "it loads", where = "here", when = 2026-11-21 }]
[unsized]
repository = "someone/unsized"
licence = "MIT"
verified = [{ what = "it loads", where = "here", when = 2026-11-21 }]
[untried]
repository = "someone/untried"
licence = "MIT"
memory_gb = 7.0
[demo]
folder = "models/demo"
licence = "MIT"
memory_gb = 6.0
verified = [{ what = "it sees", where = "here", when = 2026-11-21 }]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "demo"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (tmp_path / "models" / "registry.toml").write_text(REGISTRY)
    return tmp_path


def install(root: Path, *names: str) -> None:
    for name in names:
        fetched_folder(name, root).mkdir(parents=True)
        (fetched_folder(name, root) / "config.json").write_text("{}")


def test_the_largest_installed_model_within_a_quarter_of_the_memory_is_chosen_and_why_is_said(root: Path) -> None:
    install(root, "small", "middle", "large")
    card, why = choose(16 * GB, root)
    assert card.name == "middle"
    assert why == "middle: the largest installed model that takes at most a quarter of this machine's 16 GB"


def test_of_two_of_a_size_the_later_table_is_chosen(root: Path) -> None:
    registry = root / "models" / "registry.toml"
    registry.write_text(registry.read_text().replace("memory_gb = 8.0", "memory_gb = 4.0"))
    install(root, "middle", "large")
    assert choose(16 * GB, root)[0].name == "large"


def test_a_model_that_fits_and_is_not_installed_is_not_chosen(root: Path) -> None:
    install(root, "small")
    assert choose(32 * GB, root)[0].name == "small"


def test_what_has_no_known_size_or_was_never_run_is_not_chosen(root: Path) -> None:
    install(root, "small", "unsized", "untried")
    assert choose(32 * GB, root)[0].name == "small"


def test_where_nothing_that_fits_is_installed_the_one_that_would_is_named(root: Path) -> None:
    install(root, "large")
    with pytest.raises(ModelError, match=r"no installed .* quarter of this machine's 16 GB") as failure:
        choose(16 * GB, root)
    assert failure.value.hint.startswith("./install.sh --model middle fetches the largest that does")


def test_the_demo_is_never_chosen_however_well_it_would_fit(root: Path) -> None:
    with pytest.raises(ModelError):
        choose(64 * GB, root)
    assert best(64 * GB, root)[0].name == "large"


def test_for_an_installation_the_best_need_not_be_installed(root: Path) -> None:
    assert best(16 * GB, root) == (
        registered(root)["middle"],
        "middle: the largest model that takes at most a quarter of this machine's 16 GB",
    )


def test_half_of_the_memory_is_enough_and_a_little_less_is_not(root: Path) -> None:
    middle = registered(root)["middle"]
    assert fits(middle, 8 * GB)
    assert not fits(middle, 8 * GB - 1)
    assert fits(registered(root)["unsized"], 8 * GB) is None


def test_install_sh_gets_the_name_alone_and_the_user_the_reason(root: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(root) == 0
    said = capsys.readouterr()
    assert said.out == f"{best(machine_memory(), root)[0].name}\n"
    assert "at most a quarter of this machine's" in said.err


@pytest.mark.parametrize("size", [8, 16, 24, 32, 64])
def test_every_mac_with_apple_silicon_finds_a_model_in_our_registry(size: int) -> None:
    assert best(size * GB)[0].memory_gb <= size / 4
