"""Initializers: initial values of weights.

If initial weights are too large, the activations grow from layer to layer; if they are too small, activations and
gradients vanish. Scaled initializers choose the variance by the numbers of inputs (`fan_in`) and outputs (`fan_out`) of
a unit, so that the variance of the activations is about the same in all layers.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnlite.registry import FromConfig, Registry, known_custom_object
from nnlite.registry import serialize as serialize
from nnlite.types import Array, Arrays, RandomGenerator
from nnlite.validation import check_argument, choice, number

# Standard deviation of a standard normal distribution truncated at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer(FromConfig):
    """Base of all initializers: a function from a shape to an array."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Return initial values.

        Parameters
        ----------
        shape : tuple of int
            Shape of the weight.
        dtype : dtype, default float32
            Dtype of the result.
        rng : numpy.random.Generator, optional
            Source of random values, if the initializer has no seed of its own.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(shape, dtype, rng)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}


class _Random(Initializer):
    """Base of the random initializers; with a seed, every call returns the same values."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def _generator(self, rng: RandomGenerator | None) -> RandomGenerator:
        if self.seed is not None or rng is None:
            return np.random.default_rng(self.seed)
        return rng

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": self.seed}


class Zeros(Initializer):
    """All zeros."""

    def __call__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        rng: RandomGenerator | None = None,  # noqa: ARG002
    ) -> Array:
        """Return zeros."""
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All ones."""

    def __call__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        rng: RandomGenerator | None = None,  # noqa: ARG002
    ) -> Array:
        """Return ones."""
        return np.ones(shape, dtype)


class Constant(Initializer):
    """One value for all weights, or an array of values.

    Parameters
    ----------
    value : float or array_like, default 0.0
        Initial value or values.

    Examples
    --------
    >>> Constant(2.0)((3,)).tolist()
    [2.0, 2.0, 2.0]
    """

    def __init__(self, value: float | Arrays = 0.0) -> None:
        self.value = value

    def __call__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        rng: RandomGenerator | None = None,  # noqa: ARG002
    ) -> Array:
        """Return the value, broadcast to the shape."""
        return np.broadcast_to(np.asarray(self.value, dtype), shape).copy()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"value": np.asarray(self.value).tolist()}


class Identity(Initializer):
    """Identity matrix times a number.

    Parameters
    ----------
    gain : float, default 1.0
        Factor of the matrix.

    Examples
    --------
    >>> Identity()((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        rng: RandomGenerator | None = None,  # noqa: ARG002
    ) -> Array:
        """Return the matrix.

        Raises
        ------
        ValueError
            If the shape is not that of a matrix.
        """
        if len(shape) != 2:
            raise ValueError(f"Identity requires the shape of a matrix; found shape {shape}")
        matrix: Array = self.gain * np.eye(*shape, dtype=dtype)
        return matrix.astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"gain": self.gain}


class RandomNormal(_Random):
    """Normally distributed values.

    Parameters
    ----------
    mean : float, default 0.0
        Mean of the values.
    stddev : float, default 0.05
        Standard deviation of the values.
    seed : int, optional
        Seed; every call then returns the same values.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Draw the values."""
        return self._generator(rng).normal(self.mean, self.stddev, shape).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normally distributed values, redrawn if they are more than two standard deviations from the mean.

    Parameters
    ----------
    mean : float, default 0.0
        Mean of the values.
    stddev : float, default 0.05
        Standard deviation before truncation.
    seed : int, optional
        Seed; every call then returns the same values.

    Examples
    --------
    >>> bool(abs(TruncatedNormal(stddev=1.0, seed=0)((1000,))).max() <= 2)
    True
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Draw the values."""
        drawn = _truncated_normal(self._generator(rng), shape)
        return (self.mean + self.stddev * drawn).astype(dtype)


