r"""Copies of records, moved by the same few offsets, through a network; independent of the batch.

The first layer is linear up to its activation, so its product is shared by the copies x + d of a record:

.. math:: W^\top (x + d) + b = (W^\top x + b) + W^\top d

A record's outputs depend on the record alone, bit by bit: compiled code adds up the products of a row in the same order
wherever the row lies, and with NumPy alone each record is a matrix of its own (see `nnlite.rowwise`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnlite.backends import DenseChain, open_dense_chain
from nnlite.chain_layer import ChainLayer
from nnlite.rowwise import outputs_by_record
from nnlite.saved_network import SavedNetwork
from nnlite.types import Array

if TYPE_CHECKING:
    from nnlite.layers import Layer
    from nnlite.models import Model
    from nnlite.weights import WeightVector

_BLOCK_ROWS = 2048


class NoisyCopies:
    """A network, applied to copies of records that are moved by the same few offsets.

    Parameters
    ----------
    model : nnlite.models.Model or nnlite.saved_network.SavedNetwork
        Network of layers that compute along the last axis only.
    offsets : ndarray of float32 of shape (n_copies, n_features)
        What the copies are moved by.
    backend : {"auto", "numpy", "numba"}, default "auto"
        What computes: NumPy or compiled code, which is several times as fast. "auto" is compiled code where there is
        Numba, however few records there are, since the two round differently.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((2,)), Dense(2, kernel_initializer="zeros")])
    >>> NoisyCopies(model, np.ones((3, 2), np.float32)).errors(np.array([[2.0, 3.0]], np.float32)).tolist()
    [[4.0, 9.0]]
    """

    def __init__(self, model: Model | SavedNetwork, offsets: Array, backend: str = "auto") -> None:
        self._network = model
        self._offsets = np.ascontiguousarray(offsets, np.float32)
        self._backend = backend
        self._prepared: _Prepared | None = None

    @property
    def is_compiled(self) -> bool:
        """Whether compiled code computes, and not NumPy."""
        return self._prepare().compiled is not None

    def errors(self, x: Array) -> Array:
        """Return the squared difference of each feature and its reconstruction, the mean over the copies.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Records; the network has as many outputs.

        Returns
        -------
        ndarray of float32 of shape (n_records, n_features)
            Those of a record depend on the record alone, bit by bit.
        """
        x = np.ascontiguousarray(x, np.float32)
        prepared = self._prepare()
        if prepared.compiled is not None:
            return prepared.compiled.errors(x)
        errors = np.empty_like(x)
        step = max(1, _BLOCK_ROWS // len(self._offsets))
        for start in range(0, len(x), step):
            block = x[start : start + step]
            errors[start : start + step] = self._mean_squares(block, prepared)
        return errors

    def _prepare(self) -> _Prepared:
        """Return what follows from the weights as they are."""
        network = self._network
        if not isinstance(network, SavedNetwork):
            return self._prepare_model(network)
        if network.is_built:
            return self._prepare_model(network.model)
        # Nobody can have changed the weights.
        prepared = self._prepared
        if prepared is None:
            prepared = self._prepared = self._open(network.layers, None)
        return prepared

    def _prepare_model(self, model: Model) -> _Prepared:
        prepared = self._prepared
        source = None if prepared is None else prepared.source
        # To ask the model for its weights takes as long as to compute a record, so the vector is asked first.
        if source is None or source.graph != model.sublayers() or not source.vector.is_whole():
            vector, graph = model.current_weights(), list(model.sublayers())
            if prepared is not None and source is not None:
                source = source._replace(vector=vector, graph=graph)
                prepared = self._prepared = prepared._replace(source=source)
        else:
            vector, graph = source.vector, source.graph
        if prepared is None or source is None or not (source.weights == vector.values).all():
            # By then the modules of all layers are there; a network in a file needs none of them.
            from nnlite.dense_chain import chain_of

            source = _Source(vector.values.copy(), vector, graph)
            prepared = self._prepared = self._open(chain_of(model), source)
        return prepared

    def _open(self, layers: list[ChainLayer] | None, source: _Source | None) -> _Prepared:
        """Return what is set at once, for other threads."""
        if layers is None:
            return _Prepared(None, None, None, source)
        compiled = open_dense_chain(layers, self._offsets, self._backend)
        moved = self._offsets @ layers[0].kernel if compiled is None else None
        return _Prepared(layers, moved, compiled, source)

    def _mean_squares(self, x: Array, prepared: _Prepared) -> Array:
        copies = len(self._offsets)
        apart = x[:, np.newaxis] - self._outputs(x, prepared)
        return np.asarray(np.square(apart, out=apart).sum(axis=1) / np.float32(copies))

    def _outputs(self, x: Array, prepared: _Prepared) -> Array:
        if prepared.layers is None:
            network = self._network
            model = network.model if isinstance(network, SavedNetwork) else network
            return outputs_by_record(model, x[:, np.newaxis] + self._offsets)
        first, *others = prepared.layers
        shared = x[:, np.newaxis] @ first.kernel
        if first.bias is not None:
            shared += first.bias
        h = shared + prepared.moved
        if first.relu:
            np.maximum(h, 0, out=h)
        for layer in others:
            h = h @ layer.kernel
            if layer.bias is not None:
                h += layer.bias
            if layer.relu:
                np.maximum(h, 0, out=h)
        return h

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copies, without machine code: they prepare their own."""
        return {**self.__dict__, "_prepared": None}


class _Source(NamedTuple):
    """The weights of a model as they were, and what tells whether they still are those."""

    weights: Array
    vector: WeightVector
    graph: list[Layer]


class _Prepared(NamedTuple):
    """What follows from the weights of a network.

    The layers are None if it is no chain of dense layers, and the source is None if it is a file.
    """

    layers: list[ChainLayer] | None
    moved: Array | None
    compiled: DenseChain | None
    source: _Source | None
