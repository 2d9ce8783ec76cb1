"""A network together with the optimizer and the objective that `compile` gives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from nnlite import optimizers
from nnlite.network import Network
from nnlite.objective import Objective
from nnlite.optimizers import Optimizer


class CompiledNetwork(Network):
    """A network that knows how it is to be trained, once `compile` has been called.

    It is what the engine asks for: the graph with its weights, the optimizer and the objective. `Predictor` adds
    applying it to data, `Trainer` training, and `Model` files.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_compile_arguments", "_optimizer", "_objective", "_passes", "stop_training")
    """What compiled programs ask for by itself; see `nnlite.engine.runtime.staleness`."""

    _optimizer: Optimizer | None = None
    _objective: Objective
    _passes = 0
    stop_training: bool = False

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
    ) -> None:
        """Say how the model is to be trained.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
            What changes the weights.
        loss : str, Loss, or a list or mapping of them
            What is made small: one for all outputs, or one per output.
        loss_weights : sequence or mapping of float, optional
            What each output's loss counts for.
        metrics : str, Metric, or a list or mapping of (lists of) them, optional
            Further figures to follow.
        weighted_metrics : as `metrics`, optional
            Figures in which each row counts by its sample weight (or class weight).

        Raises
        ------
        ValueError
            If there is no loss, or a name is unknown.
        """
        self._compile_arguments = (loss, loss_weights, metrics, weighted_metrics)
        self._optimizer = optimizers.get(optimizer)
        self.stop_training = False
        if self.outputs:
            self._set_objective()

    def _set_objective(self) -> None:
        self._objective = Objective(*self._compile_arguments, self.output_names)

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer given to `compile`."""
        if self._optimizer is None:
            raise RuntimeError("the model has not been compiled; call compile(optimizer=..., loss=...) first")
        return self._optimizer

    @property
    def objective(self) -> Objective:
        """The losses and metrics given to `compile`."""
        _ = self.optimizer
        if hasattr(self, "_objective"):
            return self._objective
        # A chain that has seen no data yet: its last layer will give the output.
        return Objective(*self._compile_arguments, [layer.name for layer in self.layers[-1:]])

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._optimizer is not None

    @contextmanager
    def _pass_through_data(self) -> Iterator[None]:
        """Begin new averages; those of a pass that is under way, and calls back, are taken up again afterwards."""
        outer, own = self._objective, self._objective.with_own_averages() if self._passes else self._objective
        self._passes += 1
        self._objective = own
        own.reset()
        try:
            yield
        finally:
            self._passes -= 1
            if self._objective is own:  # not compiled anew meanwhile
                self._objective = outer
