"""Steps of a training, told to the job that is running."""

from __future__ import annotations

from nnlite.callbacks.base import Callback, Logs
from nnlite.job import report


class CountedSteps(Callback):
    """Tells the running job how many steps are done."""

    def interest(self, phase: str) -> str:  # noqa: ARG002
        """Return "none": the model is not used, so that epochs may run at once."""
        return "none"

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Count the steps of the epoch."""
        steps = self.params["steps"]
        report((epoch + 1) * steps, self.params["epochs"] * steps, "steps")
