"""Denoising autoencoder as a member of an ensemble: reconstruction errors of noisy copies of a record."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from anomaly.detectors.table.members import WeightedErrors, read_at_least_0, read_matrix, read_positive
from anomaly.detectors.table.saved_networks import built_network, usual_network
from nnlite.archive import arrays_with_prefix
from nnlite.noisy_copies import NoisyCopies
from nnlite.saved_network import SavedNetwork
from nnlite.types import Array

if TYPE_CHECKING:
    from nnlite.models import Model


class Denoiser(WeightedErrors):
    r"""Network f that reconstructs records from noisy copies, with fixed noise samples for scoring.

    .. math:: s(x) = \frac{1}{c\,d} \sum_{j=1}^{d} w_j\, \frac{1}{K} \sum_{k=1}^{K}
              \bigl(x_j - f(x + \sigma\varepsilon_k)_j\bigr)^2

    The K noise samples :math:`\sigma\varepsilon_k` are the same for every record, so a record's score depends on the
    record alone and scores differ by records, not by chance. The weight :math:`w_j` is the inverse of feature j's mean
    error in training: errors are relative to those typical of their feature, so that unpredictable features do not
    drown predictable ones. Where features of a record are not known, the mean is over those that are.

    Parameters
    ----------
    model : nnlite.models.Model or nnlite.saved_network.SavedNetwork
        f.
    noise_samples : ndarray of float32 of shape (K, d)
        :math:`\sigma\varepsilon_k`.
    weights : ndarray of float32 of shape (d,), optional
        w; by default all 1.
    scale : float, default 1.0
        c.
    spread : float, default 1.0
        Spread of the training scores (see `anomaly.detectors.blend.spread_of`).

    References
    ----------
    Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008.
    """

    kind: ClassVar[str] = "denoiser"
    least_error: ClassVar[float] = 1e-3

    def __init__(
        self,
        model: Model | SavedNetwork,
        noise_samples: Array,
        weights: Array | None = None,
        scale: float = 1.0,
        spread: float = 1.0,
    ) -> None:
        self._network = model
        self.noise_samples = noise_samples
        self.weights = np.ones(noise_samples.shape[1], np.float32) if weights is None else weights
        self.scale = scale
        self.spread = spread
        self._copies = NoisyCopies(model, noise_samples)

    @property
    def model(self) -> Model:
        """f, which is built from its file when it is first asked for."""
        return self._network.model if isinstance(self._network, SavedNetwork) else self._network

    @property
    def width(self) -> int:
        """Number of features."""
        return int(self.noise_samples.shape[1])

    @property
    def is_compiled(self) -> bool:
        """Whether compiled code computes the scores, and not NumPy."""
        return self._copies.is_compiled

    def without_optimizer(self) -> Denoiser:
        """Return the member without the state of its optimizer, which holds gradients of the last training records."""
        from nnlite.models import clone_model

        member = copy.copy(self)
        member._network = clone_model(self.model)
        member._network.parameters[:] = self.model.parameters
        member._copies = NoisyCopies(member._network, self.noise_samples)
        return member

    def with_draws(self, most: int) -> Denoiser:
        """Return the member with some of its noise samples: scores vary more, and take as much less time."""
        if len(self.noise_samples) <= most:
            return self
        member = copy.copy(self)
        member.noise_samples = self.noise_samples[:most]
        member._copies = NoisyCopies(self._network, member.noise_samples)
        return member

    def scores(self, x: Array, known: Array | None = None) -> Array:
        """Return the score of each record, as float64 of shape (n_records,)."""
        return self._means(self._errors(x, known), known) / self.scale

    def contributions(self, x: Array, known: Array | None = None) -> Array:
        """Return each feature's contribution to each record's score, as float64 of shape (n_records, width)."""
        errors = self._errors(x, known)
        if known is None:
            return errors * (self.weights / (self.width * self.scale))
        return errors * self.weights / (np.maximum(known.sum(axis=1, keepdims=True), 1) * self.scale)

    def _errors(self, x: Array, known: Array | None) -> Array:
        """Return the squared error of each feature, the mean over the noise samples; 0 if the feature is not known."""
        errors = self._copies.errors(x)
        return errors if known is None else np.where(known, errors, np.float32(0))

    def _means(self, errors: Array, known: Array | None) -> Array:
        # The conversion comes first: NumPy converts long arrays block by block, and would sum a row cut in two in
        # another order.
        weighted = (errors * self.weights).astype(np.float64)
        if known is None:
            # As `mean` computes it, in half the time for a single record.
            return np.asarray(np.add.reduce(weighted, axis=1) / weighted.shape[1])
        return np.asarray(weighted.sum(axis=1) / np.maximum(known.sum(axis=1), 1))

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""
        from nnlite.serialization import model_to_parts

        network, weights = model_to_parts(self.model)
        arrays = {f"model/{name}": array for name, array in weights.items()}
        # Files keep the noise samples by the name of the first format.
        arrays |= {"disturbances": self.noise_samples, "weights": self.weights}
        return {"kind": self.kind, "scale": self.scale, "spread": self.spread, "network": network}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Denoiser:
        """Return the member of a state, validating every field."""
        described, own = config["network"], arrays_with_prefix(arrays, "model/")
        noise_samples = read_matrix(arrays, "disturbances")
        width = noise_samples.shape[1]
        weights = arrays["weights"]
        if weights.shape != (width,) or weights.dtype != np.float32 or not (weights >= 0).all():
            raise ValueError(f"its weights have shape {weights.shape} for {width} features")
        network = usual_network(described, own, label) or built_network(described, own, label)
        if network.input_shape != (None, width) or network.output_shape != (None, width):
            raise ValueError(f"its network takes {network.input_shape} and its noise samples have {width} features")
        # Files from before scores were blended by their spreads hold none: those scores were averaged.
        return cls(
            network,
            noise_samples,
            weights,
            read_positive(config, "scale"),
            read_at_least_0(config, "spread", default=1.0),
        )
