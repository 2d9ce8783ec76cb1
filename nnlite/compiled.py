"""Compiled networks: a network with the optimizer and the objective that `compile` sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from nnlite import optimizers
from nnlite.network import Network
from nnlite.objective import Objective
from nnlite.optimizers import Optimizer


class CompiledNetwork(Network):
    """A network with an optimizer and an objective, once `compile` has been called.

    This is all that the engine reads. `Predictor` adds prediction, `Evaluator` evaluation, `Trainer` training, and
    `Model` files.
    """

    volatile: ClassVar[tuple[str, ...]] = (
        "_compile_arguments",
        "_optimizer",
        "_objective",
        "_n_running_passes",
        "stop_training",
    )
    """Attributes that compiled programs compare in another way; see `nnlite.engine.runtime.staleness`."""

    _optimizer: Optimizer | None = None
    _objective: Objective
    _n_running_passes = 0
    stop_training: bool = False

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,  # noqa: ARG002
        steps_per_execution: int = 1,  # noqa: ARG002
        jit_compile: str | bool | None = "auto",  # noqa: ARG002
        auto_scale_loss: bool = True,  # noqa: ARG002
    ) -> None:
        """Configure the model for training.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
            Optimizer of the weights.
        loss : str, Loss, or a list or mapping of them
            Loss to minimize: one for all outputs, or one per output.
        loss_weights : sequence or mapping of float, optional
            Factor of each output's loss in the sum of the losses.
        metrics : str, Metric, or a list or mapping of (lists of) them, optional
            Metrics to report.
        weighted_metrics : as `metrics`, optional
            Metrics weighted by the sample weights or class weights.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss : object
            Accepted for compatibility with Keras, without effect: `fit` chooses how to compute; see its `backend`.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        self._compile_arguments = (loss, loss_weights, metrics, weighted_metrics)
        self._optimizer = optimizers.get(optimizer() if isinstance(optimizer, type) else optimizer)
        self.stop_training = False
        if self.outputs:
            self._set_objective()

    def _set_objective(self) -> None:
        self._objective = Objective(*self._compile_arguments, self.output_names)

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer set by `compile`."""
        if self._optimizer is None:
            raise RuntimeError("the model has not been compiled; call compile(optimizer=..., loss=...) first")
        return self._optimizer

    @property
    def objective(self) -> Objective:
        """The losses and metrics set by `compile`."""
        _ = self.optimizer
        if hasattr(self, "_objective"):
            return self._objective
        # A Sequential without an input shape: its last layer will be the output.
        return Objective(*self._compile_arguments, [layer.name for layer in self.graph_layers[-1:]])

    @property
    def loss(self) -> Any:
        """The loss, or the losses, as `compile` was given them."""
        return self._compile_arguments[0] if self.compiled else None

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns, in its order."""
        return list(self.objective.logs())

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, and the metrics."""
        return self.objective.all_metrics()

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._optimizer is not None

    @contextmanager
    def _pass_through_data(self) -> Iterator[None]:
        """Reset the averages; after a pass inside a callback of another pass, restore those of the outer one."""
        outer, own = self._objective, self._objective.with_own_averages() if self._n_running_passes else self._objective
        self._n_running_passes += 1
        self._objective = own
        own.reset()
        try:
            yield
        finally:
            self._n_running_passes -= 1
            if self._objective is own:  # not compiled again meanwhile
                self._objective = outer
