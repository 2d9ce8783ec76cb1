"""What may surround the update of any optimizer: gradients summed over several batches, and averages of the weights."""

from __future__ import annotations

from typing import Any

from nnlite.types import Array
from nnlite.validation import check_argument, integer, number


class Averaging:
    r"""Settings of an optimizer beside its rule: `use_ema` and its kin, and `gradient_accumulation_steps`.

    With `use_ema`, the exponential moving average of the weights,
    :math:`\bar\theta \leftarrow \beta \bar\theta + (1 - \beta)\, \theta`, follows every update and replaces the weights
    after training, or every `ema_overwrite_frequency` updates. With `gradient_accumulation_steps` k, weights are
    updated after every k-th batch, with the mean of the k gradients.
    """

    iterations: int
    slots: dict[str, Array]

    def _set_averaging(
        self,
        use_ema: bool,
        ema_momentum: float,
        ema_overwrite_frequency: int | None,
        gradient_accumulation_steps: int | None,
    ) -> None:
        """Check and keep the settings."""
        check_argument(self, "ema_momentum", ema_momentum, number(least=0, most=1))
        for argument, value, least in (
            ("ema_overwrite_frequency", ema_overwrite_frequency, 1),
            ("gradient_accumulation_steps", gradient_accumulation_steps, 2),
        ):
            if value is not None:
                check_argument(self, argument, value, integer(least=least))
        self.use_ema = bool(use_ema)
        self.ema_momentum = float(ema_momentum)
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._waiting = 0

    @property
    def averages(self) -> bool:
        """Whether weights or gradients are averaged, which the compiled engine leaves to the layers."""
        return self.use_ema or self.gradient_accumulation_steps is not None

    def _averaging_slots(self) -> tuple[str, ...]:
        """Return the names of the state that the settings need."""
        average = ("average",) if self.use_ema else ()
        return (*average, "gradient_accumulator") if self.gradient_accumulation_steps else average

    @property
    def batches_seen(self) -> int:
        """Number of gradients so far: `iterations`, times those in each update."""
        return self.iterations * (self.gradient_accumulation_steps or 1) + self._waiting

    @batches_seen.setter
    def batches_seen(self, value: int) -> None:
        self.iterations, self._waiting = divmod(value, self.gradient_accumulation_steps or 1)

    def _accumulated(self, gradients: Array) -> Array | None:
        """Return the mean of the gradients since the last update, or None as long as there are too few."""
        steps = self.gradient_accumulation_steps
        if steps is None:
            return gradients
        total = self.slots["gradient_accumulator"]
        total += gradients
        self._waiting += 1
        if self._waiting < steps:
            return None
        self._waiting = 0
        mean: Array = total / total.dtype.type(steps)
        total[...] = 0
        return mean

    def _follow(self, parameters: Array, earlier: int) -> None:
        """Move the average towards the weights, after a batch before which there were `earlier` updates."""
        if not self.use_ema:
            return
        average = self.slots["average"]
        # Before the first update there is nothing to average with.
        momentum = average.dtype.type(self.ema_momentum if earlier else 0.0)
        average *= momentum
        average += (1 - momentum) * parameters
        if self.ema_overwrite_frequency is not None and (earlier + 1) % self.ema_overwrite_frequency == 0:
            parameters[...] = average

    def finalize(self, parameters: Array) -> None:
        """Replace the weights by their average at the end of training, with `use_ema`."""
        if self.use_ema and "average" in self.slots:
            parameters[...] = self.slots["average"]

    def _averaging_config(self) -> dict[str, Any]:
        """Return the settings that are in use."""
        config: dict[str, Any] = {}
        if self.use_ema:
            config.update(
                use_ema=True, ema_momentum=self.ema_momentum, ema_overwrite_frequency=self.ema_overwrite_frequency
            )
        if self.gradient_accumulation_steps is not None:
            config["gradient_accumulation_steps"] = self.gradient_accumulation_steps
        return config
