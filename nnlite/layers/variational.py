r"""Variational autoencoders: a code that is a distribution, and the bound that trains it.

An autoencoder makes of each record x one code z. A *variational* one makes a distribution of codes, and is thereby a
model of the data themselves: draw :math:`z \sim N(0, I)`, decode it, and get a record. How probable x is under such a
model,

.. math:: \ln p(x) = \ln \int p(x|z)\, p(z)\, dz,

is an integral that nobody can compute. But for any distribution q(z|x) whatever, multiplying and dividing by it under
the integral, and Jensen's inequality (the logarithm of a mean is at least the mean of logarithms), give a bound from
below:

.. math::

    \ln p(x) = \ln \mathbb{E}_{q(z|x)}\!\left[\frac{p(x|z)\, p(z)}{q(z|x)}\right]
    \ \ge\ \mathbb{E}_{q(z|x)}\!\left[\ln p(x|z)\right] - D_{KL}\bigl(q(z|x) \,\|\, p(z)\bigr) \ =\ \mathrm{ELBO}(x).

What is given away is :math:`D_{KL}(q(z|x) \| p(z|x))`, so that the bound is tight where q is the true posterior. The
encoder computes q(z|x), the decoder p(x|z), and both learn by making the *negative* bound small:

.. math::

    L = \frac1n \sum_x \Bigl( \underbrace{-\ln p(x|z)}_{\text{a likelihood of nnlite.likelihoods}} +
    \beta \underbrace{D_{KL}(q(z|x) \| p(z))}_{\text{added by GaussianLatent}} \Bigr), \qquad z \sim q(z|x).

With :math:`\beta = 1` this is the bound; a larger one presses codes harder towards N(0, I), a smaller one lets
reconstruction go first.

**What a plain autoencoder minimises.** A formula often seen in tutorials says that an autoencoder solves

.. math:: \min_\theta \mathbb{E}_{x \sim p_{data}}\bigl[D_{KL}(p(x|z_\theta) \,\|\, p(x))\bigr].

It does not. A plain autoencoder, trained by squared error, minimises
:math:`\mathbb{E}_{x \sim p_{data}} \|x - \hat x(z_\theta(x))\|^2`. That is :math:`\mathbb{E}[-\ln p(x|z_\theta(x))]`
for a Gaussian p(x|z) of fixed variance, but for constants: the *first* term of the bound, at one code instead of a
mean over codes, and no divergence at all. The formula could not be minimised as it stands either: p(x), the density
of the data, is what nobody knows, and if p(x|z) equalled p(x), as the minimum demands, then the code would say
nothing about the record. A divergence does enter once codes are distributions; but it is another one, between q(z|x)
and the prior p(z), both Gaussians that we know, over codes and not over records, and it is one of two terms. It is
computed below.

References
----------
Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014; Rezende, Mohamed & Wierstra, "Stochastic
backpropagation and approximate inference in deep generative models", ICML 2014. :math:`\beta`: Higgins et al.,
"beta-VAE", ICLR 2017. Warm-up: Bowman et al., "Generating sentences from a continuous space", CoNLL 2016.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnlite.layers.base import Layer, known_size
from nnlite.random import make_generator
from nnlite.types import Array, Shape

LARGEST_LOG_VARIANCE = 10.0
"""Beyond it sigma grows no further: no posterior is so much wider than the prior, but an untrained encoder may err."""


class GaussianLatent(Layer):
    r"""Draw a code from the Gaussian that the encoder describes, and charge for what the code tells.

    The input holds, along its last axis, d means and then the logarithms of d variances: what a ``Dense(2 * d)``
    computes. In training, with :math:`\varepsilon \sim N(0, 1)` (the reparameterisation: the draw depends on no
    weight, so that a gradient can pass by it):

    .. math:: z = \mu + \sigma \varepsilon, \qquad \sigma = e^{v / 2}

    and at inference :math:`z = \mu`. To the loss it adds, averaged over the rows,

    .. math::

        \beta\, D_{KL}\bigl(N(\mu, \sigma^2) \,\|\, N(0, I)\bigr)
        = \frac{\beta}{2} \sum_j \bigl(\mu_j^2 + e^{v_j} - 1 - v_j\bigr)

    Backward, from dz, for n rows:

    .. math::

        d\mu = dz + \frac{\beta}{n} \mu, \qquad dv = dz \odot \frac{\sigma \varepsilon}{2} + \frac{\beta}{2 n} (e^v - 1)

    Where an encoder is shown what it has never met, :math:`e^v` might be beyond all numbers. So :math:`\sigma` is
    :math:`e^5` at most, and from v = 10 on the divergence follows its tangent, which leads back.

    The module's docstring derives the bound that this is a part of.

    Parameters
    ----------
    beta : float, default 1.0
        :math:`\beta`, at least 0. It may be changed between epochs, by hand or by `nnlite.callbacks.KLWarmUp`.
    sample_at_inference : bool, default False
        Whether to draw at inference too, as Monte Carlo estimates need.
    seed : int, optional
        Start of the layer's own random generator.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `beta` is negative or not finite, or the input's last axis is not of even size.

    Notes
    -----
    The divergence is not weighted by ``sample_weight``. Losses that are *means* over features, such as ``"mse"``,
    count too little beside it: use a likelihood of `nnlite.likelihoods`, which are sums, so that the loss is the
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
    """Looked up anew at each run; see `nnlite.engine.runtime.staleness`."""

    def __init__(
        self, beta: float = 1.0, sample_at_inference: bool = False, seed: int | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.beta = beta
        self.sample_at_inference = sample_at_inference
        self.seed = seed
        self.rng = make_generator(seed)

    @property
    def beta(self) -> float:
        """What the divergence counts for in the loss."""
        return self._beta

    @beta.setter
    def beta(self, value: float) -> None:
        if not 0 <= value < np.inf:
            raise ValueError(f"GaussianLatent: beta must be at least 0 and finite; found {value!r}")
        self._beta = float(value)

    def build(self, input_shape: Shape) -> Shape:
        """Halve the last axis."""
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
        """Return dmu and dv side by side, those of the divergence included."""
        mean, log_variance, noise = cache
        share = mean.dtype.type(self.beta / max(len(mean), 1))
        dmean = dy + share * mean
        largest = mean.dtype.type(LARGEST_LOG_VARIANCE)
        dlog_variance = share * np.expm1(np.minimum(log_variance, largest)) / 2
        if noise is not None:
            dlog_variance = dlog_variance + np.where(log_variance < largest, dy * noise / 2, mean.dtype.type(0))
        return np.concatenate([dmean, dlog_variance], axis=-1)

    def activity_penalty(self, cache: Any) -> float:
        """Return beta times the divergence, averaged over the rows."""
        mean, log_variance, _ = cache
        return self.beta * float(divergence(mean, log_variance).sum()) / max(len(mean), 1)

    def compute_mask(self, x: Any, mask: Any, y: Any) -> None:  # noqa: ARG002
        """Return None: the divergence knows no steps that don't count."""
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
    """Return sigma, which is e^5 at most."""
    bounded = np.minimum(log_variance, log_variance.dtype.type(LARGEST_LOG_VARIANCE))
    deviations: Array = np.exp(bounded / 2)
    return deviations


def divergence(mean: Array, log_variance: Array) -> Array:
    r"""Return the Kullback-Leibler divergence of Gaussians from N(0, I), one number a row.

    .. math:: D_{KL} = \frac12 \sum_j (\mu_j^2 + e^{v_j} - 1 - v_j)

    From v = 10 on it is followed along its tangent.

    Parameters
    ----------
    mean, log_variance : ndarray, shape (rows, ...)
        The Gaussians' :math:`\mu` and v.

    Returns
    -------
    ndarray, shape (rows,)
        In nats; 0 for N(0, I) itself.

    Examples
    --------
    >>> import numpy as np
    >>> divergence(np.array([[0.0, 0.0], [1.0, 2.0]]), np.zeros((2, 2))).tolist()
    [0.0, 2.5]
    """
    bounded = np.minimum(log_variance, log_variance.dtype.type(LARGEST_LOG_VARIANCE))
    grown = np.expm1(bounded)
    terms = mean**2 + grown + (grown + 1) * (log_variance - bounded) - log_variance
    halves: Array = terms.sum(axis=tuple(range(1, terms.ndim))) / 2
    return halves
