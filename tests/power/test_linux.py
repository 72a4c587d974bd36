"""Power and heat as sysfs tells them, in a folder that is built like it."""

from pathlib import Path

import pytest

from app.conditions import Conditions, Heat
from app.power import linux

MAINS = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "Mains", "online": "0"}
DRAINING = {"type": "Battery", "status": "Discharging"}
MOUSE = {"type": "Battery", "status": "Discharging", "scope": "Device"}


def supplies(folder: Path, *found: dict[str, str]) -> Path:
    for number, files in enumerate(found):
        write(folder / "power_supply" / f"S{number}", files)
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], False),
        ([MAINS], False),
        ([MAINS, DRAINING], False),  # a battery that is topped up later
        ([UNPLUGGED, DRAINING], True),
        ([DRAINING], True),
        ([UNPLUGGED, {"type": "USB", "online": "1"}, DRAINING], False),
        ([UNPLUGGED, {"type": "USB", "online": "0"}, DRAINING], True),
        ([UNPLUGGED, {"type": "Battery", "status": "Not charging"}], False),
        ([UNPLUGGED, {"type": "Battery", "status": "Full"}, DRAINING], True),
        ([MOUSE], False),
        ([MOUSE, {"type": "USB", "online": "1", "scope": "Device"}, UNPLUGGED, DRAINING], True),
        ([{"type": "UPS", "online": "1", "status": "Discharging"}], True),
        ([{"type": "Battery"}], False),
        ([{}], False),
        ([{"type": "Battery", "status": "???"}], False),
    ],
)
def test_on_battery_is_a_battery_of_the_machine_that_feeds_it_alone(
    tmp_path: Path, found: list[dict[str, str]], expected: bool
) -> None:
    assert linux.conditions(supplies(tmp_path, *found)).is_on_battery is expected


def zone(temp: str, **trips: str) -> dict[str, str]:
    files = {"type": "acpitz", "temp": temp}
    for number, (kind, at) in enumerate(trips.items()):
        files |= {f"trip_point_{number}_type": kind, f"trip_point_{number}_temp": at}
    return files


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ([], "cool"),
        ([zone("40000")], "cool"),
        ([zone("40000", critical="100000", passive="80000")], "cool"),
        ([zone("76000", critical="100000", passive="80000")], "warm"),
        ([zone("80000", critical="100000", passive="80000")], "hot"),
        ([zone("99000", hot="98000")], "hot"),
        ([zone("90000", active0="60000", critical="110000")], "cool"),  # a fan runs
        ([zone("40000", critical="100000"), zone("97000", critical="100000")], "warm"),
        ([zone("40000", critical="0", passive="-274000")], "cool"),  # not set
        ([zone("rubbish", critical="100000")], "cool"),
        ([zone("99000", critical="rubbish")], "cool"),
    ],
)
def test_heat_is_how_near_a_zone_is_to_being_slowed(
    tmp_path: Path, zones: list[dict[str, str]], expected: Heat
) -> None:
    for number, files in enumerate(zones):
        write(tmp_path / "thermal" / f"thermal_zone{number}", files)
    assert linux.conditions(tmp_path).heat == expected


def test_a_zone_that_does_not_answer_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "thermal" / "thermal_zone0", zone("40000", critical="100000"))
    (tmp_path / "thermal" / "thermal_zone0" / "temp").unlink()
    (tmp_path / "thermal" / "thermal_zone0" / "temp").mkdir()
    assert linux.conditions(tmp_path) == Conditions()


def test_a_machine_without_sysfs_is_plugged_and_cool(tmp_path: Path) -> None:
    assert linux.conditions(tmp_path / "nowhere") == Conditions()


def test_this_machine_can_be_asked() -> None:
    assert isinstance(linux.conditions(), Conditions)
