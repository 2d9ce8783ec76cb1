r"""Contributions of sensors to a score: whitened residuals compared with the signature of a fault in each sensor.

A network that is shown a faulty sensor partly reproduces the fault, and predicts other values for the correlated
sensors. Their residuals then grow too, and may exceed those of the faulty sensor. The effect of a fault is measured
beforehand: a pulse is added to one sensor of normal steps, and the residuals :math:`r` of all sensors change by

.. math:: g_j = \overline{\partial r / \partial x_j}, \qquad w_j \propto R^{-1/2} \operatorname{diag}(\sigma)^{-1} g_j.

The signature :math:`w_j`, of length 1, is the direction in which a fault in sensor j moves the whitened residuals u
(see `anomaly.detectors.sequence.whitening`). The score :math:`\lVert u \rVert^2` is then decomposed by matching
pursuit: the signature closest to u takes the contribution :math:`(u \cdot w_j)^2`, and the remainder, which is
orthogonal to it, goes on to the next. What remains after three of them is assigned to the sensors at which it is
measured. The contributions add up to the score.

Each sensor needs predictions of its own, whose cost grows with the number of sensors. So the more sensors, the fewer
steps are used, and for more than 128 no signatures are learned: each sensor has the contribution measured at it.

References
----------
Dunia & Qin, "Subspace approach to multidimensional fault identification and reconstruction", AIChE Journal 44 (1998);
Alcala & Qin, "Reconstruction-based contribution for process monitoring", Automatica 45 (2009); Mallat & Zhang,
"Matching pursuits with time-frequency dictionaries", IEEE Transactions on Signal Processing 41 (1993).
"""

from __future__ import annotations

import numpy as np

from anomaly.detectors.sequence.residual_streams import WindowModel
from nnlite.types import Array

MOST_FEATURES = 128
"""The largest number of features for which signatures are learned."""

_MOST_STEPS = 1024
_MOST_CELLS = 8192
_PULSE = 2.0
_ROUNDS = 3
_SHORTEST = 1e-6


def fault_responses(model: WindowModel, steps: Array) -> Array:
    """Return the mean change of the residuals of all features per unit of a fault in each feature.

    Parameters
    ----------
    model : WindowModel
        The networks. The pulses, and the pauses between them, are as long as their windows.
    steps : ndarray of float32 of shape (n_steps, n_features)
        Normal steps without a gap. Of up to 8 features the first 1024 are used, of more features fewer.

    Returns
    -------
    ndarray of float64 of shape (n_features, n_features)
        Row j is the response to a fault in feature j.

    Examples
    --------
    A network that reproduces half of a change of the first feature, and derives the second from it:

    >>> import numpy as np
    >>> class Linear(WindowModel):
    ...     def residuals(self, steps):
    ...         return steps - steps @ np.array([[0.5, 0.3], [0.0, 0.0]])
    >>> model = Linear((), window=5, stride=1, method="reconstruction", causal=False, relative=False)
    >>> fault_responses(model, np.zeros((20, 2), np.float32)).round(2).tolist()
    [[0.5, -0.3], [0.0, 1.0]]
    """
    window = model.window
    steps = steps[: max(min(_MOST_STEPS, _MOST_CELLS // steps.shape[1]), 2 * window)]
    # A pause comes first; a segment of one window or less is a single pulse.
    pulsed = (np.arange(len(steps)) // window) % 2 == (len(steps) > window)
    responses = np.empty((steps.shape[1], steps.shape[1]))
    for feature in range(steps.shape[1]):
        pulse = np.zeros_like(steps)
        pulse[pulsed, feature] = _PULSE
        change = model.residuals(steps + pulse) - model.residuals(steps - pulse)
        responses[feature] = change[pulsed].mean(axis=0) / (2 * _PULSE)
    return responses


def unit_signatures(whitened: Array) -> Array:
    """Return whitened responses scaled to length 1; a response of 0 gives the axis of its feature."""
    lengths = np.linalg.norm(whitened, axis=1, keepdims=True)
    return np.where(lengths > _SHORTEST, whitened / np.maximum(lengths, _SHORTEST), np.eye(len(whitened)))


def contributions(u: Array, signatures: Array) -> Array:
    """Decompose the squared lengths of whitened residuals into contributions of the features, by matching pursuit.

    Parameters
    ----------
    u : ndarray of shape (n_steps, n_features)
        Whitened residuals.
    signatures : ndarray of shape (n_features, n_features)
        Rows of length 1.

    Returns
    -------
    ndarray of shape (n_steps, n_features)
        Not negative; the rows add up to the squared lengths.

    Examples
    --------
    >>> import numpy as np
    >>> signatures = np.array([[0.6, 0.8], [0.0, 1.0]])
    >>> contributions(np.array([[3.0, 4.0]]), signatures).round(9).tolist()
    [[25.0, 0.0]]
    """
    remainder, found, steps = u.copy(), np.zeros_like(u), np.arange(len(u))
    for _ in range(min(_ROUNDS, u.shape[1])):
        projections = remainder @ signatures.T
        chosen = np.abs(projections).argmax(axis=1)
        amount = projections[steps, chosen]
        found[steps, chosen] += np.square(amount)
        remainder -= amount[:, np.newaxis] * signatures[chosen]
    return found + np.square(remainder)
