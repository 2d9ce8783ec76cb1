"""Evaluation: the loss and the metrics of a network on data, without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnlite.backends import Session, check_backend, open_session
from nnlite.callbacks.base import Callback, CallbackList, as_callbacks
from nnlite.data import Batch, Data, as_array, as_list, by_name, check_batch_size, weights_of_classes
from nnlite.layers.masking import masked_weight
from nnlite.prediction import Predictor, as_verbosity
from nnlite.streams import Stream, is_stream, parts_of
from nnlite.targets import check_metrics
from nnlite.types import Array

DEFAULT_BATCH_SIZE = 32
_CHUNKS = 50
"""Number of chunks that the engine runs an epoch in, if a progress bar follows it."""


class ForwardPass(NamedTuple):
    """Results of a forward pass on a batch.

    Attributes
    ----------
    loss : float
        Loss, penalties included.
    outputs : list of ndarray
        One array per output.
    weights : list of ndarray or None
        Weight of each sample of each output in the loss, masks included.
    cache : list
        Argument of `Network.backward`.
    """

    loss: float
    outputs: list[Array]
    weights: list[Array | None]
    cache: Any


class Evaluator(Predictor):
    """A network that can be evaluated on data."""

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
        *,
        backend: str = "auto",
    ) -> Any:
        """Return the loss and the metrics on data, without training.

        Parameters
        ----------
        x, y, sample_weight : array_like, or a list or mapping of them
            As for `fit`.
        batch_size : int, default 32
            Number of rows per batch.
        verbose : {"auto", 0, 1, 2}, default "auto"
            Whether to print the loss and the metrics; "auto": 1.
        steps : int, optional
            Number of batches, if x gives batches; by default all.
        callbacks : Callback or sequence of Callback, optional
            Their ``on_test_...`` methods are called.
        return_dict : bool, default False
            Whether to return a dictionary by name.
        backend : {"auto", "numpy", "numba"}, default "auto"
            As for `fit`.

        Returns
        -------
        float, list of float or dict
            The loss; followed by the metrics where there are any.
        """
        check_backend(backend)
        if is_stream(x):
            stream = Stream(x, steps)
            hooks = CallbackList(as_callbacks(callbacks), model=self, params={"steps": len(stream)})
            logs = self._evaluate_stream(stream, hooks)
        else:
            data = self.as_data(x, y, sample_weight)
            size = check_batch_size(batch_size, DEFAULT_BATCH_SIZE)
            hooks = CallbackList(as_callbacks(callbacks), model=self, params={"steps": -(-data.n_rows // size)})
            logs = self._evaluate(data, size, hooks, open_session(self, data, size, False, backend))
        if as_verbosity(verbose):
            print(" - ".join(f"{name}: {value:.4g}" for name, value in logs.items()))
        return as_results(logs, return_dict)

    def _evaluate_stream(self, stream: Stream, hooks: CallbackList) -> dict[str, float]:
        """Return the loss and the metrics on a stream."""
        self.as_data(*parts_of(stream.first()))
        logs: dict[str, float] = {}
        with self._pass_through_data():
            hooks.on_test_begin()
            for number, given in enumerate(stream.epoch()):
                data = self.as_data(*parts_of(given))
                hooks.on_test_batch_begin(number)
                self._objective.update_loss(self.compute_loss(data.rows(slice(None))).loss, data.n_rows)
                logs = self._objective.logs()
                hooks.on_test_batch_end(number, logs)
            hooks.on_test_end(logs)
        return logs

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and the metrics on one batch, without training."""
        data = self.as_data(x, y, sample_weight)
        logs = self._evaluate(data, data.n_rows, CallbackList([], model=self, params={}), None)
        return as_results(logs, return_dict)

    def _evaluate(self, data: Data, batch_size: int, hooks: CallbackList, session: Session | None) -> dict[str, float]:
        logs: dict[str, float] = {}
        with self._pass_through_data():
            hooks.on_test_begin()
            if session is not None:
                logs = self._run_session(session, None, hooks.test_interest(), hooks, "test")
            else:
                for number, batch in enumerate(data.batches(batch_size, None)):
                    hooks.on_test_batch_begin(number)
                    self._objective.update_loss(self.compute_loss(batch).loss, batch.n_rows)
                    logs = self._objective.logs()
                    hooks.on_test_batch_end(number, logs)
            hooks.on_test_end(logs)
        return logs

    def compute_loss(self, batch: Batch, training: bool = False) -> ForwardPass:
        """Run the forward pass on a batch, update the metrics, and return the loss, penalties included."""
        outputs, cache, masks = self.run(batch.x if len(batch.x) > 1 else batch.x[0], training)
        outputs, masks = as_list(outputs), as_list(masks)
        weights = _masked(batch.sample_weight, masks, outputs, rescale=True)
        loss = self._objective.value(batch.y, outputs, weights)
        self._objective.update_metrics(
            batch.y,
            outputs,
            _masked([None] * len(outputs), masks, outputs, rescale=False),
            _masked(batch.sample_weight, masks, outputs, rescale=False),
        )
        loss += self.activity_penalty(cache) + self._weight_penalty()
        return ForwardPass(loss, outputs, weights, cache)

    def _weight_penalty(self) -> float:
        return float(
            sum(weight.regularizer(weight.value) for weight in self.trainable_weights if weight.regularizer is not None)
        )

    def _run_session(
        self, session: Session, order: Array | None, interest: str, hooks: CallbackList, phase: str
    ) -> dict[str, float]:
        """Run all batches in the engine: in one call, or in chunks between which callbacks are called."""
        begin, end = getattr(hooks, f"on_{phase}_batch_begin"), getattr(hooks, f"on_{phase}_batch_end")
        length = {"none": session.n_batches, "some": -(-session.n_batches // _CHUNKS), "every": 1}[interest]
        logs: dict[str, float] = {}
        for first in range(0, session.n_batches, length):
            last = min(first + length, session.n_batches)
            if interest == "every":
                begin(first)
            session.run(first, last, order)
            logs = self._objective.logs()
            if interest != "none":
                end(last - 1, logs)
            if self.stop_training and phase == "train":
                break
        return logs

    # -- input conversion ----------------------------------------------------------------------

    def _after_building(self) -> None:
        if self.compiled and not hasattr(self, "_objective"):
            self._set_objective()

    def as_data(self, x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None = None) -> Data:
        """Convert the arguments of `fit` or `evaluate` to arrays of the model's dtype.

        Parameters
        ----------
        x, y, sample_weight : array_like, or a list or mapping of them
            As for `fit`.
        class_weight : mapping of int to float, optional
            As for `fit`.

        Raises
        ------
        RuntimeError
            If the model has not been compiled.
        ValueError
            If shapes or lengths don't fit, y is missing, or metrics or class weights would be computed from unknown
            targets.
        """
        _ = self.optimizer
        given = self._per_input(x)
        inputs = self._convert(given)
        if y is None and not self.objective.has_targets:
            # Nothing is compared with targets: any will do.
            y = [inputs[0]] * len(self.outputs) if len(self.outputs) > 1 else inputs[0]
        if y is None:
            raise ValueError("y is missing: pass the targets of the outputs (x itself, for an autoencoder)")
        targets = self._as_targets(y, given, inputs)
        check_metrics(self.objective, targets)
        names = self.output_names
        if class_weight is not None:
            if sample_weight is not None or len(names) > 1:
                raise ValueError("class_weight requires a model with one output and no sample_weight")
            sample_weight = weights_of_classes(targets[0], class_weight)
        per_output = [sample_weight] * len(names)
        if isinstance(sample_weight, Mapping):
            per_output = [sample_weight.get(name) for name in names]
        elif isinstance(sample_weight, (list, tuple)) and len(sample_weight) == len(names) > 1:
            per_output = list(sample_weight)
        weights = [None if one is None else as_array(one, self.dtype, "sample_weight") for one in per_output]
        return Data(inputs, targets, weights)

    def _as_targets(self, y: Any, given: list[Any], inputs: list[Array]) -> list[Array]:
        """Convert y; an object that is an input too becomes the same array, so that batches read it once."""
        converted = {id(one): array for one, array in zip(given, inputs, strict=True)}
        if isinstance(y, Mapping):
            # Targets that nothing is compared with may be left out: any will do.
            y = {**dict.fromkeys(self.objective.without_targets(), given[0]), **y}
        return [
            converted[id(one)] if id(one) in converted else as_array(one, self.dtype, f"y for output {name!r}")
            for one, name in zip(by_name(y, self.output_names, "y"), self.output_names, strict=True)
        ]


def _masked(
    weights: Sequence[Array | None], masks: list[Any], outputs: list[Array], *, rescale: bool
) -> list[Array | None]:
    """Return the weight of each sample of each output, with the masks of the outputs multiplied in."""
    return [
        masked_weight(weight, mask, output, rescale=rescale)
        for weight, mask, output in zip(weights, masks, outputs, strict=True)
    ]


def as_results(logs: dict[str, float], as_dict: bool) -> Any:
    """Return the loss and the metrics as a dictionary, as a list, or, if there is only the loss, as a number."""
    if as_dict:
        return logs
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
