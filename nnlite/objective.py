"""What `compile` says a model is to get better at: losses, their weights, and metrics, one output at a time."""

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
        One for all outputs, or one per output; None leaves an output out of the loss.
    loss_weights : sequence or mapping of float, optional
        What each output's loss is multiplied by before they are added.
    metric_names : str, Metric, or a list or mapping of (lists of) them, optional
        Further figures to follow; of an instance that is given for several outputs, all but the first get copies.
    weighted_metric_names : as `metric_names`, optional
        Figures in which each row counts by its sample weight.
    output_names : sequence of str
        The model's outputs.
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
        self.losses = [None if one is None else losses.get(one) for one in self._per_output(loss)]
        if all(one is None for one in self.losses):
            raise ValueError("compile needs a loss to train by, such as loss='mse'; found none")
        self.loss_weights = self._weights(loss_weights)
        self.metrics = self._metrics(metric_names, "metrics")
        self.weighted_metrics = self._metrics(weighted_metric_names, "weighted_metrics")
        _make_distinct([*self.metrics, *self.weighted_metrics])
        self._loss_mean = Mean(name="loss")
        self._output_means = [Mean(name=f"{name}_loss") for name in self.output_names]

    def _per_output(self, given: Any) -> list[Any]:
        if self._is_by_name(given, "loss"):
            return [given.get(name) for name in self.output_names]
        if not isinstance(given, (list, tuple)):
            return [given] * len(self.output_names)
        if len(given) != len(self.output_names):
            raise ValueError(f"loss must have one entry for each of {self.output_names}; found {len(given)}")
        return list(given)

    def _is_by_name(self, given: Any, what: str) -> bool:
        """Tell whether something is given by the outputs' names; a configuration is a mapping too, but isn't."""
        if not isinstance(given, Mapping):
            return False
        unknown = sorted(str(name) for name in given if name not in self.output_names)
        if unknown and "class_name" not in given:
            raise ValueError(f"{what} names {unknown}, but the model's outputs are {self.output_names}")
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
            chosen = self._of_list(as_list(given), what)
        return [[metrics.get(one) for one in _some(of_output)] for of_output in chosen]

    def _of_list(self, given: list[Any], what: str) -> list[Any]:
        """Return each output's part of a list, which holds one entry for each output or what all of them get."""
        by_output = any(isinstance(one, (list, tuple)) for one in given)
        if len(given) == len(self.output_names) and (by_output or len(given) > 1):
            return given
        if by_output:
            raise ValueError(f"{what} must have one entry for each of {self.output_names}; found {len(given)}")
        return [given] * len(self.output_names)

    def reset(self) -> None:
        """Begin new averages."""
        for metric in self._all_metrics():
            metric.reset_state()

    def _all_metrics(self) -> list[Metric]:
        flat = [metric for of_output in [*self.metrics, *self.weighted_metrics] for metric in of_output]
        return [self._loss_mean, *self._output_means, *flat]

    def value(self, y: list[Array], outputs: list[Array], sample_weight: list[Array | None]) -> float:
        """Return the loss of a batch, and take each output's own into the averages."""
        total = 0.0
        rows = len(outputs[0])
        for i, (target, output, weight) in enumerate(zip(y, outputs, sample_weight, strict=True)):
            loss = self.losses[i]
            if loss is not None:
                own = loss(target, output, weight)
                self._output_means[i].update_state([own], sample_weight=[rows])
                total += own * self.loss_weights[i]
        return total

    def follow(
        self,
        y: list[Array],
        outputs: list[Array],
        counts: list[Array | None],
        sample_weight: list[Array | None],
    ) -> None:
        """Take the metrics of a batch into the averages.

        Parameters
        ----------
        y, outputs : list of ndarray
            What should be predicted, and what is.
        counts : list of ndarray or None
            For each output what its samples count for in `metrics`: 0 where a mask leaves them out, else 1.
        sample_weight : list of ndarray or None
            What they count for in `weighted_metrics`. Neither is brought to a mean of 1 within the batch: an average
            over several batches would then depend on how the rows are split into them.
        """
        for i, (target, output) in enumerate(zip(y, outputs, strict=True)):
            for metric in self.metrics[i]:
                # A metric of one's own need not take weights where no mask asks for them.
                metric.update_state(target, output, *([] if counts[i] is None else [counts[i]]))
            for metric in self.weighted_metrics[i]:
                metric.update_state(target, output, sample_weight[i])

    def gradients(self, y: list[Array], outputs: list[Array], sample_weight: list[Array | None]) -> list[Array | None]:
        """Return the derivative of the loss by every output; None for one that no loss looks at."""
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

    def record(self, loss: float, rows: int) -> None:
        """Take a batch's whole loss, penalties included, into the average over rows."""
        self._loss_mean.update_state([loss], sample_weight=[rows])

    def add_totals(
        self,
        rows: int,
        losses: list[float],
        whole: float,
        metric_totals: list[list[tuple[float, float]]],
        weighted_totals: list[list[tuple[float, float]]],
        anew: bool,
    ) -> None:
        """Take sums over several batches into the averages, as `value`, `record` and `follow` do with one batch.

        Parameters
        ----------
        rows : int
            Number of records.
        losses : list of float
            For each output the sum over batches of its loss, before `loss_weights`, times the batch's records.
        whole : float
            The same for the whole loss, penalties included.
        metric_totals, weighted_totals : list of list of (float, float)
            For each output and each of its metrics, or weighted metrics, the sum over records, and that of their
            weights.
        anew : bool
            Whether averages begin with them.
        """
        take = Metric.set_state if anew else Metric.add_state
        for mean, total in zip(self._output_means, losses, strict=True):
            take(mean, total, rows)
        take(self._loss_mean, whole, rows)
        groups, totals = [*self.metrics, *self.weighted_metrics], [*metric_totals, *weighted_totals]
        for own, sums in zip(groups, totals, strict=True):
            for metric, (total, weight) in zip(own, sums, strict=True):
                take(metric, total, weight)

    def with_own_averages(self) -> Objective:
        """Return an objective of the same losses and metrics that takes nothing into the averages of this one."""
        twin = copy(self)
        twin.metrics, twin.weighted_metrics = deepcopy(self.metrics), deepcopy(self.weighted_metrics)
        twin._loss_mean, twin._output_means = deepcopy(self._loss_mean), deepcopy(self._output_means)
        return twin

    def logs(self) -> dict[str, float]:
        """Return the averages so far, by name; an output's own loss is the one before `loss_weights`."""
        several = len(self.output_names) > 1
        result = {"loss": self._loss_mean.result()}
        for i, output in enumerate(self.output_names):
            prefix = f"{output}_" if several else ""
            if several and self.losses[i] is not None:
                result[self._output_means[i].name] = self._output_means[i].result()
            for metric in self.metrics[i]:
                result[prefix + metric.name] = metric.result()
            for metric in self.weighted_metrics[i]:
                # The same figure may be asked for with and without the weights.
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


def _some(given: Any) -> list[Any]:
    """Return what is given for one output as a list, in which None stands for nothing."""
    return [one for one in as_list(given) if one is not None]


def _make_distinct(groups: list[list[Metric]]) -> None:
    """Put copies where an instance comes again, so that each place has a mean of its own."""
    seen: set[int] = set()
    for group in groups:
        for k, metric in enumerate(group):
            if id(metric) in seen:
                group[k] = deepcopy(metric)
            seen.add(id(group[k]))
