"""Objective of training: the losses, the weights of the losses and the metrics that `compile` was called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from typing import Any

from nnlite import losses, metrics
from nnlite.data import as_list
from nnlite.losses import Loss
from nnlite.metrics import Mean, Metric
from nnlite.registry import serialize, serialize_optional
from nnlite.types import Array


class Objective:
    """The losses and metrics of every output of a model.

    Parameters
    ----------
    loss : str, Loss, or a list or mapping of them
        One for all outputs, or one per output; None for an output without a loss.
    loss_weights : sequence or mapping of float, optional
        Factor of each output's loss in the sum of the losses.
    metric_names : str, Metric, or a list or mapping of (lists of) them, optional
        Metrics. An instance used for several outputs is copied for all but the first.
    weighted_metric_names : as `metric_names`, optional
        Metrics weighted by the sample weights.
    output_names : sequence of str
        Names of the model's outputs.

    Attributes
    ----------
    loss_mean : Mean
        Average of the whole loss, penalties included, over rows.
    output_means : list of Mean
        Average of each output's loss, before `loss_weights`.
    """

    def __init__(
        self,
        loss: Any,
        loss_weights: Any,
        metric_names: Any,
        weighted_metric_names: Any,
        output_names: Sequence[str],
    ) -> None:
        self.output_names = list(output_names)
        self.losses = [None if one is None else losses.get(_alone(one)) for one in self._per_output(loss)]
        self.loss_weights = self._weights(loss_weights)
        self.metrics = self._metrics(metric_names, "metrics")
        self.weighted_metrics = self._metrics(weighted_metric_names, "weighted_metrics")
        _make_distinct([*self.metrics, *self.weighted_metrics])
        self.loss_mean = Mean(name="loss")
        self.output_means = [Mean(name=f"{name}_loss") for name in self.output_names]

    def _per_output(self, loss: Any) -> list[Any]:
        if self._is_by_name(loss, "loss"):
            return [loss.get(name) for name in self.output_names]
        if not isinstance(loss, (list, tuple)):
            return [loss] * len(self.output_names)
        if len(loss) != len(self.output_names):
            raise ValueError(f"loss must have one entry for each of {self.output_names}; found {len(loss)}")
        return list(loss)

    def _is_by_name(self, given: Any, what: str) -> bool:
        """Return whether an argument is a mapping from names of outputs, not the configuration of a loss or metric."""
        if not isinstance(given, Mapping):
            return False
        unknown = sorted(str(name) for name in given if name not in self.output_names)
        if unknown and "class_name" not in given:
            raise ValueError(f"the keys of {what} must be names of outputs, {self.output_names}; found {unknown}")
        return not unknown

    def _weights(self, given: Any) -> list[float]:
        if given is None:
            return [1.0] * len(self.output_names)
        if self._is_by_name(given, "loss_weights"):
            return [float(given.get(name, 1.0)) for name in self.output_names]
        weights = [float(weight) for weight in as_list(given)]
        if len(weights) != len(self.output_names):
            raise ValueError(f"loss_weights must have one number for each of {self.output_names}; found {weights}")
        return weights

    def _metrics(self, given: Any, what: str) -> list[list[Metric]]:
        if self._is_by_name(given, what):
            chosen = [given.get(name) for name in self.output_names]
        else:
            chosen = self._list_per_output(as_list(given), what)
        return [[metrics.get(one) for one in _without_none(of_output)] for of_output in chosen]

    def _list_per_output(self, given: list[Any], what: str) -> list[Any]:
        """Return the metrics of each output, from a list with one entry per output or a list for all of them."""
        by_output = any(isinstance(one, (list, tuple)) for one in given)
        if len(given) == len(self.output_names) and (by_output or len(given) > 1):
            return given
        if by_output:
            raise ValueError(f"{what} must have one entry for each of {self.output_names}; found {len(given)}")
        return [given] * len(self.output_names)

    def reset(self) -> None:
        """Reset all averages."""
        for metric in self._all_metrics():
            metric.reset_state()

    @property
    def has_loss(self) -> bool:
        """Whether an output has a loss."""
        return any(one is not None for one in self.losses)

    @property
    def has_targets(self) -> bool:
        """Whether a loss or a metric compares an output with its targets."""
        return self.has_loss or any(own for own in [*self.metrics, *self.weighted_metrics])

    def without_targets(self) -> list[str]:
        """Return the names of the outputs that neither a loss nor a metric compares with targets."""
        compared = zip(self.losses, self.metrics, self.weighted_metrics, strict=True)
        return [
            name
            for name, (loss, own, weighted) in zip(self.output_names, compared, strict=True)
            if loss is None and not own and not weighted
        ]

    def all_metrics(self) -> list[Metric]:
        """Return the mean of the loss, and the metrics of all outputs."""
        return [metric for metric in self._all_metrics() if metric not in self.output_means]

    def _all_metrics(self) -> list[Metric]:
        flat = [metric for of_output in [*self.metrics, *self.weighted_metrics] for metric in of_output]
        return [self.loss_mean, *self.output_means, *flat]

    def value(self, y: list[Array], outputs: list[Array], sample_weight: list[Array | None]) -> float:
        r"""Return the loss of a batch, :math:`\sum_k \lambda_k L_k`, and update the average of each output's loss."""
        total = 0.0
        rows = len(outputs[0])
        for i, (target, output, weight) in enumerate(zip(y, outputs, sample_weight, strict=True)):
            loss = self.losses[i]
            if loss is not None:
                own = loss.value(target, output, weight)
                self.output_means[i].update_state([own], sample_weight=[rows])
                total += own * self.loss_weights[i]
        return total

    def update_metrics(
        self,
        y: list[Array],
        outputs: list[Array],
        counts: list[Array | None],
        sample_weight: list[Array | None],
    ) -> None:
        """Update the metrics with a batch.

        Parameters
        ----------
        y, outputs : list of ndarray
            Targets and predictions.
        counts : list of ndarray or None
            Weight of each output's samples in `metrics`: 0 where a mask excludes them, else 1. None: all 1.
        sample_weight : list of ndarray or None
            Their weight in `weighted_metrics`. Weights are not normalized within a batch: otherwise an average over
            several batches would depend on the division of the rows into batches.
        """
        for i, (target, output) in enumerate(zip(y, outputs, strict=True)):
            for metric in self.metrics[i]:
                # A custom metric need not accept weights unless a mask requires them.
                metric.update_state(target, output, *([] if counts[i] is None else [counts[i]]))
            for metric in self.weighted_metrics[i]:
                metric.update_state(target, output, sample_weight[i])

    def gradients(self, y: list[Array], outputs: list[Array], sample_weight: list[Array | None]) -> list[Array | None]:
        """Return the derivative of the loss with respect to every output; None for an output without a loss."""
        result: list[Array | None] = []
        for i, (target, output, weight) in enumerate(zip(y, outputs, sample_weight, strict=True)):
            loss: Loss | None = self.losses[i]
            if loss is None:
                result.append(None)
                continue
            gradient = loss.gradient(target, output, weight)
            if self.loss_weights[i] != 1:
                gradient = gradient * gradient.dtype.type(self.loss_weights[i])
            result.append(gradient)
        return result

    def update_loss(self, loss: float, rows: int) -> None:
        """Update the average of the whole loss with a batch's loss, penalties included."""
        self.loss_mean.update_state([loss], sample_weight=[rows])

    def add_totals(
        self,
        rows: int,
        losses: list[float],
        whole: float,
        metric_totals: list[list[tuple[float, float]]],
        weighted_totals: list[list[tuple[float, float]]],
        reset: bool,
    ) -> None:
        """Update all averages with sums over several batches.

        The result is that of `value`, `update_loss` and `update_metrics`, called for each batch.

        Parameters
        ----------
        rows : int
            Number of records.
        losses : list of float
            Sum of each output's loss, before `loss_weights`, times the number of records, over batches.
        whole : float
            The same for the whole loss, penalties included.
        metric_totals, weighted_totals : list of list of (float, float)
            Sum over records and sum of their weights, for each output and each of its metrics or weighted metrics.
        reset : bool
            Whether to reset the averages first.
        """
        take = Metric.set_state if reset else Metric.add_state
        for mean, total in zip(self.output_means, losses, strict=True):
            take(mean, total, rows)
        take(self.loss_mean, whole, rows)
        groups, totals = [*self.metrics, *self.weighted_metrics], [*metric_totals, *weighted_totals]
        for own, sums in zip(groups, totals, strict=True):
            for metric, (total, weight) in zip(own, sums, strict=True):
                take(metric, total, weight)

    def with_own_averages(self) -> Objective:
        """Return an objective with the same losses and metrics and with averages of its own."""
        twin = copy(self)
        twin.metrics, twin.weighted_metrics = deepcopy(self.metrics), deepcopy(self.weighted_metrics)
        twin.loss_mean, twin.output_means = deepcopy(self.loss_mean), deepcopy(self.output_means)
        return twin

    def logs(self) -> dict[str, float]:
        """Return the current averages by name; the losses of single outputs are those before `loss_weights`."""
        several = len(self.output_names) > 1
        result = {"loss": self.loss_mean.result()}
        for i, output in enumerate(self.output_names):
            prefix = f"{output}_" if several else ""
            if several and self.losses[i] is not None:
                result[self.output_means[i].name] = self.output_means[i].result()
            for metric in self.metrics[i]:
                result[prefix + metric.name] = metric.result()
            for metric in self.weighted_metrics[i]:
                # The same metric may be computed with and without the weights.
                taken = prefix + metric.name in result
                result[f"{prefix}{'weighted_' if taken else ''}{metric.name}"] = metric.result()
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as JSON values."""
        return {
            "loss": [serialize_optional(one) for one in self.losses],
            "loss_weights": self.loss_weights,
            "metrics": [[serialize(one) for one in own] for own in self.metrics],
            "weighted_metrics": [[serialize(one) for one in own] for own in self.weighted_metrics],
        }


def _alone(loss: Any) -> Any:
    """Return a loss that is given in a list of its own, as Keras's users do."""
    return loss[0] if isinstance(loss, (list, tuple)) and len(loss) == 1 else loss


def _without_none(given: Any) -> list[Any]:
    """Return the metrics of one output as a list, without None."""
    return [one for one in as_list(given) if one is not None]


def _make_distinct(groups: list[list[Metric]]) -> None:
    """Replace repeated instances by copies, so that each has a state of its own."""
    seen: set[int] = set()
    for group in groups:
        for k, metric in enumerate(group):
            if id(metric) in seen:
                group[k] = deepcopy(metric)
            seen.add(id(group[k]))