class RandomUniform(_Random):
    """Uniformly distributed values.

    Parameters
    ----------
    minval, maxval : float, default -0.05 and 0.05
        Bounds of the values.
    seed : int, optional
        Seed; every call then returns the same values.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Draw the values."""
        return self._generator(rng).uniform(self.minval, self.maxval, shape).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


class VarianceScaling(_Random):
    r"""Random values with variance scale / n, where n depends on the shape.

    Parameters
    ----------
    scale : float, default 1.0
        Numerator of the variance.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        n: the number of inputs of a unit, the number of outputs, or the mean of both.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
        Normal, truncated at two standard deviations; normal; or uniform over :math:`\pm\sqrt{3\,scale/n}`.
    seed : int, optional
        Seed; every call then returns the same values.

    Raises
    ------
    ValueError
        If `scale` is not above 0, or a name is unknown.

    Examples
    --------
    >>> kernel = VarianceScaling(scale=2.0, distribution="uniform", seed=0)((50, 200))
    >>> round(float(kernel.var()), 2)
    0.04
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        check_argument(self, "scale", scale, number(above=0))
        check_argument(self, "mode", mode, choice("fan_in", "fan_out", "fan_avg"))
        check_argument(self, "distribution", distribution, choice("truncated_normal", "untruncated_normal", "uniform"))
        self.scale = scale
        self.mode = mode
        self.distribution = distribution

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Draw the values."""
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, n))
        generator = self._generator(rng)
        if self.distribution == "uniform":
            limit = math.sqrt(3) * stddev
            return generator.uniform(-limit, limit, shape).astype(dtype)
        if self.distribution == "untruncated_normal":
            return generator.normal(0, stddev, shape).astype(dtype)
        # Truncation reduces the standard deviation; the quotient compensates for it.
        return (stddev / _TRUNCATED_STDDEV * _truncated_normal(generator, shape)).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **super().get_config(),
        }


class _Scaled(VarianceScaling):
    """Base of the named cases of `VarianceScaling`, whose only argument is the seed."""

    settings: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": self.seed}


class GlorotUniform(_Scaled):
    r"""Uniform over :math:`\pm\sqrt{6 / (fan_{in} + fan_{out})}`.

    References
    ----------
    Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
    """

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    r"""Truncated normal with variance :math:`2 / (fan_{in} + fan_{out})`; see `GlorotUniform`."""

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    r"""Uniform over :math:`\pm\sqrt{6 / fan_{in}}`; see `HeNormal`."""

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    r"""Truncated normal with variance :math:`2 / fan_{in}`: for rectifiers, which pass half of their inputs.

    References
    ----------
    He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015.
    """

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    r"""Uniform over :math:`\pm\sqrt{3 / fan_{in}}`; see `LecunNormal`."""

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    r"""Truncated normal with variance :math:`1 / fan_{in}`.

    References
    ----------
    LeCun, Bottou, Orr & Müller, "Efficient backprop" (1998).
    """

    settings = (1.0, "fan_in", "truncated_normal")


