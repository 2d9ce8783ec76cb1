"""Totals: the sums of a program as losses and metrics of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnlite.engine.program import Location
from nnlite.objective import Objective


class Totals:
    """The positions, in a row of sums, of the losses and metrics of an objective.

    `report` runs after every epoch, for a small network a thousand times a second, so the positions are looked up once.

    Parameters
    ----------
    objective : Objective
        The model's.
    locations : mapping of tuple to Location
        The location of each sum by its key; see `Program.total`.
    """

    def __init__(self, objective: Objective, locations: Mapping[tuple[object, ...], Location]) -> None:
        self._objective = objective
        missing = Location("totals", -1)  # the row's end, where a zero will be

        def index_of(*key: object) -> int:
            return locations.get(key, missing).offset

        outputs = range(len(objective.losses))
        self._losses = [(index_of("loss", i), factor or 1.0, factor) for i, factor in enumerate(objective.loss_weights)]
        self._penalty = index_of("penalty")
        metrics = [range(len(objective.metrics[i])) for i in outputs]
        self._metrics = [[(index_of("metric", i, k), index_of("counts", i)) for k in metrics[i]] for i in outputs]
        weighted_metrics = [range(len(objective.weighted_metrics[i])) for i in outputs]
        self._weighted_metrics = [
            [(index_of("weighted metric", i, k), index_of("weights", i)) for k in weighted_metrics[i]] for i in outputs
        ]
        self._has_metrics = any(map(len, (*metrics, *weighted_metrics)))
        self._no_metrics: list[list[tuple[float, float]]] = [[] for _ in outputs]

    def report(self, sums: Sequence[float], rows: int, restart: bool = False) -> None:
        """Add sums to the objective's averages, which may have been reset or extended since the last report.

        Parameters
        ----------
        sums : sequence of float
            The program's sums.
        rows : int
            Number of records in the sums: the divisor of unweighted averages.
        restart : bool, default False
            Whether to reset the averages first.
        """
        sums = [*sums, 0.0]
        losses, objective_total = [], sums[self._penalty]
        for index, divisor, factor in self._losses:
            loss = sums[index] / divisor
            losses.append(loss)
            objective_total += loss * factor
        metrics = weighted_metrics = self._no_metrics
        if self._has_metrics:
            metrics, weighted_metrics = (
                [[(sums[index], rows if count < 0 else sums[count]) for index, count in output] for output in group]
                for group in (self._metrics, self._weighted_metrics)
            )
        self._objective.add_totals(rows, losses, objective_total, metrics, weighted_metrics, restart)
