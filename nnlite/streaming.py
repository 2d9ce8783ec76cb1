"""Training on streams of batches."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnlite.callbacks.base import Callback, CallbackList
from nnlite.data import Batch, Data
from nnlite.evaluation import Evaluator
from nnlite.streams import Stream, parts_of
from nnlite.validation import check_value, number

if TYPE_CHECKING:
    from nnlite.callbacks.records import History


class StreamTrainer(Evaluator):
    """A network that learns from batches which are computed when they are needed."""

    def _train_step(self, batch: Batch) -> None:
        raise NotImplementedError

    def _finalize_weights(self) -> None:
        """Let the optimizer replace the weights by their average, if it keeps one."""
        vector = self.weight_vector
        self.optimizer.finalize(vector.values[: vector.n_trainable])

    def _fit_stream(
        self,
        stream: Stream,
        epochs: range,
        callbacks: Sequence[Callback],
        verbosity: int,
        validate: Callable[[CallbackList], dict[str, float]] | None,
        validation_freq: int,
        class_weight: Mapping[int, float] | None,
    ) -> History:
        """Train on a stream; the layers compute, since the engine needs all data at once."""
        from nnlite.callbacks.records import History, ProgressBar

        self.as_data(*parts_of(stream.first()), class_weight)
        _ = self.weight_vector
        history = self.history = History()
        self.stop_training = False
        hooks = CallbackList(
            [*([ProgressBar(verbosity)] if verbosity else []), *callbacks, history],
            model=self,
            params={"epochs": epochs.stop, "steps": len(stream), "verbose": verbosity},
        )
        hooks.on_train_begin()
        logs: dict[str, float] = {}
        for epoch in epochs:
            hooks.on_epoch_begin(epoch)
            found = self._stream_epoch(stream, hooks, class_weight)
            if not found:
                warnings.warn(
                    f"the source of batches ended before epoch {epoch + 1}; training ends. Pass steps_per_epoch and a "
                    "source without end, or a dataset that can be read again",
                    stacklevel=3,
                )
                break
            logs = found
            if validate is not None and (epoch + 1) % validation_freq == 0:
                logs = {**logs, **{f"val_{name}": value for name, value in validate(hooks).items()}}
            hooks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        self._finalize_weights()
        hooks.on_train_end(logs)
        return history

    def _stream_epoch(
        self, stream: Stream, hooks: CallbackList, class_weight: Mapping[int, float] | None
    ) -> dict[str, float]:
        logs: dict[str, float] = {}
        with self._pass_through_data():
            for number, given in enumerate(stream.epoch()):
                data = self.as_data(*parts_of(given), class_weight)
                hooks.on_train_batch_begin(number)
                self._train_step(data.rows(slice(None)))
                logs = self._objective.logs()
                hooks.on_train_batch_end(number, logs)
                if self.stop_training:
                    break
        return logs

    def _validation(
        self, data: Data, fraction: float, validation_data: tuple[Any, ...] | None
    ) -> tuple[Data, Data | None]:
        """Return the data for training and those for validation."""
        if validation_data is not None:
            if not isinstance(validation_data, (list, tuple)) or len(validation_data) not in (2, 3):
                raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
            x, y, weight = (*validation_data, None)[:3]
            return data, self.as_data(x, y, weight)
        check_value("validation_split", fraction, number(least=0, below=1))
        return data.split(fraction) if fraction else (data, None)
