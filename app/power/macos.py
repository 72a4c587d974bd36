"""Power and heat on macOS, by the programs that every Mac has: pmset(1) and notifyutil(1).

`pmset -g therm` knows of Intel's limits; on Apple Silicon it answers that nothing has been recorded, however hot the
machine is. There the thermal pressure tells, which notifyd keeps for everyone: 0 nominal, 1 moderate, 2 heavy, 3
trapping, 4 sleeping (OSThermalNotification.h). A key that nobody has set reads 0.
"""

import re

from app.conditions import Conditions, Heat
from app.power.ask import answer

PRESSURE = "com.apple.system.thermalpressurelevel"


def conditions() -> Conditions:
    """What the programs say; what they do not say is plugged and cool."""
    return Conditions(
        is_on_battery(answer("pmset", "-g", "batt")),
        heat(answer("notifyutil", "-g", PRESSURE), answer("pmset", "-g", "therm")),
    )


def is_on_battery(batt: str) -> bool:
    """From `Now drawing from 'Battery Power'`: the other answers are AC Power and, a battery too, UPS Power."""
    return re.search(r"Now drawing from '(Battery|UPS) Power'", batt) is not None


def heat(pressure: str, therm: str) -> Heat:
    """`pressure`: the key and its number. `therm`: `CPU_Speed_Limit = 100` and warning levels, or notes of neither."""
    level = number(rf"{re.escape(PRESSURE)} (\d+)", pressure)
    limit = number(r"CPU_Speed_Limit\s*= (\d+)", therm)
    warning = number(r"Thermal Warning Level = (\d+)", therm)
    if (level or 0) >= 2 or warning or (limit is not None and limit < 100):
        return "hot"
    return "warm" if level else "cool"


def number(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    return int(found[1]) if found else None
