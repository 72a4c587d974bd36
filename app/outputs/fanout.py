"""Every output at once. One that fails is left out, and the others are told of it."""

import logging

from app.events import Banner, Notice, RunEvent
from app.protocols import Output

logger = logging.getLogger(__name__)


class Fan:
    """An output made of outputs: tells and closes them in the order given."""

    def __init__(self, outputs: list[Output]) -> None:
        self.outputs = tuple(outputs)
        self.working = self.outputs
        self.failures: list[Exception] = []
        """Told at the end, when nothing is drawn any more: they are defects, and keep their traceback."""

    @property
    def banner(self) -> Banner:
        banners = [each.banner for each in self.outputs]
        warnings = tuple(line for each in banners for line in each.warnings)
        return Banner(" · ".join(each.name for each in banners), warnings)

    def tell(self, happening: RunEvent) -> None:
        """From any thread; never raises."""
        for output in self.working:
            try:
                output.tell(happening)
            except Exception as failure:  # noqa: BLE001  (one output's defect must not silence the others)
                self._leave_out(output, failure)

    def close(self) -> None:
        """Close every one, those left out too."""
        for output in self.outputs:
            try:
                output.close()
            except Exception as failure:  # noqa: BLE001  (the others must still be closed)
                self.failures.append(failure)
        failures, self.failures = self.failures, []
        for each in failures:
            logger.error("An output failed.", exc_info=each)

    def _leave_out(self, output: Output, failure: Exception) -> None:
        if output in self.working:
            self.working = tuple(each for each in self.working if each is not output)
            self.failures.append(failure)
            self.tell(Notice("error", f"{output.banner.name} has failed and is left out: {failure}"))
