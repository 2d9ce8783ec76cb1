"""Products of matrices and norms, of arrays alone."""

import numpy as np

from nnlite.ops.dispatch import of_arrays

matmul, dot, tensordot, einsum, norm, cross, outer, diag, trace = (
    of_arrays(function.__name__, function)
    for function in (
        np.matmul,
        np.dot,
        np.tensordot,
        np.einsum,
        np.linalg.norm,
        np.cross,
        np.outer,
        np.diag,
        np.trace,
    )
)
