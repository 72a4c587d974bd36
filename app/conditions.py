"""What the machine has to spare, as far as it says: power and heat. Pure data; power/ finds it out."""

from dataclasses import dataclass
from typing import Literal, Protocol

Heat = Literal["cool", "warm", "hot"]
"""hot: it slows down, or is about to; warm: not hot, and not to be asked for more either."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """As a machine without battery and sensors is: plugged and cool."""

    is_on_battery: bool = False
    heat: Heat = "cool"

    @property
    def words(self) -> tuple[str, ...]:
        """What there is to be sparing for."""
        return ("on battery",) * self.is_on_battery + (self.heat,) * (self.heat != "cool")


class Sensor(Protocol):
    """What knows the conditions."""

    @property
    def conditions(self) -> Conditions:
        """The newest known; never blocks, never raises."""
        ...

    def close(self) -> None:
        """Ask no more; may be called twice."""
        ...
