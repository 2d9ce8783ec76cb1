"""Outputs of networks that do not depend on the batch, bit by bit.

The rounding errors of a row in a matrix product depend on its position and on the size of the matrix. Here each record,
or the copies of one record, is a matrix of its own, of the same shape for every record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlite.types import Array

if TYPE_CHECKING:
    from nnlite.models import Model

_BLOCK_ROWS = 2048

CHUNK_ROWS = 8192
"""Rows that are read, converted and scored at a time: more would only take memory."""


def outputs_by_record(model: Model, x: Array) -> Array:
    """Apply a network of dense layers to records, one by one.

    Parameters
    ----------
    model : nnlite.models.Model
        Network of layers that compute along the last axis only.
    x : ndarray of shape (n_records, n_copies, n_features)
        Records, or several copies of each.

    Returns
    -------
    ndarray of the model's dtype of shape (n_records, n_copies, n_outputs)
        Outputs; those of a record depend only on its own copies, bit by bit.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((5,)), Dense(7)])
    >>> x = np.random.default_rng(0).normal(size=(9, 2, 5)).astype(np.float32)
    >>> bool((outputs_by_record(model, x)[4] == outputs_by_record(model, x[4:5])[0]).all())
    True
    """
    copies = x.shape[1]
    step = max(1, _BLOCK_ROWS // copies)
    outputs = np.empty((len(x), copies, int(model.output_shape[-1])), model.dtype)
    for start in range(0, len(x), step):
        block = x[start : start + step].astype(model.dtype, copy=False)
        outputs[start : start + step] = model.forward(block, training=False)[0]
    return outputs


def chunks_of(x: Array) -> list[Array]:
    """Divide records into chunks of some thousands, at least one."""
    starts = range(0, max(len(x), 1), CHUNK_ROWS)
    return [x] if len(starts) == 1 else [x[start : start + CHUNK_ROWS] for start in starts]
