"""Attention: for every step of one series, a mean of the steps of another, weighted by how well they match."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.random import OwnGenerator
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice, number

MASKED = 1e9
"""What is subtracted from the scores of masked steps, so that their weights are 0."""


def mask_of_queries(mask: Any, y: Any) -> Any:
    """Return the mask of the results: that of the queries, and none of the weights where they are a second result."""
    own = mask[0] if isinstance(mask, (list, tuple)) else None
    return [own, None] if isinstance(y, list) else own


class Attention(OwnGenerator, Layer):
    r"""Attention by dot products: for every query the mean of the values, weighted by the softmax of the scores.

    With queries q, keys k and values v, for each query i,

    .. math::

        s_{ij} = q_i \cdot k_j, \qquad a_{ij} = \frac{e^{s_{ij}}}{\sum_l e^{s_{il}}}, \qquad y_i = \sum_j a_{ij} v_j

    and backwards :math:`dv = a^T dy`, :math:`da = dy\, v^T`,
    :math:`ds_{ij} = a_{ij} (da_{ij} - \sum_l a_{il} da_{il})`, :math:`dq = ds\, k`, :math:`dk = ds^T q`.

    The layer is called on ``[query, value]`` or ``[query, value, key]``, of shapes (rows, queries, features),
    (rows, steps, any) and (rows, steps, features); without keys, the values are the keys. Masks are those of the
    series: masked steps of the values have weight 0, masked queries the output 0.

    Parameters
    ----------
    use_scale : bool, default False
        Whether scores are multiplied by a trained number.
    score_mode : {"dot", "concat"}, default "dot"
        "concat": :math:`s_{ij} = c \sum_d \tanh(q_{id} + k_{jd})` with a trained number c.
    dropout : float, default 0.0
        Fraction of the weights that are set to 0 in training.
    seed : int, optional
        Seed of the random generator of dropout.
    use_causal_mask : bool, default False
        Whether a query sees no later steps than its own. In Keras an argument of the call, which is taken as well.
    return_attention_scores : bool, default False
        Whether to return ``[output, weights]``. In Keras an argument of the call, which is taken as well.
    **settings
        See `Layer`.

    References
    ----------
    Luong, Pham & Manning, "Effective approaches to attention-based neural machine translation", EMNLP 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Attention
    >>> steps = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> Attention()([10 * steps, steps]).round(3).tolist()
    [[[1.0, 0.0], [0.0, 1.0]]]
    """

    merges = True
    takes_mask = True

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "score_mode", score_mode, choice("dot", "concat"))
        check_argument(self, "dropout", dropout, number(least=0, below=1))
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        self.use_causal_mask = use_causal_mask
        self.return_attention_scores = return_attention_scores
        self._seed_generator(seed)

    def __call__(  # type: ignore[override]
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Add the layer to a graph, or apply it to arrays; see `Layer`."""
        self.return_attention_scores = self.return_attention_scores or return_attention_scores
        self.use_causal_mask = self.use_causal_mask or use_causal_mask
        return super().__call__(inputs, training, mask=mask)

    def _checked_mask(self, mask: Any, x: Any) -> Any:
        """Return the masks of queries and values; those of keys are not used."""
        if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
            raise ValueError(
                f"layer {self.name!r}: mask must be a list [query_mask, value_mask], with None for no mask"
            )
        return [
            None if one is None else super(Attention, self)._checked_mask(one, part)
            for one, part in zip(mask, x, strict=False)
        ]

    def build(self, input_shape: list[Shape]) -> Any:
        """Declare the weights of the scores; return the shape of the output."""
        if not isinstance(input_shape, list) or len(input_shape) not in (2, 3):
            raise ValueError(f"layer {self.name!r} ({type(self).__name__}) takes [query, value] or [query, value, key]")
        query, value, key = (*input_shape, input_shape[1])[:3]
        if any(len(shape) != 3 for shape in input_shape) or query[-1] != key[-1]:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): query and key must be series (rows, steps, features) "
                f"with as many features; found {input_shape}"
            )
        self._declare(query)
        shape = (*query[:-1], value[-1])
        return [shape, (query[0], query[1], value[1])] if self.return_attention_scores else shape

    def _declare(self, query: Shape) -> None:  # noqa: ARG002
        self.scale = self.add_weight("scale", (), "ones") if self.use_scale else None
        concat = self.score_mode == "concat"
        self.concat_score_weight = self.add_weight("concat_score_weight", (), "ones") if concat else None

    # -- scores --------------------------------------------------------------------------------

    def _scores(self, q: Array, k: Array) -> tuple[Array, Any]:
        """Return the score of every query and key, and a cache."""
        scale = q.dtype.type(1) if self.scale is None else self.scale.value
        if self.concat_score_weight is None:
            products = q @ np.swapaxes(k, 1, 2)
            return products * scale, products
        sums = q[:, :, None] + k[:, None]
        bent = np.tanh(scale * sums)
        return self.concat_score_weight.value * bent.sum(-1), (sums, bent)

    def _scores_backward(self, ds: Array, q: Array, k: Array, cache: Any) -> tuple[Array, Array]:
        """Return dq and dk; write the gradients of the weights."""
        scale = ds.dtype.type(1) if self.scale is None else self.scale.value
        if self.concat_score_weight is None:
            if self.scale is not None:
                self.scale.gradient[...] = (ds * cache).sum()
            return ds @ k * scale, np.swapaxes(ds, 1, 2) @ q * scale
        sums, bent = cache
        self.concat_score_weight.gradient[...] = (ds * bent.sum(-1)).sum()
        slopes = ds[..., None] * self.concat_score_weight.value * (1 - np.square(bent))
        if self.scale is not None:
            self.scale.gradient[...] = (slopes * sums).sum()
        slopes = slopes * scale
        return slopes.sum(2), slopes.sum(1)

    # -- both passes ---------------------------------------------------------------------------

    def forward(self, x: list[Array], training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Compute the means of the values."""
        q, v, k = (*x, x[1])[:3]
        query_mask, value_mask = (None, None) if mask is None else (mask[0], mask[1])
        scores, score_cache = self._scores(q, k)
        allowed = None if value_mask is None else value_mask[:, None]
        if self.use_causal_mask:
            causal = np.tri(q.shape[1], k.shape[1], dtype=bool)[None]
            allowed = causal if allowed is None else allowed & causal
        if allowed is not None:
            scores = np.where(allowed, scores, scores - scores.dtype.type(MASKED))
        a = softmax(scores)
        kept = None
        if training and self.dropout:
            kept = (self.rng.random(a.shape, dtype=np.float32) >= self.dropout) / a.dtype.type(1 - self.dropout)
            kept = kept.astype(a.dtype)
        used = a if kept is None else a * kept
        y = used @ v
        if query_mask is not None:
            y = np.where(query_mask[..., None], y, y.dtype.type(0))
        cache = (q, k, v, a, used, kept, query_mask, score_cache, len(x))
        return ([y, used], cache) if self.return_attention_scores else (y, cache)

    def backward(self, dy: Any, cache: Any) -> list[Array]:
        """Return the derivatives of query, value and key."""
        q, k, v, a, used, kept, query_mask, score_cache, count = cache
        dy, dused = dy if self.return_attention_scores else (dy, None)
        if query_mask is not None:
            dy = np.where(query_mask[..., None], dy, dy.dtype.type(0))
        da = dy @ np.swapaxes(v, 1, 2)
        da = da if dused is None else da + dused
        da = da if kept is None else da * kept
        dv = np.swapaxes(used, 1, 2) @ dy
        dq, dk = self._scores_backward(softmax_backward(da, a), q, k, score_cache)
        return [dq, dv + dk] if count == 2 else [dq, dv, dk]

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> Any:
        """Return the mask of the queries."""
        del x
        return mask_of_queries(mask, y)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "use_scale": self.use_scale, "score_mode": self.score_mode}
        config |= {"dropout": self.dropout, "seed": self.seed}
        # Keras has these two as arguments of the call.
        for argument in ("use_causal_mask", "return_attention_scores"):
            if getattr(self, argument):
                config[argument] = True
        return config


class AdditiveAttention(Attention):
    r"""Attention by sums: the score of a query and a key is :math:`s_{ij} = \sum_d w_d \tanh(q_{id} + k_{jd})`.

    All else is as in `Attention`.

    Parameters
    ----------
    use_scale : bool, default True
        Whether the w are trained weights; otherwise they are 1.
    dropout, seed, **settings : object
        As of `Attention`.

    References
    ----------
    Bahdanau, Cho & Bengio, "Neural machine translation by jointly learning to align and translate", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import AdditiveAttention
    >>> steps = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> AdditiveAttention(use_scale=False)([steps, steps]).round(3).tolist()
    [[[0.36, 0.64], [0.64, 0.36]]]
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **settings: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **settings)

    def _declare(self, query: Shape) -> None:
        self.scale = self.add_weight("scale", (int(query[-1] or 0),)) if self.use_scale else None

    def _scores(self, q: Array, k: Array) -> tuple[Array, Any]:
        bent = np.tanh(q[:, :, None] + k[:, None])
        return (bent.sum(-1) if self.scale is None else bent @ self.scale.value), bent

    def _scores_backward(self, ds: Array, q: Array, k: Array, cache: Any) -> tuple[Array, Array]:
        del q, k
        slopes = ds[..., None] * (1 - np.square(cache))
        if self.scale is not None:
            self.scale.gradient[...] = np.einsum("bqk,bqkd->d", ds, cache)
            slopes = slopes * self.scale.value
        return slopes.sum(2), slopes.sum(1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["score_mode"]
        return config


def softmax(scores: Array) -> Array:
    """Return the softmax along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Array = powers / powers.sum(axis=-1, keepdims=True)
    return result


def softmax_backward(da: Array, a: Array) -> Array:
    """Return the derivative with respect to the scores, from that with respect to the weights a."""
    result: Array = a * (da - (da * a).sum(axis=-1, keepdims=True))
    return result
