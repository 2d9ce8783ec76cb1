"""Layers that prepare data: scaling, one-hot vectors, intervals and numbers of strings. None of them is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.layers.adapting import Moments, batches_of
from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice, integer

_LEAST_DEVIATION = 1e-7


class Rescaling(Layer):
    r"""Multiply by a constant and add another: :math:`y = a x + b`, :math:`dx = a\, dy`.

    Parameters
    ----------
    scale : float or array_like
        a, such as 1 / 255 for pixels.
    offset : float or array_like, default 0.0
        b.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Rescaling
    >>> Rescaling(1 / 255)(np.array([[0.0, 255.0]])).tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.scale, self.offset = scale, offset

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = a x + b."""
        return x * np.asarray(self.scale, x.dtype) + np.asarray(self.offset, x.dtype), None

    def backward(self, dy: Array, cache: Any) -> Array:  # noqa: ARG002
        """Return dx = a dy."""
        dx: Array = dy * np.asarray(self.scale, dy.dtype)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        scale, offset = np.asarray(self.scale).tolist(), np.asarray(self.offset).tolist()
        return {**super().get_config(), "scale": scale, "offset": offset}


class Normalization(Layer):
    r"""Shift and scale to mean 0 and variance 1, with means and variances of data that `adapt` saw.

    .. math:: y = \frac{x - \mu}{\max(\sigma, 10^{-7})}, \qquad dx = \frac{dy}{\max(\sigma, 10^{-7})}

    Parameters
    ----------
    axis : int, sequence of int or None, default -1
        Axes with a mean and a variance for each index; None: one for all numbers.
    mean, variance : float or array_like, optional
        Mean and variance, if they are known without `adapt`.
    invert : bool, default False
        Whether to compute x from y instead.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Normalization
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]]))
    >>> layer(np.array([[1.0], [2.0], [3.0]])).tolist()
    [[-1.0], [0.0], [1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization: mean and variance must be given together, or neither")
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.invert = invert
        self.given = None if mean is None else (np.asarray(mean), np.asarray(variance))

    def _kept(self, dimensions: int) -> tuple[int, ...]:
        if not all(-dimensions <= axis < dimensions for axis in self.axis):
            raise ValueError(
                f"layer {self.name!r} (Normalization): axis must be from {-dimensions} to {dimensions - 1}; "
                f"found axis={self.axis}"
            )
        kept = tuple(sorted(axis % dimensions for axis in self.axis))
        if 0 in kept:
            raise ValueError(f"layer {self.name!r} (Normalization): axis 0 are the rows; found axis={self.axis}")
        return kept

    def build(self, input_shape: Shape) -> Shape:
        """Declare the mean, the variance and the number of rows that `adapt` saw."""
        sizes: Any = tuple(input_shape[axis] for axis in self._kept(len(input_shape)))
        if None in sizes:
            raise ValueError(
                f"layer {self.name!r} (Normalization) needs known sizes along its axes; found {input_shape}"
            )
        if self.given is None:
            self.mean = self.add_weight("mean", sizes, "zeros", trainable=False)
            self.variance = self.add_weight("variance", sizes, "ones", trainable=False)
            self.count = self.add_weight("count", (), "zeros", trainable=False)
        else:
            shape = tuple(
                input_shape[axis] if axis in self._kept(len(input_shape)) else 1 for axis in range(len(input_shape))
            )
            self.mean, self.variance = (as_tensor(np.broadcast_to(one, sizes).reshape(shape)) for one in self.given)
        return input_shape

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # noqa: ARG002
        """Set the mean and the variance to those of data.

        Parameters
        ----------
        data : array_like, or iterable of batches
            Data, rows first; or batches of them, alone or with targets. Batches are read one by one.
        batch_size : int, optional
            Accepted for compatibility with Keras, without effect.
        steps : int, optional
            How many batches to read; by default all, so that an endless generator needs it.

        Raises
        ------
        ValueError
            If there is no data, a batch has another shape, or the mean was given.
        """
        if self.given is not None:
            raise ValueError("Normalization: mean and variance were given, so there is nothing to adapt")
        moments: Moments | None = None
        has_rows = isinstance(data, (list, tuple)) or hasattr(data, "__array__")
        for batch in batches_of(data, steps):
            x = np.asarray(batch, np.float64)
            if x.ndim == 0:
                raise TypeError(f"adapt needs batches that are arrays, with a .shape; found {batch!r}")
            if x.ndim == 1:
                # One array of numbers has a row for each; batch by batch, it is itself a row.
                x = x[:, np.newaxis] if has_rows else x[np.newaxis]
            kept = self._kept(x.ndim)
            if moments is None:
                self.build((None, *x.shape[1:]))
                moments = Moments(tuple(axis for axis in range(x.ndim) if axis not in kept))
            if tuple(x.shape[axis] for axis in kept) != tuple(self.mean.shape):
                raise ValueError(
                    f"layer {self.name!r} (Normalization): adapt found a batch with an incompatible shape, {x.shape}; "
                    f"it needs sizes {tuple(self.mean.shape)} along {kept}, as in the first"
                )
            moments.add(x)
        assert moments is not None
        self.mean.assign(moments.mean)
        self.variance.assign(moments.variance)
        self.count.assign(np.asarray(float(moments.rows)))

    def reset_state(self) -> None:
        """Forget the data."""
        if self.weights:
            self.mean.assign(np.zeros(self.mean.shape))
            self.variance.assign(np.ones(self.variance.shape))

    def constants(self, x: Array) -> tuple[Array, Array]:
        """Return the mean and the deviation, shaped for x."""
        mean, variance = self.given if self.given is not None else (self.mean.value, self.variance.value)
        kept = self._kept(x.ndim)
        shape = tuple(x.shape[axis] if axis in kept else 1 for axis in range(x.ndim))
        deviation = np.maximum(np.sqrt(variance), _LEAST_DEVIATION)
        sizes = [x.shape[axis] for axis in kept]
        mean, deviation = (np.broadcast_to(one, sizes).reshape(shape).astype(x.dtype) for one in (mean, deviation))
        return mean, deviation

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y, or x with `invert`."""
        mean, deviation = self.constants(x)
        return (x * deviation + mean if self.invert else (x - mean) / deviation), deviation

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx."""
        dx: Array = dy * cache if self.invert else dy / cache
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        axis = list(self.axis) if self.axis else None
        settings = {**super().get_config(), "axis": axis, "invert": self.invert}
        if self.given is not None:
            settings.update(mean=self.given[0].tolist(), variance=self.given[1].tolist())
        return settings


class Encoding(Layer):
    """Base of `Discretization` and `CategoryEncoding`: numbers of categories, one-hot or counted."""

    def _encoded(self, numbers: Array, size: int, mode: str, dtype: Any) -> Array:
        if mode == "int":
            return numbers.astype(dtype)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < size:
            raise ValueError(
                f"layer {self.name!r}: categories must be from 0 to {size - 1}; found {numbers.min()} to "
                f"{numbers.max()}"
            )
        one_hot = np.eye(size, dtype=dtype)[numbers]
        if mode == "one_hot":
            return one_hot[..., 0, :] if numbers.ndim > 1 and numbers.shape[-1] == 1 else one_hot
        summed = one_hot.sum(axis=-2) if numbers.ndim > 1 else one_hot
        counts: Array = np.minimum(summed, 1) if mode == "multi_hot" else summed
        return counts

    def backward(self, dy: Array, cache: Any) -> None:  # noqa: ARG002
        """Return nothing: categories have no derivative."""
        return


class CategoryEncoding(Encoding):
    """Encode numbers of categories as vectors.

    Parameters
    ----------
    num_tokens : int
        Number of categories.
    output_mode : {"multi_hot", "one_hot", "count"}, default "multi_hot"
        A vector with ones for the categories of a sample; one vector for each number; or how often each occurs.
    sparse : bool, default False
        Accepted for compatibility with Keras; only False is supported.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import CategoryEncoding
    >>> CategoryEncoding(3, output_mode="one_hot")(np.array([2, 0])).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    supports_masking = False

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **settings: Any
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "num_tokens", num_tokens, integer(least=1))
        check_argument(self, "output_mode", output_mode, choice("multi_hot", "one_hot", "count"))
        check_argument(self, "sparse", sparse, choice(False))
        self.num_tokens, self.output_mode = int(num_tokens or 0), output_mode

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the vectors."""
        if self.output_mode == "one_hot" and input_shape[-1:] != (1,):
            return (*input_shape, self.num_tokens)
        return (*(input_shape[:-1] if len(input_shape) > 1 else input_shape), self.num_tokens)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Encode."""
        return self._encoded(x.astype(np.int64), self.num_tokens, self.output_mode, x.dtype), None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}


class Discretization(Encoding):
    """Replace numbers by the number of their interval.

    Parameters
    ----------
    bin_boundaries : sequence of float, optional
        Boundaries of the intervals; the first reaches from minus infinity to the first boundary.
    num_bins : int, optional
        Number of intervals, whose boundaries `adapt` sets to quantiles of data, instead of `bin_boundaries`.
    epsilon : float, default 0.01
        Accepted for compatibility with Keras; quantiles are exact.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default "int"
        Numbers, or vectors as of `CategoryEncoding`.
    sparse : bool, default False
        Accepted for compatibility with Keras; only False is supported.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Discretization
    >>> Discretization([0.0, 1.0])(np.array([[-1.0, 0.0, 5.0]])).tolist()
    [[0.0, 1.0, 2.0]]
    """

    supports_masking = False

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError("Discretization needs either bin_boundaries or num_bins")
        check_argument(self, "output_mode", output_mode, choice("int", "one_hot", "multi_hot", "count"))
        check_argument(self, "sparse", sparse, choice(False))
        self.bin_boundaries = None if bin_boundaries is None else sorted(float(b) for b in bin_boundaries)
        self.num_bins, self.epsilon, self.output_mode = num_bins, epsilon, output_mode

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # noqa: ARG002
        """Set the boundaries to quantiles of data, so that all intervals hold about as many numbers.

        Data and `steps` are those of `Normalization.adapt`.
        """
        if self.num_bins is None:
            raise ValueError("Discretization: bin_boundaries were given, so there is nothing to adapt")
        values = np.concatenate([np.asarray(batch, np.float64).ravel() for batch in batches_of(data, steps)])
        self.bin_boundaries = np.quantile(values, np.linspace(0, 1, self.num_bins + 1)[1:-1]).tolist()

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the output."""
        size = (len(self.bin_boundaries) if self.bin_boundaries is not None else int(self.num_bins or 1) - 1) + 1
        if self.output_mode == "int":
            return input_shape
        if self.output_mode == "one_hot" and input_shape[-1:] != (1,):
            return (*input_shape, size)
        return (*(input_shape[:-1] if len(input_shape) > 1 else input_shape), size)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Find the intervals."""
        if self.bin_boundaries is None:
            raise ValueError(f"layer {self.name!r} (Discretization) has no boundaries yet; call adapt(data) first")
        numbers = np.searchsorted(np.asarray(self.bin_boundaries, x.dtype), x, side="right")
        return self._encoded(numbers, len(self.bin_boundaries) + 1, self.output_mode, x.dtype), None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        bins = (
            {"bin_boundaries": self.bin_boundaries} if self.bin_boundaries is not None else {"num_bins": self.num_bins}
        )
        return {**super().get_config(), **bins, "output_mode": self.output_mode}


class StringLookup(Encoding):
    """Replace strings by their numbers in a vocabulary. It is applied to arrays of strings, not to symbolic tensors.

    Parameters
    ----------
    max_tokens : int, optional
        Largest size of the vocabulary that `adapt` makes, unknown strings included.
    num_oov_indices : {0, 1}, default 1
        Numbers for unknown strings, before those of the vocabulary.
    mask_token : None
        Accepted for compatibility with Keras; only None is supported.
    oov_token : str, default "[UNK]"
        What stands for unknown strings in the vocabulary.
    vocabulary : sequence of str, optional
        The strings; or `adapt` collects them, the most frequent first.
    invert : bool, default False
        Whether to replace numbers by strings.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default "int"
        Numbers, or vectors as of `CategoryEncoding`.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import StringLookup
    >>> StringLookup(vocabulary=["a", "b"])(np.array([["b", "c"]])).tolist()
    [[2, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: None = None,
        oov_token: str = "[UNK]",
        vocabulary: Sequence[str] | None = None,
        invert: bool = False,
        output_mode: str = "int",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "num_oov_indices", num_oov_indices, choice(0, 1))
        check_argument(self, "mask_token", mask_token, choice(None))
        check_argument(self, "output_mode", output_mode, choice("int", "one_hot", "multi_hot", "count"))
        self.max_tokens, self.num_oov_indices, self.oov_token = max_tokens, num_oov_indices, oov_token
        self.invert, self.output_mode = invert, output_mode
        self.vocabulary = None if vocabulary is None else [str(word) for word in vocabulary]

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # noqa: ARG002
        """Set the vocabulary to the strings of data, the most frequent first, equally frequent ones from z to a.

        Data and `steps` are those of `Normalization.adapt`.
        """
        given = np.concatenate([np.asarray(batch).astype(str).ravel() for batch in batches_of(data, steps)])
        words, counts = np.unique(given, return_counts=True)
        order = np.lexsort((words, counts))[::-1]
        most = None if self.max_tokens is None else self.max_tokens - self.num_oov_indices
        self.vocabulary = words[order][:most].tolist()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the string of each number, `oov_token` for the unknown ones first, unless it is not wanted."""
        special = [self.oov_token] * self.num_oov_indices if include_special_tokens else []
        return special + (self.vocabulary or [])

    def set_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Set the strings; `oov_token` may stand before them."""
        words = [str(word) for word in vocabulary]
        special = [self.oov_token] * self.num_oov_indices
        self.vocabulary = words[len(special) :] if special and words[: len(special)] == special else words

    def vocabulary_size(self) -> int:
        """Return how many numbers there are."""
        return len(self.get_vocabulary())

    def __call__(self, inputs: Any, training: Any = None, *, mask: Any = None) -> Any:  # type: ignore[override]  # noqa: ARG002
        """Look up an array of strings, or of numbers with `invert`."""
        if self.vocabulary is None:
            raise ValueError(f"layer {self.name!r} (StringLookup) has no vocabulary yet; call adapt(data) first")
        if hasattr(inputs, "node"):
            raise TypeError(
                f"layer {self.name!r} (StringLookup) takes arrays of strings, which are no input of a model; "
                "apply it to the data before fit"
            )
        words = self.get_vocabulary()
        if self.invert:
            return np.asarray(words)[np.asarray(inputs, np.int64)]
        numbers = {word: number for number, word in enumerate(words)}
        given = np.asarray(inputs).astype(str)
        unknown = sorted({word for word in given.ravel().tolist() if word not in numbers})
        if unknown and not self.num_oov_indices:
            raise ValueError(f"layer {self.name!r}: {unknown[0]!r} is not in the vocabulary, and num_oov_indices is 0")
        found = np.array([numbers.get(word, 0) for word in given.ravel().tolist()], np.int64).reshape(given.shape)
        dtype = np.int64 if self.output_mode == "int" else self.dtype
        return as_tensor(self._encoded(found, len(words), self.output_mode, dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "vocabulary": self.vocabulary,
            "invert": self.invert,
            "output_mode": self.output_mode,
        }
