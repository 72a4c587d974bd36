"""Server-sent events: from bytes, however they are cut, to the data of each event."""

from collections.abc import Iterator

LONGEST_LINE = 1_000_000


class Events:
    """Takes bytes as they come; half a line, and with it half a character, waits for the rest."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.data: list[bytes] = []

    def add(self, part: bytes) -> Iterator[str]:
        """The events that are whole now. Raises ValueError for a line without end, and for what is no UTF-8."""
        self.held += part
        while (end := self.held.find(b"\n")) >= 0:
            line = bytes(self.held[:end]).removesuffix(b"\r")
            del self.held[: end + 1]
            yield from self._line(line)
        if len(self.held) > LONGEST_LINE:
            raise ValueError("a line without end")

    def finish(self) -> Iterator[str]:
        """What the stream ended with; some leave out the last lines' ends. Raises ValueError for half a character."""
        line = bytes(self.held).removesuffix(b"\r")
        self.held.clear()
        yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        if line.startswith(b"data:"):
            self.data.append(line[5:].removeprefix(b" "))
        elif not line and self.data:
            data = b"\n".join(self.data)
            self.data.clear()
            yield data.decode()
