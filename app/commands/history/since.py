"""`--since`: how long ago, at what time, or on which day."""

import re
from datetime import datetime, timedelta

from app.errors import UsageError

SPAN = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
CLOCKS = ("%H:%M", "%H:%M:%S")


def moment(text: str, now: datetime) -> datetime:
    """The time that `text` means at `now` (with its offset): `10m`, `14:30` (the last one), `2026-11-20`.

    Raises:
        UsageError: it means none.
    """
    try:
        return ago(text, now) or last_time(text, now) or datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        pass
    raise UsageError(
        f"--since: {text!r} is no time in the past",
        "say 10m, 2h or 3d ago, a time like 14:30, or a day like 2026-11-20",
    )


def ago(text: str, now: datetime) -> datetime | None:
    found = SPAN.fullmatch(text)
    return now - timedelta(**{UNITS[found["unit"]]: float(found["number"])}) if found else None


def last_time(text: str, now: datetime) -> datetime | None:
    """When the clock showed this last: at 9:00, `23:30` was yesterday."""
    for form in CLOCKS:
        try:
            clock = datetime.strptime(text, form).time()
        except ValueError:
            continue
        today = datetime.combine(now.astimezone().date(), clock)
        return today.astimezone() if today.astimezone() <= now else (today - timedelta(days=1)).astimezone()
    return None
