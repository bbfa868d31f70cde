"""How long we wait."""

import math
import time

POLL_SECONDS = 0.05


class Deadline:
    """A span of time that several steps share. It starts when it is made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining_seconds(self) -> int:
        """Whole seconds that are left, at least one: the programs we call know no less."""
        return max(1, math.ceil(self._end - time.monotonic()))

    def pause(self) -> bool:
        """Waits a moment; False, at once, when the time is up."""
        if time.monotonic() >= self._end:
            return False
        time.sleep(POLL_SECONDS)
        return True
