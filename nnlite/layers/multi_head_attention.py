"""Attention of several heads, each with projections of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnlite import initializers, regularizers
from nnlite.layers.arguments import check_size, known_size, set_constraints
from nnlite.layers.attention import MASKED, mask_of_queries, softmax, softmax_backward
from nnlite.layers.base import Layer
from nnlite.random import OwnGenerator
from nnlite.registry import serialize, serialize_optional
from nnlite.types import Array
from nnlite.validation import check_argument, number
from nnlite.weights import Weight


class MultiHeadAttention(OwnGenerator, Layer):
    r"""Attention by several heads: each compares and averages projections of the steps; a last one joins the heads.

    For each head n, with projections :math:`Q = q W^Q_n`, :math:`K = k W^K_n`, :math:`V = v W^V_n` (biases left out),

    .. math::

        A_n = \operatorname{softmax}\Bigl(\frac{Q K^\top}{\sqrt{d}}\Bigr), \qquad
        y = \sum_n A_n V W^O_n

    where d is `key_dim`. The layer is called as ``layer(query, value)`` or ``layer(query, value, key)``; without keys,
    the values are the keys. ``layer(x, x)`` is self-attention.

    Parameters
    ----------
    num_heads : int
        Number of heads.
    key_dim : int
        d, the size of each head's queries and keys.
    value_dim : int, optional
        Size of each head's values; by default `key_dim`.
    dropout : float, default 0.0
        Fraction of the weights A that are set to 0 in training.
    use_bias : bool, default True
        Whether the projections have biases.
    output_shape : int, optional
        Number of features of the output; by default those of the query.
    attention_axes, flash_attention : object
        Accepted for compatibility with Keras, without effect: attention is along the steps.
    kernel_initializer, bias_initializer : str or Initializer
        Initial values of all projections; by default Glorot's uniform and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on the weights of all projections, and on the output.
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
        See `nnlite.constraints`.
    seed : int, optional
        Seed of the random generator of dropout.
    use_causal_mask, return_attention_scores : bool, default False
        Whether a query sees no later steps than its own, and whether to return ``[y, A]``. In Keras arguments of the
        call, which are taken as well.
    **settings
        See `Layer`.

    References
    ----------
    Vaswani et al., "Attention is all you need", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import MultiHeadAttention
    >>> x = np.zeros((3, 5, 4))
    >>> MultiHeadAttention(num_heads=2, key_dim=8)(x, x).shape
    (3, 5, 4)
    """

    merges = True
    takes_mask = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,  # noqa: ARG002
        flash_attention: Any = None,  # noqa: ARG002
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        seed: int | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        set_constraints(self, kernel_constraint=kernel_constraint, bias_constraint=bias_constraint)
        check_argument(self, "dropout", dropout, number(least=0, below=1))
        self.num_heads, self.key_dim = check_size(self, "num_heads", num_heads), check_size(self, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else check_size(self, "value_dim", value_dim)
        self.dropout, self.use_bias, self.seed = dropout, use_bias, seed
        size = output_shape[0] if isinstance(output_shape, (list, tuple)) and len(output_shape) == 1 else output_shape
        self.output_size = None if size is None else check_size(self, "output_shape", size)
        self.kernel_initializer, self.bias_initializer = (
            initializers.get(kernel_initializer),
            initializers.get(bias_initializer),
        )
        self.kernel_regularizer, self.bias_regularizer = (
            regularizers.get(kernel_regularizer),
            regularizers.get(bias_regularizer),
        )
        self.use_causal_mask, self.return_attention_scores = use_causal_mask, return_attention_scores
        self._seed_generator(seed)

    def __call__(  # type: ignore[override]
        self,
        query: Any,
        value: Any = None,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Add the layer to a graph, or apply it to arrays; see `Layer`.

        The masks of queries, values and keys have one value for each row and step, `attention_mask` one for each row,
        query and step; in a graph they come from `Masking` and `Embedding`.
        """
        self.return_attention_scores = self.return_attention_scores or return_attention_scores
        self.use_causal_mask = self.use_causal_mask or use_causal_mask
        inputs = list(query) if value is None else [query, value, *([] if key is None else [key])]
        given = [query_mask, value_mask, key_mask, attention_mask]
        known = any(one is not None for one in given)
        return super().__call__(inputs, training, mask=given if known else None)

    def _checked_mask(self, mask: Any, x: Any) -> Any:
        del x
        return [None if one is None else np.asarray(one, bool) for one in mask]

    def build(self, input_shape: Any) -> Any:
        """Declare the projections; return the shape of the output."""
        query, value, key = (*input_shape, input_shape[1])[:3]
        if any(len(shape) != 3 for shape in input_shape):
            raise ValueError(
                f"layer {self.name!r} (MultiHeadAttention) takes series, (rows, steps, features); found {input_shape}"
            )
        output = self.output_size or known_size(self, query)
        heads = self.num_heads
        self._query = self._projection("query", (known_size(self, query), heads, self.key_dim))
        self._key = self._projection("key", (known_size(self, key), heads, self.key_dim))
        self._value = self._projection("value", (known_size(self, value), heads, self.value_dim))
        self._output = self._projection("attention_output", (heads, self.value_dim, output), (output,))
        shape = (*query[:-1], output)
        return [shape, (query[0], heads, query[1], value[1])] if self.return_attention_scores else shape

    def _projection(self, name: str, shape: tuple[int, ...], bias_shape: Any = None) -> tuple[Weight, Weight | None]:
        """Declare a kernel and a bias."""
        kernel_constraint, bias_constraint = (self.constraints.get(f"{one}_constraint") for one in ("kernel", "bias"))
        kernel = self.add_weight(
            f"{name}_kernel", shape, self.kernel_initializer, self.kernel_regularizer, constraint=kernel_constraint
        )
        if not self.use_bias:
            return kernel, None
        bias_shape = bias_shape or shape[1:]
        return kernel, self.add_weight(
            f"{name}_bias", bias_shape, self.bias_initializer, self.bias_regularizer, constraint=bias_constraint
        )

    # -- both passes ---------------------------------------------------------------------------

    def forward(self, x: list[Array], training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Compute the output."""
        q, v, k = (*x, x[1])[:3]
        heads = [_project(one, *weights) for one, weights in ((q, self._query), (k, self._key), (v, self._value))]
        # Rows, heads, steps, features: then the products of every head are products of matrices.
        queries, keys, values = (np.swapaxes(one, 1, 2) for one in heads)
        scores = queries @ np.swapaxes(keys, 2, 3) * q.dtype.type(1 / math.sqrt(self.key_dim))
        allowed = self._allowed(mask, q.shape[1], v.shape[1])
        if allowed is not None:
            scores = np.where(allowed, scores, -scores.dtype.type(MASKED))
        a = softmax(scores)
        kept = None
        if training and self.dropout:
            kept = (self.rng.random(a.shape, dtype=np.float32) >= self.dropout) / np.float32(1 - self.dropout)
            kept = kept.astype(a.dtype)
        used = a if kept is None else a * kept
        joined = np.swapaxes(used @ values, 1, 2)
        kernel, bias = self._output
        y = joined.reshape(*joined.shape[:2], self.num_heads * self.value_dim) @ kernel.value.reshape(
            -1, kernel.shape[-1]
        )
        if bias is not None:
            y += bias.value
        cache = (q, k, v, queries, keys, values, a, used, kept, allowed, joined, len(x))
        return ([y, a], cache) if self.return_attention_scores else (y, cache)

    def _allowed(self, mask: Any, n_queries: int, n_steps: int) -> Array | None:
        """Return which query may see which step: an array that broadcasts to (rows, heads, queries, steps), or None."""
        given = [*(mask if isinstance(mask, (list, tuple)) else [mask]), *[None] * 4]
        parts = [
            part
            for part in (
                None if given[0] is None else given[0][:, None, :, None],
                None if given[1] is None else given[1][:, None, None, :],
                None if given[2] is None else given[2][:, None, None, :],
                None if given[3] is None else given[3][..., None, :, :],
                np.tri(n_queries, n_steps, dtype=bool)[None, None] if self.use_causal_mask else None,
            )
            if part is not None
        ]
        return None if not parts else np.logical_and.reduce(np.broadcast_arrays(*parts))

    def backward(self, dy: Any, cache: Any) -> list[Array]:
        """Write the gradients of the projections; return the derivatives of query, value and key."""
        q, k, v, queries, keys, values, a, used, kept, allowed, joined, count = cache
        dy, dused = dy if self.return_attention_scores else (dy, None)
        kernel, bias = self._output
        rows = joined.reshape(-1, kernel.shape[0] * kernel.shape[1])
        kernel.gradient[...] = (rows.T @ dy.reshape(-1, dy.shape[-1])).reshape(kernel.shape)
        if bias is not None:
            bias.gradient[...] = dy.sum(axis=(0, 1))
        flat = kernel.value.reshape(-1, kernel.shape[-1])
        djoined = np.swapaxes((dy @ flat.T).reshape(joined.shape), 1, 2)
        dvalues = np.swapaxes(used, 2, 3) @ djoined
        da = djoined @ np.swapaxes(values, 2, 3)
        da = da if kept is None else da * kept
        ds = softmax_backward(da if dused is None else da + dused, a)
        if allowed is not None:
            ds = np.where(allowed, ds, ds.dtype.type(0))
        ds = ds * ds.dtype.type(1 / math.sqrt(self.key_dim))
        dq = _project_backward(ds @ keys, q, *self._query)
        dk = _project_backward(np.swapaxes(ds, 2, 3) @ queries, k, *self._key)
        dv = _project_backward(dvalues, v, *self._value)
        return [dq, dv + dk] if count == 2 else [dq, dv, dk]

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> Any:
        """Return the mask of the queries."""
        del x
        return mask_of_queries(mask, y)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "num_heads": self.num_heads, "key_dim": self.key_dim}
        config |= {"value_dim": self.value_dim, "dropout": self.dropout, "use_bias": self.use_bias, "seed": self.seed}
        config["output_shape"] = self.output_size
        for argument in ("kernel_initializer", "bias_initializer"):
            config[argument] = serialize(getattr(self, argument))
        for argument in ("kernel_regularizer", "bias_regularizer"):
            config[argument] = serialize_optional(getattr(self, argument))
        for argument in ("use_causal_mask", "return_attention_scores"):
            if getattr(self, argument):
                config[argument] = True
        return config


def _project(x: Array, kernel: Weight, bias: Weight | None) -> Array:
    """Return x W + b for each head, of shape (rows, steps, heads, size)."""
    size, heads, features = kernel.shape
    z = (x @ kernel.value.reshape(size, -1)).reshape(*x.shape[:2], heads, features)
    return z if bias is None else z + bias.value


def _project_backward(dz: Array, x: Array, kernel: Weight, bias: Weight | None) -> Array:
    """Write the gradients of a projection; return that of x. dz has the heads before the steps."""
    dz = np.swapaxes(dz, 1, 2)
    flat = dz.reshape(-1, kernel.shape[1] * kernel.shape[2])
    kernel.gradient[...] = (x.reshape(-1, x.shape[-1]).T @ flat).reshape(kernel.shape)
    if bias is not None:
        bias.gradient[...] = dz.sum(axis=(0, 1))
    dx: Array = (flat @ kernel.value.reshape(kernel.shape[0], -1).T).reshape(x.shape)
    return dx
