"""Losses that are negative log-likelihoods, summed over a whole record."""

from __future__ import annotations

import math

from nnlite.engine.lowering.rules import check_same_shape
from nnlite.engine.program import Location, Program, Tensor
from nnlite.likelihoods import BernoulliNLL, GaussianNLL

_EPSILON = 1e-7


def emit_likelihood(
    program: Program,
    loss: GaussianNLL | BernoulliNLL,
    target: Tensor,
    output: Tensor,
    gradient: Location | None,
    weight: Location | None,
    factor: float,
    total: Location,
    workspace: Location,
) -> None:
    """Emit the loss, and its gradient unless that is None.

    Raises
    ------
    Unsupported
        If the shapes do not fit.
    """
    mean = int(loss.reduction in ("sum_over_batch_size", "mean"))
    locations = (target.location, output.location, gradient, weight)
    learned = isinstance(loss, GaussianNLL) and loss.variance is None
    if learned:
        shape = (*output.shape[:-1], output.shape[-1] // 2)
        check_same_shape(loss.name, target, Tensor(output.location, shape, requires_gradient=False))
    else:
        check_same_shape(loss.name, target, output)
    features, positions = target.size // math.prod(output.shape[:-1]), math.prod(output.shape[:-1])
    sizes = (features, positions, program.ld)
    if isinstance(loss, BernoulliNLL):
        # Binary cross-entropy, whose kernel computes the mean over the features and positions.
        name = "loss.binary_crossentropy" + ("_logits" if loss.from_logits else "")
        record_factor = factor * features * (positions if mean else 1)
        program.emit(name, *locations, *sizes, float(record_factor), mean, total, workspace, 1.0, 0.0, _EPSILON, 0)
        return
    if loss.variance is None:
        name, constants = "likelihood.gaussian_of_learned_variance", (math.log(loss.minimum_variance), 0.0)
    else:
        name, constants = "likelihood.gaussian", (1 / loss.variance, math.log(loss.variance))
    masked = int(loss.accepts_unknown)
    program.emit(name, *locations, *sizes, float(factor), mean, total, workspace, *constants, masked)
