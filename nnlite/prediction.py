"""Prediction: the outputs of a network for data, in batches or one record at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnlite.backends import check_backend, one_record_function, open_prediction
from nnlite.callbacks.base import Callback, CallbackList, as_callbacks
from nnlite.compiled import CompiledNetwork
from nnlite.data import as_array, as_list, by_name, check_batch_size, check_shape
from nnlite.streams import Stream, is_stream, parts_of
from nnlite.types import Array
from nnlite.validation import check_value, choice

_INFERENCE_BATCH = 1024


class Predictor(CompiledNetwork):
    """A network that predicts outputs for data."""

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        *,
        backend: str = "auto",
        threads: int | None = None,
    ) -> Any:
        """Return the outputs for data. Several threads may call it at once.

        Parameters
        ----------
        x : array_like, or a list or mapping of them, or iterable of batches
            One record a row; one array per input. Or a generator, a dataset or another iterable of batches.
        batch_size : int, default 1024
            Number of rows per batch, which limits the memory in use and has no effect on the results.
        verbose : {"auto", 0, 1, 2}, default "auto"
            Accepted for compatibility with Keras; prediction prints nothing.
        steps : int, optional
            Number of batches, if x gives batches; by default all.
        callbacks : Callback or sequence of Callback, optional
            Their ``on_predict_...`` methods are called; with the engine, once for all rows.
        backend : {"auto", "numpy", "numba"}, default "auto"
            As for `fit`.
        threads : int, optional
            As for `fit`.

        Returns
        -------
        ndarray, or list of ndarray
            One array per output, of the model's dtype.

        See Also
        --------
        make_predict_function : Prediction for one record at a time.
        """
        as_verbosity(verbose)
        check_backend(backend, threads)
        if is_stream(x):
            stream = Stream(x, steps)
            hooks = CallbackList(as_callbacks(callbacks), model=self, params={"steps": len(stream)})
            return self._predict_stream(stream, hooks)
        inputs = self._as_inputs(x)
        size = check_batch_size(batch_size, _INFERENCE_BATCH)
        rows = len(inputs[0])
        compiled = open_prediction(self, rows, size, backend)
        size = size if compiled is None else max(rows, 1)
        hooks = CallbackList(as_callbacks(callbacks), model=self, params={"steps": -(-rows // size)})
        hooks.on_predict_begin()
        if compiled is None:
            results = self._predict_batches(inputs, size, hooks)
        else:
            hooks.on_predict_batch_begin(0)
            results = compiled(inputs, threads)
            hooks.on_predict_batch_end(0)
        hooks.on_predict_end()
        return self.by_output(results if len(results) > 1 else results[0])

    def _predict_batches(self, inputs: list[Array], size: int, hooks: CallbackList) -> list[Array]:
        rows = len(inputs[0])
        results: list[Array] = []
        # One batch at least, so that the result for no rows is empty arrays of the right shapes.
        for number, start in enumerate(range(0, max(rows, 1), size)):
            hooks.on_predict_batch_begin(number)
            rows_of_batch = slice(start, start + size)
            outputs = as_list(self._predict_rows([array[rows_of_batch] for array in inputs]))
            if not results:
                results = [np.empty((rows, *out.shape[1:]), out.dtype) for out in outputs]
            for result, output in zip(results, outputs, strict=True):
                result[rows_of_batch] = output
            hooks.on_predict_batch_end(number)
        return results

    def _predict_stream(self, stream: Stream, hooks: CallbackList) -> Any:
        """Return the outputs for all batches of a stream, joined."""
        results: list[list[Any]] = []
        hooks.on_predict_begin()
        for number, given in enumerate(stream.epoch()):
            hooks.on_predict_batch_begin(number)
            results.append(as_list(self._predict_rows(self._as_inputs(parts_of(given)[0]))))
            hooks.on_predict_batch_end(number)
        hooks.on_predict_end()
        if not results:
            raise ValueError("the source gives no batches; prediction needs at least one")
        joined = [np.concatenate(parts) for parts in zip(*results, strict=True)]
        return self.by_output(joined if len(joined) > 1 else joined[0])

    def make_predict_function(self) -> Callable[[Any], Array]:
        """Return a function from one record to its output, which takes microseconds with the engine.

        The function takes a record without the axis of the rows, and several threads may call it at once. It reads the
        current weights of the model, but has to be made again if layers are frozen, get other settings or are used in
        another model.

        Returns
        -------
        callable
            Function from an array of the shape of one record to an array of the shape of one output.

        Raises
        ------
        ValueError
            If the model has several inputs or outputs.

        Examples
        --------
        >>> import numpy as np
        >>> from nnlite.layers import Dense, Input
        >>> from nnlite.models import Sequential
        >>> model = Sequential([Input((3,)), Dense(2, kernel_initializer="ones")])
        >>> predict_one = model.make_predict_function()
        >>> predict_one(np.array([1.0, 2.0, 3.0])).tolist()
        [6.0, 6.0]
        """
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            raise ValueError(
                f"one input and one output are needed; model {self.name!r} has {len(self.inputs)} and "
                f"{len(self.outputs)}"
            )
        compiled = one_record_function(self)
        if compiled is not None:
            return compiled

        def predict_one(record: Any) -> Array:
            output: Array = self.predict_on_batch(np.asarray(record)[np.newaxis])[0]
            return output

        return predict_one

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for data, computed as one batch."""
        return self.by_output(self._predict_rows(self._as_inputs(x)))

    def _predict_rows(self, inputs: list[Array]) -> Any:
        return self.forward(inputs if len(inputs) > 1 else inputs[0], training=False)[0]

    # -- input conversion ----------------------------------------------------------------------

    def _as_inputs(self, x: Any) -> list[Array]:
        return self._convert(self._per_input(x))

    def _per_input(self, x: Any) -> list[Any]:
        """Return the argument for each input, unconverted."""
        self._build_from(x)
        return by_name(x, self.input_names, "x")

    def _convert(self, given: list[Any]) -> list[Array]:
        arrays = [
            check_shape(as_array(one, self.dtype, f"input {name!r}"), tensor.shape, f"input {name!r}")
            for one, name, tensor in zip(given, self.input_names, self.inputs, strict=True)
        ]
        if len({len(array) for array in arrays}) > 1:
            raise ValueError(f"all inputs must have the same number of rows; found {[len(a) for a in arrays]}")
        return arrays

    def _build_from(self, x: Any) -> None:
        """Build a model without an input shape for the shape of the data; those with one have nothing to do."""

    def _after_building(self) -> None:
        """Complete the compilation of a model whose outputs were unknown before."""


def as_verbosity(verbose: str | int) -> int:
    """Return the verbosity as 0, 1 or 2; "auto" is 1 wherever there is an output to print to."""
    if verbose == "auto":
        return 1 if sys.stdout is not None else 0
    check_value("verbose", verbose, choice("auto", 0, 1, 2))
    return int(verbose)