class Orthogonal(_Random):
    """A matrix whose rows or columns, whichever are fewer, are orthogonal and of length `gain`.

    Parameters
    ----------
    gain : float, default 1.0
        The length.
    seed : int, optional
        Seed; every call then returns the same values.

    References
    ----------
    Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", ICLR 2014.

    Examples
    --------
    >>> q = Orthogonal(seed=0)((3, 3))
    >>> (abs(q.T @ q).round(4) + 0.0).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Draw the matrix; all axes but the last count as rows.

        Raises
        ------
        ValueError
            If the shape has under two axes.
        """
        if len(shape) < 2:
            raise ValueError(f"Orthogonal requires a shape with at least two axes; found shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = self._generator(rng).normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(drawn)
        # Without this, QR's choice of signs would show through.
        q = q * np.sign(np.diag(r))
        matrix = q if rows >= columns else q.T
        return (self.gain * matrix.reshape(shape)).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"gain": self.gain, **super().get_config()}


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the number of inputs and of outputs of one unit of a weight of this shape.

    A dense kernel is (inputs, outputs). A convolution's is (positions..., inputs, outputs): each of its units sees all
    positions.

    Examples
    --------
    >>> compute_fans((10, 5)), compute_fans((3, 3, 8, 16))
    ((10, 5), (72, 144))
    """
    if len(shape) == 0:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    positions = math.prod(shape[:-2])
    return positions * shape[-2], positions * shape[-1]


def _truncated_normal(generator: RandomGenerator, shape: tuple[int, ...]) -> Array:
    drawn = generator.standard_normal(shape)
    outside = np.abs(drawn) > 2
    while outside.any():
        drawn[outside] = generator.standard_normal(int(outside.sum()))
        outside = np.abs(drawn) > 2
    return drawn


class FunctionInitializer(Initializer):
    """Values of a Python function of the shape and the dtype.

    Parameters
    ----------
    function : callable
        ``function(shape, dtype=...)``, which returns an array.

    Examples
    --------
    >>> import numpy as np
    >>> made = FunctionInitializer(lambda shape, dtype=None: np.full(shape, 2.0, dtype))
    >>> made((2,)).tolist()
    [2.0, 2.0]
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, shape: Any, dtype: Any = np.float32, rng: Any = None) -> Any:  # noqa: ARG002
        """Return the values of the function."""
        values = np.asarray(self.function(tuple(shape), dtype=np.dtype(dtype).name), dtype)
        if values.shape != tuple(shape):
            raise ValueError(f"an initializer must return values of shape {tuple(shape)}; found {values.shape}")
        return values

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, which is looked up in the custom objects when a model is loaded."""
        return {"function": getattr(self.function, "__name__", "function")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FunctionInitializer:
        """Return the initializer of the custom object with the name; without one, new weights cannot be drawn."""
        name = config["function"]

        def unknown(*_: Any, **__: Any) -> Any:
            raise ValueError(f"initializer {name!r} is a Python function; pass it as custom_objects={{{name!r}: ...}}")

        unknown.__name__ = name
        return cls(known_custom_object(name) or unknown)


registry: Registry[Initializer] = Registry("initializer", Initializer)
for _class, *_aliases in (
    (Zeros, "zeros", "zero"),
    (Ones, "ones", "one"),
    (Constant, "constant"),
    (Identity, "identity", "IdentityInitializer"),
    (RandomNormal, "random_normal", "normal"),
    (TruncatedNormal, "truncated_normal"),
    (RandomUniform, "random_uniform", "uniform"),
    (VarianceScaling, "variance_scaling"),
    (GlorotUniform, "glorot_uniform"),
    (GlorotNormal, "glorot_normal"),
    (HeUniform, "he_uniform"),
    (HeNormal, "he_normal"),
    (LecunUniform, "lecun_uniform"),
    (LecunNormal, "lecun_normal"),
    (Orthogonal, "orthogonal", "OrthogonalInitializer"),
):
    registry.register(_class, _class.__name__, *_aliases)

registry.register(FunctionInitializer, "FunctionInitializer")

# The names of Keras in small letters.
zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, orthogonal = VarianceScaling, Orthogonal
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal


def get(identifier: str | Mapping[str, Any] | Initializer | type[Initializer] | None) -> Initializer:
    """Return an initializer from a name, a configuration, an instance or a class; Glorot's uniform for None.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> type(get(None)).__name__, type(get("he_normal")).__name__
    ('GlorotUniform', 'HeNormal')
    """
    if identifier is None:
        return GlorotUniform()
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if isinstance(identifier, Initializer):
        # A class of a Keras program takes no generator.
        takes = list(inspect.signature(type(identifier).__call__).parameters)
        return identifier if "rng" in takes else FunctionInitializer(identifier.__call__)
    if callable(identifier):
        return FunctionInitializer(identifier)
    return registry.get(identifier)


deserialize = registry.get
