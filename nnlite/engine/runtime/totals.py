"""What a program has summed up, as the figures that a model reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnlite.engine.program import Place
from nnlite.objective import Objective


class Figures:
    """Where in a row of sums everything is that an objective wants to know.

    It is asked after every epoch: of a small network a thousand times a second, so places are looked up beforehand.

    Parameters
    ----------
    objective : Objective
        The model's.
    places : mapping of tuple to Place
        Where the program collects each sum, by its name; see `Program.total`.
    """

    def __init__(self, objective: Objective, places: Mapping[tuple[object, ...], Place]) -> None:
        self._objective = objective
        nowhere = Place("totals", -1)  # the row's end, where a zero will be

        def place(*key: object) -> int:
            return places.get(key, nowhere).offset

        outputs = range(len(objective.losses))
        self._losses = [(place("loss", i), factor or 1.0, factor) for i, factor in enumerate(objective.loss_weights)]
        self._penalty = place("penalty")
        plain = [range(len(objective.metrics[i])) for i in outputs]
        self._metrics = [[(place("metric", i, k), place("counts", i)) for k in plain[i]] for i in outputs]
        weighted = [range(len(objective.weighted_metrics[i])) for i in outputs]
        self._weighted = [[(place("weighted metric", i, k), place("weights", i)) for k in weighted[i]] for i in outputs]
        self._follows = any(map(len, (*plain, *weighted)))
        self._none: list[list[tuple[float, float]]] = [[] for _ in outputs]

    def report(self, sums: Sequence[float], rows: int, anew: bool = False) -> None:
        """Add sums to the objective's averages.

        Whatever else was taken into them meanwhile, or has begun them anew, stays as it is.

        Parameters
        ----------
        sums : sequence of float
            The program's sums.
        rows : int
            Of how many records they are; each counts once where nothing weighs it.
        anew : bool, default False
            Whether averages begin with them.
        """
        sums = [*sums, 0.0]
        losses, whole = [], sums[self._penalty]
        for at, divisor, factor in self._losses:
            loss = sums[at] / divisor
            losses.append(loss)
            whole += loss * factor
        metrics = weighted = self._none
        if self._follows:
            metrics, weighted = (
                [[(sums[at], rows if count < 0 else sums[count]) for at, count in own] for own in group]
                for group in (self._metrics, self._weighted)
            )
        self._objective.add_totals(rows, losses, whole, metrics, weighted, anew)
