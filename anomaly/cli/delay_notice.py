"""What a live series is told that has no scores yet: how many steps must follow, and what has no delay."""

from __future__ import annotations

import sys
import time

_SECONDS = 3.0


class DelayNotice:
    """Says once, on standard error, why a live series has no scores yet.

    Parameters
    ----------
    delay : int
        Number of steps that must follow before a score is final.
    """

    def __init__(self, delay: int) -> None:
        self._delay, self._start = delay, time.monotonic()
        self._is_due = delay > 0

    def tell(self, n_final: int) -> None:
        """Take the number of scores that were final with the last rows; say so if there were none for some seconds."""
        if n_final:
            self._is_due = False
        elif self._is_due and time.monotonic() - self._start >= _SECONDS:
            self._is_due = False
            print(
                f"anomaly: the score of a step is final when {self._delay:,} more have followed; a model that was "
                "fitted with --causal gives it with its row",
                file=sys.stderr,
                flush=True,
            )
