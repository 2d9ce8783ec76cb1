r"""Which sensor is at fault: errors compared with those that a fault in each sensor would make.

A network that is shown a sensor gone wrong believes it in part, and expects other values of the sensors that go with
it. These are then in error too, and may look worse than the one that is to blame. How a fault spreads can be found out
beforehand: add a pulse to one sensor of usual steps, and see by how much the errors :math:`r` of all sensors change,

.. math:: g_j = \overline{\partial r / \partial x_j}, \qquad w_j \propto R^{-1/2} \operatorname{diag}(\sigma)^{-1} g_j.

The signature :math:`w_j`, of length 1, is where a fault in sensor j moves the whitened errors u (see
`anomaly.detectors.sequence.whitening`). The score :math:`\lVert u \rVert^2` is then taken apart by matching pursuit:
the signature that u lies closest to takes its share :math:`(u \cdot w_j)^2` and leaves the rest, at a right angle to
it, to the next. What three of them leave goes to the sensors that it is measured at. The shares add up to the score.

Every sensor needs predictions of its own, which take the longer the more sensors there are. So the more there are, the
fewer steps are looked at, and of more than 128 nothing is found out: each takes the share that is measured at it.

References
----------
Dunia & Qin, "Subspace approach to multidimensional fault identification and reconstruction", AIChE Journal 44 (1998);
Alcala & Qin, "Reconstruction-based contribution for process monitoring", Automatica 45 (2009); Mallat & Zhang,
"Matching pursuits with time-frequency dictionaries", IEEE Transactions on Signal Processing 41 (1993).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlite.types import Array

MOST_FEATURES = 128
"""Of more features no signatures are learned: each has its own direction."""

_MOST_STEPS = 1024
_MOST_CELLS = 8192
_PULSE = 2.0
_ROUNDS = 3
_SHORTEST = 1e-6


def learn_signatures(errors_of: Callable[[Array], Array], steps: Array, window: int) -> Array:
    """Return by how much the errors of all features change if one feature does.

    Parameters
    ----------
    errors_of : callable
        From steps of shape (n_steps, n_features) to their errors, of the same shape.
    steps : ndarray of float32 of shape (n_steps, n_features)
        Usual ones, an unbroken run. Of up to 8 features the first 1024 are looked at, of more features fewer.
    window : int
        Steps that a network sees at a time: as long are the pulses, and the pauses between them.

    Returns
    -------
    ndarray of float64 of shape (n_features, n_features)
        A row for each feature that is disturbed.

    Examples
    --------
    A network that believes half of what it sees of the first feature, and expects the second to follow it:

    >>> import numpy as np
    >>> believing = lambda x: x - x @ np.array([[0.5, 0.3], [0.0, 0.0]])
    >>> learn_signatures(believing, np.zeros((20, 2), np.float32), window=5).round(2).tolist()
    [[0.5, -0.3], [0.0, 1.0]]
    """
    steps = steps[: max(min(_MOST_STEPS, _MOST_CELLS // steps.shape[1]), 2 * window)]
    # Starting with a pause; a run of one window or less is a single pulse.
    pulsed = (np.arange(len(steps)) // window) % 2 == (len(steps) > window)
    responses = np.empty((steps.shape[1], steps.shape[1]))
    for feature in range(steps.shape[1]):
        pulse = np.zeros_like(steps)
        pulse[pulsed, feature] = _PULSE
        change = errors_of(steps + pulse) - errors_of(steps - pulse)
        responses[feature] = change[pulsed].mean(axis=0) / (2 * _PULSE)
    return responses


def directions(whitened: Array) -> Array:
    """Return whitened signatures at length 1; that of a feature whose faults leave no trace is the feature itself."""
    lengths = np.linalg.norm(whitened, axis=1, keepdims=True)
    return np.where(lengths > _SHORTEST, whitened / np.maximum(lengths, _SHORTEST), np.eye(len(whitened)))


def shares(u: Array, signatures: Array) -> Array:
    """Take the squared lengths of whitened errors apart by features at fault.

    Parameters
    ----------
    u : ndarray of shape (n_steps, n_features)
        Whitened errors.
    signatures : ndarray of shape (n_features, n_features)
        Rows of length 1.

    Returns
    -------
    ndarray of shape (n_steps, n_features)
        None negative; the rows add up to the squared lengths.

    Examples
    --------
    >>> import numpy as np
    >>> signatures = np.array([[0.6, 0.8], [0.0, 1.0]])
    >>> shares(np.array([[3.0, 4.0]]), signatures).round(9).tolist()
    [[25.0, 0.0]]
    """
    left, parts, steps = u.copy(), np.zeros_like(u), np.arange(len(u))
    for _ in range(min(_ROUNDS, u.shape[1])):
        along = left @ signatures.T
        chosen = np.abs(along).argmax(axis=1)
        amount = along[steps, chosen]
        parts[steps, chosen] += np.square(amount)
        left -= amount[:, np.newaxis] * signatures[chosen]
    return parts + np.square(left)
