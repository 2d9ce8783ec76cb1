r"""Variational autoencoders: distributions of codes, and the evidence lower bound.

An autoencoder maps each record x to one code z. A *variational* autoencoder maps it to a distribution of codes, and is
a model of the data themselves: draw :math:`z \sim N(0, I)` and decode it to get a record. The log-likelihood of x under
this model,

.. math:: \ln p(x) = \ln \int p(x|z)\, p(z)\, dz,

is an intractable integral. But for any distribution q(z|x), multiplication and division by it under the integral, and
Jensen's inequality (the logarithm of a mean is at least the mean of the logarithms), give a lower bound:

.. math::

    \ln p(x) = \ln \mathbb{E}_{q(z|x)}\!\left[\frac{p(x|z)\, p(z)}{q(z|x)}\right]
    \ \ge\ \mathbb{E}_{q(z|x)}\!\left[\ln p(x|z)\right] - D_{KL}\bigl(q(z|x) \,\|\, p(z)\bigr) \ =\ \mathrm{ELBO}(x).

The gap is :math:`D_{KL}(q(z|x) \| p(z|x))`, so the bound is tight if q is the true posterior. The encoder computes
q(z|x), the decoder p(x|z), and both are trained to minimize the *negative* bound:

.. math::

    L = \frac1n \sum_x \Bigl( \underbrace{-\ln p(x|z)}_{\text{a likelihood of nnlite.likelihoods}} +
    \beta \underbrace{D_{KL}(q(z|x) \| p(z))}_{\text{added by GaussianLatent}} \Bigr), \qquad z \sim q(z|x).

With :math:`\beta = 1` this is the bound; a larger :math:`\beta` gives the divergence from N(0, I) more weight, a
smaller one the reconstruction.

**The objective of a plain autoencoder.** According to a formula in many tutorials, an autoencoder solves

.. math:: \min_\theta \mathbb{E}_{x \sim p_{data}}\bigl[D_{KL}(p(x|z_\theta) \,\|\, p(x))\bigr].

It does not. A plain autoencoder, trained with the squared error, minimizes
:math:`\mathbb{E}_{x \sim p_{data}} \|x - \hat x(z_\theta(x))\|^2`. Up to constants that is
:math:`\mathbb{E}[-\ln p(x|z_\theta(x))]` for a Gaussian p(x|z) of fixed variance: the *first* term of the bound, at one
code instead of a mean over codes, and without a divergence. Nor could the formula be minimized: the density p(x) of the
data is unknown, and if p(x|z) were equal to p(x), as at the minimum, the code would contain no information about the
record. A divergence is part of the loss only if codes are distributions. It is a different one, between q(z|x) and the
prior p(z), two known Gaussians over codes, not over records, and it is one of two terms. It is computed below.

References
----------
Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014; Rezende, Mohamed & Wierstra, "Stochastic
backpropagation and approximate inference in deep generative models", ICML 2014. :math:`\beta`: Higgins et al.,
"beta-VAE", ICLR 2017. Warm-up: Bowman et al., "Generating sentences from a continuous space", CoNLL 2016.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnlite.layers.arguments import known_size
from nnlite.layers.base import Layer
from nnlite.random import OwnGenerator
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, number

LARGEST_LOG_VARIANCE = 10.0
"""Upper bound of v in sigma: no posterior is so much wider than the prior, but an untrained encoder may overflow."""


class GaussianLatent(OwnGenerator, Layer):
    r"""Sample a code from the Gaussian computed by the encoder, and add its divergence from N(0, I) to the loss.

    The input contains, along its last axis, d means :math:`\mu` and d logarithms of variances v, such as the output of
    a ``Dense(2 * d)``. In training, with :math:`\varepsilon \sim N(0, 1)` (the reparameterization: the random draw does
    not depend on the weights, so that z is a differentiable function of them):

    .. math:: z = \mu + \sigma \varepsilon, \qquad \sigma = e^{v / 2}

    and at inference :math:`z = \mu`. The layer adds to the loss, averaged over the rows,

    .. math::

        \beta\, D_{KL}\bigl(N(\mu, \sigma^2) \,\|\, N(0, I)\bigr)
        = \frac{\beta}{2} \sum_j \bigl(\mu_j^2 + e^{v_j} - 1 - v_j\bigr)

    Backward, from dz, for n rows:

    .. math::

        d\mu = dz + \frac{\beta}{n} \mu, \qquad dv = dz \odot \frac{\sigma \varepsilon}{2} + \frac{\beta}{2 n} (e^v - 1)

    For inputs far from the training data :math:`e^v` could overflow. So :math:`\sigma` is bounded by :math:`e^5`, and
    for v > 10 the divergence is replaced by its tangent at 10, which keeps its derivative.

    The docstring of the module derives the evidence lower bound, of which the divergence is one term.

    Parameters
    ----------
    beta : float, default 1.0
        :math:`\beta`, at least 0. It may change between epochs, as `nnlite.callbacks.KLWarmUp` does.
    sample_at_inference : bool, default False
        Whether to sample at inference, too, for Monte Carlo estimates.
    seed : int, optional
        Seed of the layer's random generator.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `beta` is negative or not finite, or the size of the input's last axis is odd.

    Notes
    -----
    The divergence is not weighted by ``sample_weight``. Losses that are *means* over features, such as ``"mse"``,
    are too small in comparison: use a likelihood of `nnlite.likelihoods`. These are sums, so that the loss is the
    negative bound.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense, GaussianLatent, Input
    >>> from nnlite.likelihoods import GaussianNLL
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((10,)), Dense(2 * 3), GaussianLatent(), Dense(10)])
    >>> model.compile("adam", GaussianNLL(variance=0.5))
    >>> x = np.random.default_rng(0).normal(size=(100, 10))
    >>> history = model.fit(x, x, epochs=2, verbose=0)
    """

    volatile: ClassVar[tuple[str, ...]] = ("_beta",)
    """Read by compiled programs at each run; see `nnlite.engine.runtime.staleness`."""

    def __init__(
        self, beta: float = 1.0, sample_at_inference: bool = False, seed: int | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.beta = beta
        self.sample_at_inference = sample_at_inference
        self.seed = seed
        self._seed_generator(seed)

    @property
    def beta(self) -> float:
        """Weight of the divergence in the loss."""
        return self._beta

    @beta.setter
    def beta(self, value: float) -> None:
        check_argument(self, "beta", value, number(least=0))
        self._beta = float(value)

    def build(self, input_shape: Shape) -> Shape:
        """Check that the last axis can be halved; return the shape of z."""
        size = known_size(self, input_shape)
        if size % 2 or size == 0:
            raise ValueError(
                f"layer {self.name!r} (GaussianLatent) takes means and log variances side by side, an even number of "
                f"features; found {size}"
            )
        return (*input_shape[:-1], size // 2)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Compute z = mu + sigma epsilon; at inference z = mu."""
        mean, log_variance = np.split(x, 2, axis=-1)
        if not training and not self.sample_at_inference:
            return mean, (mean, log_variance, None)
        noise = deviation(log_variance) * self.rng.standard_normal(mean.shape, dtype=x.dtype)
        return mean + noise, (mean, log_variance, noise)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dmu and dv, those of the divergence included, along the last axis."""
        mean, log_variance, noise = cache
        weight = mean.dtype.type(self.beta / max(len(mean), 1))
        dmean = dy + weight * mean
        largest = mean.dtype.type(LARGEST_LOG_VARIANCE)
        dlog_variance = weight * np.expm1(np.minimum(log_variance, largest)) / 2
        if noise is not None:
            dlog_variance = dlog_variance + np.where(log_variance < largest, dy * noise / 2, mean.dtype.type(0))
        return np.concatenate([dmean, dlog_variance], axis=-1)

    def activity_penalty(self, cache: Any) -> float:
        """Return the divergence, averaged over the rows, times beta."""
        mean, log_variance, _ = cache
        return self.beta * float(divergence(mean, log_variance).sum()) / max(len(mean), 1)

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> None:  # noqa: ARG002
        """Return None: the divergence does not support masks."""
        return

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "beta": self.beta,
            "sample_at_inference": self.sample_at_inference,
            "seed": self.seed,
        }


def deviation(log_variance: Array) -> Array:
    """Return sigma = e^(v / 2), at most e^5."""
    bounded = np.minimum(log_variance, log_variance.dtype.type(LARGEST_LOG_VARIANCE))
    deviations: Array = np.exp(bounded / 2)
    return deviations


def divergence(mean: Array, log_variance: Array) -> Array:
    r"""Return the Kullback-Leibler divergence of Gaussians from N(0, I), one number a row.

    .. math:: D_{KL} = \frac12 \sum_j (\mu_j^2 + e^{v_j} - 1 - v_j)

    For v > 10 the tangent at 10 takes the place of the exponential function.

    Parameters
    ----------
    mean, log_variance : ndarray, shape (rows, ...)
        The Gaussians' :math:`\mu` and v.

    Returns
    -------
    ndarray, shape (rows,)
        Divergences in nats; 0 for N(0, I).

    Examples
    --------
    >>> import numpy as np
    >>> divergence(np.array([[0.0, 0.0], [1.0, 2.0]]), np.zeros((2, 2))).tolist()
    [0.0, 2.5]
    """
    bounded = np.minimum(log_variance, log_variance.dtype.type(LARGEST_LOG_VARIANCE))
    exponential = np.expm1(bounded)
    terms = mean**2 + exponential + (exponential + 1) * (log_variance - bounded) - log_variance
    divergences: Array = terms.sum(axis=tuple(range(1, terms.ndim))) / 2
    return divergences
