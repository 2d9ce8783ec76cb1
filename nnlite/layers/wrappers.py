"""Wrappers: a layer applied to every step, or a recurrent layer in both directions of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.layers.base import Layer, registry
from nnlite.layers.cells import RNN
from nnlite.layers.initial_state import TakesInitialState
from nnlite.layers.normalization import BatchNormalization
from nnlite.layers.recurrent import Recurrent
from nnlite.registry import serialize
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice

MERGE_MODES = ("concat", "sum", "ave", "mul", None)


class Wrapper(Layer):
    """Base of the wrappers: a layer that computes with other layers and has their weights."""

    layers: list[Layer]

    def __init__(self, layers: Sequence[Layer], **settings: Any) -> None:
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"{type(self).__name__} wraps a layer; found {type(layer).__name__}")
            if layer.activity_regularizer is not None:
                raise ValueError(
                    f"{type(self).__name__}: the layer inside has an activity_regularizer; pass it to the wrapper"
                )
        super().__init__(**{"dtype": layers[0].dtype.name, **settings})
        if any(layer.dtype != self.dtype for layer in layers):
            raise ValueError(f"{type(self).__name__}: dtype must be that of the layer inside, {layers[0].dtype.name}")
        self.layers = list(layers)
        if not self._trainable:
            self.trainable = False

    def sublayers(self) -> list[Layer]:
        """Return the wrapped layers."""
        return self.layers


class TimeDistributed(Wrapper):
    r"""Apply a layer to every step of a series, with the same weights.

    .. math:: y_t = \mathrm{layer}(x_t)

    The layer is applied to all steps of all rows as one batch. So `BatchNormalization` inside computes its statistics
    over all steps that are not masked.

    Parameters
    ----------
    layer : Layer
        Layer or model to apply.
    **settings
        See `Layer`.

    Raises
    ------
    TypeError
        If `layer` is not a layer.
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
        """Apply the layer to all steps of all rows; only batch normalization uses the mask."""
        if mask is not None and isinstance(self.layer, BatchNormalization):
            y, cache = self.layer.forward(_merge_steps(x), training, mask=_merge_steps(mask))
        else:
            y, cache = self.layer.forward(_merge_steps(x), training)
        return y.reshape(*x.shape[:2], *y.shape[1:]), (cache, x.shape)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx, computed by the layer."""
        inner, shape = cache
        dx: Array = self.layer.backward(_merge_steps(dy), inner).reshape(shape)
        return dx

    def activity_penalty(self, cache: Any) -> float:
        """Return the activity penalty of the layer inside, averaged over rows and steps."""
        return self.layer.activity_penalty(cache[0])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make a wrapper from what `get_config` returned."""
        return super().from_config({**config, "layer": registry.get(config["layer"])})


