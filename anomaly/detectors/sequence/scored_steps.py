"""What is found of the steps of a segment."""

from __future__ import annotations

from typing import NamedTuple

from nnlite.types import Array


class ScoredSteps(NamedTuple):
    """Steps whose scores are final.

    Attributes
    ----------
    contributions : ndarray of shape (n_steps, n_features)
        Contributions of the features; they add up to the scores.
    step_parts : ndarray of shape (n_steps,)
        How odd each step is itself, in the windows that cover it (see `anomaly.detectors.sequence.causes`).
    is_known : ndarray of bool of shape (n_steps,)
        Whether a step is one of training.
    """

    contributions: Array
    step_parts: Array
    is_known: Array
