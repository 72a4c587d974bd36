"""Pass every event to every output. One that fails is switched off, and the others report it."""

import logging

from app.events import Banner, Notice, RunEvent
from app.protocols import Output

logger = logging.getLogger(__name__)


class Fanout:
    """An output made of outputs, which get each event, and are closed, in the order given."""

    def __init__(self, outputs: list[Output]) -> None:
        self.outputs = tuple(outputs)
        self.working = self.outputs
        self.failures: list[Exception] = []
        """Defects of outputs, logged with their traceback when the terminal is no longer being redrawn."""

    @property
    def banner(self) -> Banner:
        banners = [each.banner for each in self.outputs]
        warnings = tuple(line for each in banners for line in each.warnings)
        return Banner(" · ".join(each.name for each in banners), warnings)

    def tell(self, event: RunEvent) -> None:
        """Pass on an event; from any thread, never raises."""
        for output in self.working:
            try:
                output.tell(event)
            except Exception as failure:  # noqa: BLE001  (one output's defect must not silence the others)
                self._switch_off(output, failure)

    def close(self) -> None:
        """Close all outputs, failed ones too."""
        for output in self.outputs:
            try:
                output.close()
            except Exception as failure:  # noqa: BLE001  (the others must still be closed)
                self.failures.append(failure)
        failures, self.failures = self.failures, []
        for each in failures:
            logger.error("An output failed.", exc_info=each)

    def _switch_off(self, output: Output, failure: Exception) -> None:
        if output in self.working:
            self.working = tuple(each for each in self.working if each is not output)
            self.failures.append(failure)
            self.tell(Notice("error", f"Output {output.banner.name} failed and is switched off: {failure}"))
