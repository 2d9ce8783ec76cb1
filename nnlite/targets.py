"""Unknown targets: those of NaN, which some losses leave out, and what has no meaning with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nnlite.objective import Objective
from nnlite.types import Array

_ROWS = 4096
"""Rows that are looked at together: targets may be larger than memory."""


def check_metrics(objective: Objective, targets: Sequence[Array]) -> None:
    """Refuse metrics of outputs whose targets are unknown in part.

    Only outputs with a loss that accepts unknown targets are looked at.

    Parameters
    ----------
    objective : Objective
        Losses and metrics of all outputs.
    targets : sequence of ndarray
        Targets of each output; NaN where they are unknown.

    Raises
    ------
    ValueError
        If a metric that has no value for unknown targets would be computed from them.
    """
    for i, y in _accepted(objective, targets):
        of_output = [*objective.metrics[i], *objective.weighted_metrics[i]]
        names = [metric.name for metric in of_output if not metric.accepts_unknown]
        if names and any(np.isnan(rows).any() for rows in _blocks(y)):
            raise ValueError(
                f"the metrics {names} have no value where targets are unknown, and y for output "
                f"{objective.output_names[i]!r} holds NaN; compile the model without them: the loss, which leaves "
                f"unknown targets out, is reported anyway"
            )


def check_known(objective: Objective, targets: Sequence[Array], purpose: str) -> None:
    """Refuse targets of which none is known.

    Parameters
    ----------
    objective, targets : Objective, sequence of ndarray
        As for `check_metrics`.
    purpose : str
        What the targets are for, for the error: ``"train on"``.

    Raises
    ------
    ValueError
        If all targets of an output are unknown: its loss would be 0, whatever is predicted.
    """
    for i, y in _accepted(objective, targets):
        if all(np.isnan(rows).all() for rows in _blocks(y)):
            raise ValueError(
                f"y for output {objective.output_names[i]!r} must have a known target to {purpose}; found NaN in all "
                f"{len(y)} rows"
            )


def _accepted(objective: Objective, targets: Sequence[Array]) -> Iterator[tuple[int, Array]]:
    """Return the number and the targets of each output whose loss accepts unknown targets."""
    for i, (loss, y) in enumerate(zip(objective.losses, targets, strict=True)):
        if loss is not None and loss.accepts_unknown:
            yield i, y


def _blocks(y: Array) -> Iterator[Array]:
    for start in range(0, len(y), _ROWS):
        yield y[start : start + _ROWS]
