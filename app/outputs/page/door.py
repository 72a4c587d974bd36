"""A listening socket that lets in so many and no more, and shows out those who keep a place for nothing.

macOS gives a process 256 descriptors, and cameras, models and logs want some of them. It knows sockets, not what is
said over them: the protocols in bounds.py tell it who is being served. Used on the server's thread alone.
"""

import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

MOST = 64
"""Connections at a time. A window keeps three for good, and opens six while it loads."""
HEAD_S = 5.0
"""The longest that one may stay without a whole request, a TLS handshake included."""
STUCK_S = 10.0
"""The longest that one may leave unread what was sent."""
QUEUE = 128
"""Connections that the system keeps waiting: on macOS the most that it takes."""


@dataclass(slots=True)
class Guest:
    """One connection."""

    connection: socket.socket
    idle_since: float | None
    """Monotonic seconds, since when it has asked for nothing; None while it is being served."""
    stuck_since: float | None = None
    """Monotonic seconds, since when it has not read what was sent; None while it reads."""
    is_shown_out: bool = False

    @property
    def is_there(self) -> bool:
        return self.connection.fileno() != -1

    def begins(self) -> None:
        self.idle_since = None

    def rests(self) -> None:
        self.idle_since = time.monotonic()

    def stalls(self) -> None:
        self.stuck_since = time.monotonic()

    def reads(self) -> None:
        self.stuck_since = None

    def show_out(self) -> None:
        """Whoever reads or writes at this end finds it closed, and gives the descriptor back."""
        self.is_shown_out = True
        with suppress(OSError):  # the other end has gone
            self.connection.shutdown(socket.SHUT_RDWR)


@dataclass(slots=True)
class Guests:
    """Those who are in."""

    most: int = MOST
    head_s: float = HEAD_S
    stuck_s: float = STUCK_S
    everybody: list[Guest] = field(default_factory=list, init=False)

    def welcome(self, connection: socket.socket) -> bool:
        """Whether there is a place for one more: a free one, or that of whoever has been idle longest."""
        self.everybody = [each for each in self.everybody if each.is_there]
        if not self._has_room():
            return False
        self.everybody.append(Guest(connection, time.monotonic()))
        return True

    def _has_room(self) -> bool:
        staying = [each for each in self.everybody if not each.is_shown_out]
        if len(staying) < self.most:
            return True
        idle = [(each.idle_since, index) for index, each in enumerate(staying) if each.idle_since is not None]
        if idle:
            staying[min(idle)[1]].show_out()
        return bool(idle)

    def sweep(self) -> None:
        """Show out who has overstayed."""
        now = time.monotonic()
        for each in self.everybody:
            is_idle = each.idle_since is not None and now - each.idle_since > self.head_s
            is_stuck = each.stuck_since is not None and now - each.stuck_since > self.stuck_s
            if each.is_there and (is_idle or is_stuck):
                each.show_out()

    def show_all_out(self) -> None:
        for each in self.everybody:
            if each.is_there:
                each.show_out()

    @property
    def served(self) -> int:
        """How many are being served."""
        return sum(each.is_there and each.idle_since is None for each in self.everybody)


class Door(socket.socket):
    """The socket that the server listens on."""

    def __init__(self, family: int = socket.AF_INET) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self.setblocking(False)
        self.guests = Guests()

    def guest(self, fileno: int) -> Guest:
        """The one whose connection has this descriptor."""
        return next(each for each in self.guests.everybody if each.connection.fileno() == fileno)
