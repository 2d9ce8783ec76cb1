"""Layers around layers: run a layer in both directions of time, or at every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.layers.base import Layer, registry
from nnlite.layers.initial_state import TakesInitialState
from nnlite.layers.normalization import BatchNormalization
from nnlite.layers.recurrent import Recurrent
from nnlite.registry import serialize
from nnlite.types import Array, Shape
from nnlite.weights import Weight

MERGE_MODES = ("concat", "sum", "ave", "mul", None)


class Wrapper(Layer):
    """A layer that computes with other layers: their weights are its own."""

    layers: list[Layer]

    def __init__(self, layers: Sequence[Layer], **settings: Any) -> None:
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"{type(self).__name__} wraps a layer; found {type(layer).__name__}")
            if layer.activity_regularizer is not None:
                raise ValueError(
                    f"{type(self).__name__}: the layer inside has an activity_regularizer; give it to the wrapper"
                )
        super().__init__(**{"dtype": layers[0].dtype.name, **settings})
        if any(layer.dtype != self.dtype for layer in layers):
            raise ValueError(f"{type(self).__name__}: dtype must be that of the layer inside, {layers[0].dtype.name}")
        self.layers = list(layers)
        if not self._trainable:
            self.trainable = False

    @property
    def weights(self) -> list[Weight]:
        """The weights of the layers inside."""
        return sorted((w for layer in self.layers for w in layer.weights), key=lambda weight: not weight.learned)

    def _sublayers(self) -> list[Layer]:
        return self.layers


class TimeDistributed(Wrapper):
    """Apply a layer to every step of a series, with the same weights.

    To the layer inside, every step of every row is a row of its own: that is all there is to it. So batch
    normalization inside takes its statistics over all steps together, but for those that are masked.

    Parameters
    ----------
    layer : Layer
        What to apply; also a model.
    **settings
        See `Layer`.

    Raises
    ------
    TypeError
        If it isn't a layer.
    ValueError
        If the input has no axis of steps.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Conv2D, TimeDistributed
    >>> TimeDistributed(Conv2D(3, 3))(np.zeros((5, 10, 8, 8, 1))).shape
    (5, 10, 6, 6, 3)
    """

    takes_mask = True

    def __init__(self, layer: Layer, **settings: Any) -> None:
        super().__init__([layer], **settings)
        self.layer = layer

    def build(self, input_shape: Shape) -> Shape:
        """Build the layer for one step."""
        if len(input_shape) < 3:
            raise ValueError(
                f"layer {self.name!r} (TimeDistributed) takes input of shape (rows, steps, ...); "
                f"found shape {tuple(input_shape)}"
            )
        step = self.layer.build((None, *input_shape[2:]))
        if isinstance(step, list):
            raise ValueError(f"layer {self.name!r} (TimeDistributed): the layer inside must have one output")
        return (*input_shape[:2], *step[1:])

    def forward(self, x: Array, training: bool = False, mask: Array | None = None) -> tuple[Array, Any]:
        """Apply the layer to all steps of all rows; of a mask, batch normalization alone takes notice."""
        if mask is not None and isinstance(self.layer, BatchNormalization):
            y, cache = self.layer.forward(_join(x), training, mask=_join(mask))
        else:
            y, cache = self.layer.forward(_join(x), training)
        return y.reshape(*x.shape[:2], *y.shape[1:]), (cache, x.shape)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx, from the layer's own backward pass."""
        inner, shape = cache
        dx: Array = self.layer.backward(_join(dy), inner).reshape(shape)
        return dx

    def activity_penalty(self, cache: Any) -> float:
        """Return what the layer inside adds to the loss, averaged over the steps as over rows."""
        return self.layer.activity_penalty(cache[0])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make a wrapper from what `get_config` returned."""
        return super().from_config({**config, "layer": registry.get(config["layer"])})


def _join(x: Array) -> Array:
    """Make every step a row."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