def _merge_steps(x: Array) -> Array:
    """Return x with rows and steps merged into one axis."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


class Bidirectional(TakesInitialState, Wrapper):
    r"""Run a recurrent layer over a series in both directions.

    .. math:: y = \mathrm{merge}(\overrightarrow{h}, \overleftarrow{h}), \qquad
              dx = \overrightarrow{dx} + \overleftarrow{dx}

    The output of a step depends on the whole series, before and after the step. So the layer cannot be used where the
    future is not known yet.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU, or RNN of one cell
        Layer to copy for each direction. The wrapper has two sets of weights, those of the forward layer first.
    merge_mode : {"concat", "sum", "ave", "mul", None}, default "concat"
        Combination of the two outputs; None returns both in a list.
    weights : sequence of ndarray, optional
        Initial weights.
    backward_layer : SimpleRNN, LSTM, GRU, or RNN of one cell, optional
        Layer for the direction from the end, with the opposite `go_backwards`; by default a copy of `layer`.
    **settings
        See `Layer`.

    Raises
    ------
    TypeError
        If a layer is not recurrent.
    ValueError
        If `merge_mode` is unknown, or the two layers don't fit together.

    Notes
    -----
    With `return_sequences`, outputs at masked steps are 0. With `return_state`, the states of the forward layer come
    before those of the backward layer, as in ``initial_state``.

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
        layer: Recurrent | RNN,
        merge_mode: str | None = "concat",
        weights: Sequence[Array] | None = None,
        backward_layer: Recurrent | RNN | None = None,
        **settings: Any,
    ) -> None:
        check_argument(self, "merge_mode", merge_mode, choice(*MERGE_MODES))
        layer = layer.as_layer() if isinstance(layer, RNN) else layer
        backward_layer = backward_layer.as_layer() if isinstance(backward_layer, RNN) else backward_layer
        for one in (layer, backward_layer or layer):
            if not isinstance(one, Recurrent):
                raise TypeError(
                    f"Bidirectional wraps SimpleRNN, LSTM, GRU, or RNN of one cell; found {type(one).__name__}"
                )
        self.forward_layer = _copy(layer, "forward_", layer.go_backwards)
        self.backward_layer = backward_layer or _copy(layer, "backward_", not layer.go_backwards)
        super().__init__([self.forward_layer, self.backward_layer], **settings)
        self._check_pair()
        for one in (self.forward_layer, self.backward_layer):
            one.zero_masked = one.return_sequences
        self.merge_mode = merge_mode
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self._initial_weights = None if weights is None else list(weights)

    def _check_pair(self) -> None:
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ValueError("Bidirectional: backward_layer must have the opposite go_backwards of layer")
        for argument in ("return_sequences", "return_state"):
            if getattr(self.forward_layer, argument) != getattr(self.backward_layer, argument):
                raise ValueError(f"Bidirectional: layer and backward_layer must have the same {argument}")

    def build(self, input_shape: Any) -> Any:
        """Build both layers."""
        shape, *states = input_shape if isinstance(input_shape[0], (tuple, list)) else [input_shape]
        if len(states) % 2:
            raise ValueError(
                f"layer {self.name!r}: initial_state must hold states for both directions; found {len(states)}"
            )
        half = len(states) // 2
        forward_shapes = self.forward_layer.build([shape, *states[:half]])
        backward_shapes = self.backward_layer.build([shape, *states[half:]])
        if self._initial_weights is not None:
            initial_weights, self._initial_weights = self._initial_weights, None
            self.set_weights(initial_weights)
        (y_forward, *states_forward), (y_backward, *states_backward) = (
            _as_list(forward_shapes),
            _as_list(backward_shapes),
        )
        merged: list[Any] = [y_forward]
        if self.merge_mode == "concat":
            merged = [(*y_forward[:-1], y_forward[-1] + y_backward[-1])]
        elif self.merge_mode is None:
            merged = [y_forward, y_backward]
        elif y_forward != y_backward:
            raise ValueError(
                f"layer {self.name!r}: merge_mode={self.merge_mode!r} needs both layers to have equal units"
            )
        results = [*merged, *states_forward, *states_backward]
        return results if len(results) > 1 else results[0]

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Run both layers and merge their outputs."""
        takes_states = isinstance(x, list)
        x, *states = x if takes_states else [x]
        half = len(states) // 2
        h_forward, forward_cache = self.forward_layer.forward([x, *states[:half]], training, mask)
        h_backward, backward_cache = self.backward_layer.forward([x, *states[half:]], training, mask)
        (y_forward, *states_forward), (y_backward, *states_backward) = _as_list(h_forward), _as_list(h_backward)
        if self.return_sequences:
            y_backward = y_backward[:, ::-1]
        merged = self._merge(y_forward, y_backward)
        results = [*merged, *states_forward, *states_backward]
        cache = forward_cache, backward_cache, y_forward, y_backward, half, takes_states
        return (results if len(results) > 1 else results[0]), cache

    def backward(self, dy: Any, cache: Any) -> Any:
        """Split dy between the two layers; return dx, the sum of their derivatives."""
        forward_cache, backward_cache, y_forward, y_backward, half, takes_states = cache
        dys = _as_list(dy)
        n_merged = 2 if self.merge_mode is None else 1
        dforward, dbackward = self._merge_backward(dys[:n_merged], y_forward, y_backward)
        if self.return_sequences:
            dbackward = dbackward[:, ::-1]
        dstates, n_states = dys[n_merged:], self.forward_layer.n_states
        dforward_all = [dforward, *dstates[:n_states]] if self.return_state else dforward
        dbackward_all = [dbackward, *dstates[n_states:]] if self.return_state else dbackward
        dx_forward, *dinitial_forward = self.forward_layer.backward(dforward_all, forward_cache)
        dx_backward, *dinitial_backward = self.backward_layer.backward(dbackward_all, backward_cache)
        dx: Array = dx_forward + dx_backward
        return [dx, *dinitial_forward[:half], *dinitial_backward[:half]] if takes_states else dx

    def _merge(self, h_forward: Array, h_backward: Array) -> list[Array]:
        if self.merge_mode == "concat":
            return [np.concatenate([h_forward, h_backward], axis=-1)]
        if self.merge_mode == "sum":
            return [h_forward + h_backward]
        if self.merge_mode == "ave":
            return [(h_forward + h_backward) / 2]
        if self.merge_mode == "mul":
            return [h_forward * h_backward]
        return [h_forward, h_backward]

    def _merge_backward(self, dys: list[Array], h_forward: Array, h_backward: Array) -> tuple[Array, Array]:
        dy = dys[0]
        if self.merge_mode == "concat":
            return dy[..., : h_forward.shape[-1]], dy[..., h_forward.shape[-1] :]
        if self.merge_mode == "sum":
            return dy, dy
        if self.merge_mode == "ave":
            return dy / 2, dy / 2
        if self.merge_mode == "mul":
            return dy * h_backward, dy * h_forward
        return dys[0], dys[1]

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> Any:  # noqa: ARG002
        """Propagate the mask with the outputs of all steps."""
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
    """Return a layer with the same settings and with weights of its own."""
    name = prefix + layer.name.removeprefix(prefix)
    config = {**layer.get_config(), "name": name, "go_backwards": go_backwards}
    made: Any = type(layer).from_config(config)
    return made


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
