"""`tf.linalg`, of arrays."""

from nnlite.ops import cross, diag, einsum, matmul, norm, tensordot, trace  # noqa: F401