class Bidirectional(TakesInitialState, Wrapper):
    r"""Run a recurrent layer over a series from both ends.

    .. math:: y = \mathrm{merge}(\overrightarrow{h}, \overleftarrow{h}), \qquad
              dx = \overrightarrow{dx} + \overleftarrow{dx}

    An output of a step then knows all of the series, before and after. That rules it out where the future is not yet
    known.

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
        Copied for each direction: the wrapper has two sets of weights of its own, the forward ones first.
    merge_mode : {"concat", "sum", "ave", "mul", None}, default "concat"
        What to do with the two outputs; None returns both, in a list.
    weights : sequence of ndarray, optional
        Weights to start from.
    backward_layer : SimpleRNN, LSTM or GRU, optional
        The layer for the way from the end, with the other `go_backwards`; by default a copy of `layer`.
    **settings
        See `Layer`.

    Raises
    ------
    TypeError
        If one isn't a recurrent layer.
    ValueError
        If `merge_mode` is unknown, or the two layers don't go together.

    Notes
    -----
    With `return_sequences`, outputs at masked steps are 0. With `return_state`, the states of the forward layer come
    before those of the backward layer; so do they in ``initial_state``.

    References
    ----------
    Schuster & Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal Processing 45 (1997).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import LSTM, Bidirectional
    >>> Bidirectional(LSTM(4, return_sequences=True))(np.zeros((5, 10, 3))).shape
    (5, 10, 8)
    """

    def __init__(
        self,
        layer: Recurrent,
        merge_mode: str | None = "concat",
        weights: Sequence[Array] | None = None,
        backward_layer: Recurrent | None = None,
        **settings: Any,
    ) -> None:
        if merge_mode not in MERGE_MODES:
            raise ValueError(f"Bidirectional: merge_mode must be one of {MERGE_MODES}; found {merge_mode!r}")
        for one in (layer, backward_layer or layer):
            if not isinstance(one, Recurrent):
                raise TypeError(f"Bidirectional wraps SimpleRNN, LSTM or GRU; found {type(one).__name__}")
        self.forward_layer = _copy(layer, "forward_", layer.go_backwards)
        self.backward_layer = backward_layer or _copy(layer, "backward_", not layer.go_backwards)
        super().__init__([self.forward_layer, self.backward_layer], **settings)
        self._check_pair()
        for one in (self.forward_layer, self.backward_layer):
            one.zero_masked = one.return_sequences
        self.merge_mode = merge_mode
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self._start = None if weights is None else list(weights)

    def _check_pair(self) -> None:
        ahead, back = self.forward_layer, self.backward_layer
        if ahead.go_backwards == back.go_backwards:
            raise ValueError("Bidirectional: backward_layer must have the other go_backwards than layer")
        for argument in ("return_sequences", "return_state"):
            if getattr(ahead, argument) != getattr(back, argument):
                raise ValueError(f"Bidirectional: layer and backward_layer must have the same {argument}")

    def build(self, input_shape: Any) -> Any:
        """Build both layers."""
        shape, *states = input_shape if isinstance(input_shape[0], (tuple, list)) else [input_shape]
        if len(states) % 2:
            raise ValueError(
                f"layer {self.name!r}: initial_state must hold states for both directions; found {len(states)}"
            )
        half = len(states) // 2
        ahead = self.forward_layer.build([shape, *states[:half]])
        back = self.backward_layer.build([shape, *states[half:]])
        if self._start is not None:
            start, self._start = self._start, None
            self.set_weights(start)
        (y_ahead, *states_ahead), (y_back, *states_back) = _as_list(ahead), _as_list(back)
        merged: list[Any] = [y_ahead]
        if self.merge_mode == "concat":
            merged = [(*y_ahead[:-1], y_ahead[-1] + y_back[-1])]
        elif self.merge_mode is None:
            merged = [y_ahead, y_back]
        elif y_ahead != y_back:
            raise ValueError(
                f"layer {self.name!r}: merge_mode={self.merge_mode!r} needs both layers to have equal units"
            )
        results = [*merged, *states_ahead, *states_back]
        return results if len(results) > 1 else results[0]

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Run both layers, and merge what they give."""
        takes_states = isinstance(x, list)
        x, *states = x if takes_states else [x]
        half = len(states) // 2
        ahead, ahead_cache = self.forward_layer.forward([x, *states[:half]], training, mask)
        back, back_cache = self.backward_layer.forward([x, *states[half:]], training, mask)
        (y_ahead, *states_ahead), (y_back, *states_back) = _as_list(ahead), _as_list(back)
        if self.return_sequences:
            y_back = y_back[:, ::-1]
        merged = self._merge(y_ahead, y_back)
        results = [*merged, *states_ahead, *states_back]
        cache = ahead_cache, back_cache, y_ahead, y_back, half, takes_states
        return (results if len(results) > 1 else results[0]), cache

    def backward(self, dy: Any, cache: Any) -> Any:
        """Hand each layer its part of dy, and add up what they return."""
        ahead_cache, back_cache, y_ahead, y_back, half, takes_states = cache
        dys = _as_list(dy)
        n_merged = 2 if self.merge_mode is None else 1
        dahead, dback = self._merge_back(dys[:n_merged], y_ahead, y_back)
        if self.return_sequences:
            dback = dback[:, ::-1]
        dstates, n_states = dys[n_merged:], self.forward_layer.n_states
        dahead_all = [dahead, *dstates[:n_states]] if self.return_state else dahead
        dback_all = [dback, *dstates[n_states:]] if self.return_state else dback
        dx_ahead, *first_ahead = self.forward_layer.backward(dahead_all, ahead_cache)
        dx_back, *first_back = self.backward_layer.backward(dback_all, back_cache)
        dx: Array = dx_ahead + dx_back
        return [dx, *first_ahead[:half], *first_back[:half]] if takes_states else dx

    def _merge(self, ahead: Array, back: Array) -> list[Array]:
        if self.merge_mode == "concat":
            return [np.concatenate([ahead, back], axis=-1)]
        if self.merge_mode == "sum":
            return [ahead + back]
        if self.merge_mode == "ave":
            return [(ahead + back) / 2]
        if self.merge_mode == "mul":
            return [ahead * back]
        return [ahead, back]

    def _merge_back(self, dys: list[Array], ahead: Array, back: Array) -> tuple[Array, Array]:
        dy = dys[0]
        if self.merge_mode == "concat":
            return dy[..., : ahead.shape[-1]], dy[..., ahead.shape[-1] :]
        if self.merge_mode == "sum":
            return dy, dy
        if self.merge_mode == "ave":
            return dy / 2, dy / 2
        if self.merge_mode == "mul":
            return dy * back, dy * ahead
        return dys[0], dys[1]

    def compute_mask(self, x: Any, mask: Any, y: Any) -> Any:  # noqa: ARG002
        """Hand the mask on with the outputs of all steps."""
        mask = mask[0] if isinstance(mask, list) else mask
        own = mask if self.return_sequences else None
        if not isinstance(y, list):
            return own
        merged = 2 if self.merge_mode is None else 1
        return [own] * merged + [None] * (len(y) - merged)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "layer": serialize(self.forward_layer),
            "merge_mode": self.merge_mode,
            "backward_layer": serialize(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make a wrapper from what `get_config` returned."""
        pair = {name: registry.get(config[name]) for name in ("layer", "backward_layer")}
        return super().from_config({**config, **pair})


def _copy(layer: Recurrent, prefix: str, go_backwards: bool) -> Recurrent:
    """Make a layer of the same settings, with weights of its own."""
    name = prefix + layer.name.removeprefix(prefix)
    config = {**layer.get_config(), "name": name, "go_backwards": go_backwards}
    made: Any = type(layer).from_config(config)
    return made


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
