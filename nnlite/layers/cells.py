"""Recurrent layers of cells: `RNN` runs a cell, or a stack of them, over the steps of a series."""

from __future__ import annotations

from copy import copy
from typing import Any

from nnlite.layers.base import Layer, registry
from nnlite.layers.composition import flat_values
from nnlite.layers.gru import GRU
from nnlite.layers.lstm import LSTM
from nnlite.layers.recurrent import Recurrent
from nnlite.layers.reshaping import Reshape
from nnlite.layers.simple_rnn import SimpleRNN
from nnlite.naming import snake_case, unique_name
from nnlite.registry import serialize


class _Cell(Layer):
    """One step of a recurrent layer, whose weights it has.

    Parameters
    ----------
    units : int
        Size of the state, and of the output.
    *arguments, **settings
        As of the layer.
    """

    kind: type[Recurrent]

    def __init__(self, units: int, *arguments: Any, **settings: Any) -> None:
        super().__init__(name=settings.pop("name", None))
        self.layer = self.kind(units, *arguments, **{**settings, "return_state": True})
        self.units, self.state_size = self.layer.units, [self.layer.units] * self.layer.n_states
        self.output_size = self.layer.units

    def layer_of(self, **settings: bool) -> Recurrent:
        """Return a recurrent layer with the weights of the cell: a shallow copy, which has the same ones."""
        made = copy(self.layer)
        made.name, made.nodes = unique_name(snake_case(self.kind.__name__)), []
        for name, value in settings.items():
            setattr(made, name, value)
        return made

    def sublayers(self) -> list[Layer]:
        """Return the layer that has the weights."""
        return [self.layer]

    def set_own_trainable(self, value: bool) -> None:
        """Set `trainable`, which the layer inside has the weights for."""
        super().set_own_trainable(value)
        self.layer.set_own_trainable(value)

    def build(self, input_shape: Any) -> Any:
        """Declare the weights for inputs of shape (rows, features)."""
        self.layer.build((input_shape[0], 1, input_shape[-1]))
        return (input_shape[0], self.units)

    def __call__(self, inputs: Any, states: Any, training: Any = None) -> Any:  # type: ignore[override]
        """Return the output of one step, and the new states."""
        several = list(states) if isinstance(states, (list, tuple)) else [states]
        step = Reshape((1, int(inputs.shape[-1])))(inputs)
        self.build(inputs.shape)
        output, *new = self.layer(step, initial_state=several, training=training)
        return output, list(new)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = self.layer.get_config()
        left = ("return_state", "return_sequences", "go_backwards", "name", "activity_regularizer")
        return {**{key: value for key, value in config.items() if key not in left}, "name": self.name}


class SimpleRNNCell(_Cell):
    """One step of `SimpleRNN`; see there for its arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import SimpleRNNCell
    >>> output, states = SimpleRNNCell(3)(np.ones((2, 4)), [np.zeros((2, 3))])
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    kind = SimpleRNN


class LSTMCell(_Cell):
    """One step of `LSTM`; see there for its arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import LSTMCell
    >>> output, states = LSTMCell(3)(np.ones((2, 4)), [np.zeros((2, 3)), np.zeros((2, 3))])
    >>> output.shape, len(states)
    ((2, 3), 2)
    """

    kind = LSTM


class GRUCell(_Cell):
    """One step of `GRU`; see there for its arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GRUCell
    >>> output, states = GRUCell(3)(np.ones((2, 4)), [np.zeros((2, 3))])
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    kind = GRU


class RNN(Layer):
    """Run a cell, or a stack of cells, over the steps of a series.

    With `LSTMCell`, `GRUCell` and `SimpleRNNCell` this is the layer of the same kind, with the weights of the cell; a
    stack is several such layers in a row.

    Parameters
    ----------
    cell : LSTMCell, GRUCell, SimpleRNNCell, or a list of them
        The cells.
    return_sequences, return_state, go_backwards : bool, default False
        As of `LSTM`.
    stateful, unroll, zero_output_for_mask : bool
        Accepted for compatibility with Keras, at False.
    **settings
        See `Layer`.

    Raises
    ------
    TypeError
        If a cell is of another class: its step has no backward pass here.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import LSTMCell, RNN
    >>> RNN([LSTMCell(3), LSTMCell(2)])(np.ones((5, 7, 4))).shape
    (5, 2)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,  # noqa: ARG002
        zero_output_for_mask: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        cells = cell.cells if isinstance(cell, StackedRNNCells) else cell
        self.cells = list(cells) if isinstance(cells, (list, tuple)) else [cells]
        for one in self.cells:
            if not isinstance(one, _Cell):
                raise TypeError(
                    f"layer {self.name!r} (RNN) runs LSTMCell, GRUCell and SimpleRNNCell; found {type(one).__name__}"
                )
        if stateful or zero_output_for_mask:
            raise ValueError(f"layer {self.name!r} (RNN): stateful and zero_output_for_mask must be False")
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self._stack = [
            one.layer_of(
                return_sequences=return_sequences or one is not self.cells[-1],
                return_state=True,
                go_backwards=go_backwards and one is self.cells[0],
            )
            for one in self.cells
        ]

    def call(self, inputs: Any) -> Any:
        """Return the outputs of all steps or of the last, and with `return_state` the last states of each cell.

        In a list, the initial states of all cells come after the series.
        """
        y, *given = inputs if isinstance(inputs, list) else [inputs]
        states: list[Any] = []
        for cell, layer in zip(self.cells, self._stack, strict=True):
            own = [given.pop(0) for _ in cell.state_size] if given else None
            y, *last = layer(y, initial_state=own)
            # As in Keras, the states of a cell in a stack are one value, or a list of them.
            states += last if len(self.cells) == 1 or len(last) == 1 else [last]
        return [y, *states] if self.return_state else y

    def __call__(self, inputs: Any, initial_state: Any = None, training: Any = None, mask: Any = None) -> Any:  # type: ignore[override]
        """Add the layers to a graph, or apply them to arrays; see `Layer`."""
        if initial_state is not None:
            inputs = [inputs, *flat_values(initial_state)]
        return super().__call__(inputs, training=training, mask=mask)

    def as_layer(self) -> Recurrent:
        """Return the recurrent layer that the layer is if it has one cell, with weights of its own.

        Raises
        ------
        TypeError
            If there are several cells.
        """
        if len(self.cells) > 1:
            raise TypeError(
                f"layer {self.name!r} (RNN) has {len(self.cells)} cells, and Bidirectional wraps one recurrent layer; "
                "use one Bidirectional layer for each cell"
            )
        own = ("name", "return_sequences", "return_state", "go_backwards")
        config = {**self.cells[0].layer.get_config(), **{name: getattr(self, name) for name in own}}
        made: Any = self.cells[0].kind.from_config(config)
        return made

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        cells = [serialize(cell) for cell in self.cells]
        own = ("return_sequences", "return_state", "go_backwards")
        return {
            **super().get_config(),
            "cell": cells[0] if len(cells) == 1 else cells,
            **{name: getattr(self, name) for name in own},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make a layer from what `get_config` returned."""
        cell = config["cell"]
        made = [registry.get(one) for one in (cell if isinstance(cell, list) else [cell])]
        return super().from_config({**config, "cell": made if isinstance(cell, list) else made[0]})


class StackedRNNCells:
    """Several cells, each of which takes the output of the one before, as the argument of `RNN`.

    Parameters
    ----------
    cells : sequence of LSTMCell, GRUCell or SimpleRNNCell
        The cells.
    """

    def __init__(self, cells: Any) -> None:
        self.cells = list(cells)
