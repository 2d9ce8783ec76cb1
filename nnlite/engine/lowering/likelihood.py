"""Losses that are negative log-likelihoods: sums over a whole record."""

from __future__ import annotations

import math

from nnlite.engine.lowering.rules import check_same_shape
from nnlite.engine.program import Place, Program, Tensor
from nnlite.likelihoods import BernoulliNLL, GaussianNLL

_NEAREST = 1e-7


def emit_likelihood(
    program: Program,
    loss: GaussianNLL | BernoulliNLL,
    target: Tensor,
    output: Tensor,
    slope: Place | None,
    weight: Place | None,
    factor: float,
    total: Place,
    work: Place,
) -> None:
    """Emit the loss, and its slope where that is asked for.

    Raises
    ------
    Unsupported
        If the shapes don't fit.
    """
    mean = int(loss.reduction == "sum_over_batch_size")
    places = (target.place, output.place, slope, weight)
    learned = isinstance(loss, GaussianNLL) and loss.variance is None
    if learned:
        shape = (*output.shape[:-1], output.shape[-1] // 2)
        check_same_shape(loss.name, target, Tensor(output.place, shape, learns=False))
    else:
        check_same_shape(loss.name, target, output)
    features, positions = target.size // math.prod(output.shape[:-1]), math.prod(output.shape[:-1])
    sizes = (features, positions, program.ld)
    if isinstance(loss, BernoulliNLL):
        # The same as binary cross-entropy, whose kernel takes the mean over the features and positions.
        name = "loss.binary_crossentropy" + ("_logits" if loss.from_logits else "")
        whole = factor * features * (positions if mean else 1)
        program.emit(name, *places, *sizes, float(whole), mean, total, work, 1.0, 0.0, _NEAREST, 0)
    elif loss.variance is None:
        constants = (math.log(loss.minimum_variance), 0.0)
        kernel = "likelihood.gaussian_of_learned_variance"
        program.emit(kernel, *places, *sizes, float(factor), mean, total, work, *constants)
    else:
        constants = (1 / loss.variance, math.log(loss.variance))
        program.emit("likelihood.gaussian", *places, *sizes, float(factor), mean, total, work, *constants)
