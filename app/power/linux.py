"""Power and heat on Linux, from sysfs: Documentation/ABI/testing/sysfs-class-power and -thermal of the kernel."""

from pathlib import Path

from app.conditions import Conditions, Heat

SYS = Path("/sys/class")
HOT_TRIPS = ("passive", "hot", "critical")
"""Trip points at which the kernel slows the machine or ends it; the active ones start a fan."""
WARM_MC = 5_000
"""Thousandths of a degree below a trip point: near enough to ask for no more."""


def conditions(sys: Path = SYS) -> Conditions:
    """What the kernel says; what it does not say is plugged and cool."""
    return Conditions(is_on_battery(sys / "power_supply"), heat(sys / "thermal"))


def is_on_battery(supplies: Path) -> bool:
    """A battery of the machine (and not of its mouse) is discharging, and nothing else feeds it."""
    found = [supply for supply in supplies.glob("*") if word(supply / "scope") != "Device"]
    stores = [supply for supply in found if word(supply / "type") in ("Battery", "UPS")]
    is_fed = any(word(supply / "online") not in ("", "0") for supply in found if supply not in stores)
    return not is_fed and any(word(supply / "status") == "Discharging" for supply in stores)


def heat(thermal: Path) -> Heat:
    """How near the hottest zone is to a trip point, above it if negative."""
    distance = min((away for zone in thermal.glob("thermal_zone*") for away in distances(zone)), default=WARM_MC + 1)
    return "hot" if distance <= 0 else "warm" if distance <= WARM_MC else "cool"


def distances(zone: Path) -> list[int]:
    """From the zone's temperature to each of its trip points, in m°C; a trip point of 0 or less is not set."""
    now = thousandths(zone / "temp")
    types = [file for file in zone.glob("trip_point_*_type") if word(file) in HOT_TRIPS]
    trips = [thousandths(file.with_name(file.name.replace("_type", "_temp"))) for file in types]
    return [] if now is None else [trip - now for trip in trips if trip is not None and trip > 0]


def thousandths(file: Path) -> int | None:
    try:
        return int(word(file))
    except ValueError:
        return None


def word(file: Path) -> str:
    """The file's content; empty where it cannot be read: a zone may be there and not answer."""
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
