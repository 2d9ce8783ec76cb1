"""Detector of anomalous images: the reconstruction error of a convolutional denoising autoencoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.base import BaseDetector, as_labels
from anomaly.detectors.network_training import TRAINING_CONSTRAINTS, FitSettings, as_seed, fit_network
from anomaly.preprocessing import FEATURE_LIMIT
from nnlite.archive import arrays_with_prefix
from nnlite.data import as_array
from nnlite.layers import GaussianNoise, Input
from nnlite.models import Model, model_from_parts
from nnlite.optimizers import Adam
from nnlite.random import seeded
from nnlite.serialization import model_to_parts
from nnlite.types import Array
from nnlite.validation import Constraint, integer, number, sizes

_STEPS = 1000
_CHUNK = 512
# Squares of larger numbers, or of smaller ones than the reciprocal, overflow or underflow in sums of float64.
_LARGEST_FLOAT64 = 1e100
# The same for float32.
_LARGEST_FLOAT32 = 1e30


class ImageDetector(BaseDetector):
    r"""Detector of anomalous images by the reconstruction error of a convolutional autoencoder.

    Convolutions of stride 2 encode an image into smaller feature maps, and transposed convolutions decode them. The
    network is trained to reconstruct the image from a noisy copy; the score is the mean squared error of the pixels, in
    units of the standard deviation s of all pixels of the training images:

    .. math:: s(x) = \frac1{h w c} \sum_{i,j,k} \Bigl( \frac{x_{ijk} - \hat x_{ijk}}{s} \Bigr)^2

    Parameters
    ----------
    filters : sequence of int, default (16, 8)
        Filters of each convolution; each halves height and width, rounding up.
    kernel : int, default 3
        Height and width of the kernels.
    noise : float, default 0.2
        Standard deviation of the Gaussian noise added to the scaled images in training.
    contamination, threshold
        Rule for the threshold; see `anomaly.TableDetector`.
    epochs : int or "auto", default "auto"
        Passes over the images in training; "auto": enough for 1000 steps.
    batch_size : int, default 64
        Images in a training step.
    learning_rate : float, default 0.001
        Learning rate of Adam.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        Seed of the random numbers, or a source of it.
    verbose : {0, 1, 2}, default 0
        Progress output of training.

    Attributes
    ----------
    decision_scores_, calibration_scores_, threshold_, labels_
        As for every detector; see `anomaly.detectors.BaseDetector`.
    image_shape_ : tuple of int
        Height, width and channels of the images.
    center_, scale_ : float
        Mean and standard deviation of the training images' pixels.
    history_ : dict of str to list of float
        Loss after each epoch.
    model_ : nnlite.models.Model
        The network.

    Notes
    -----
    The reference scores of `p_values` are those of the training images, which the network fits more closely than fresh
    ones: with 200 training images of 8 x 8 independent pixels, 20 % of fresh normal images had p-values of at most
    0.05. Consecutive frames of a film are similar, so that their p-values are not independent, and n frames are worth
    fewer images.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import ImageDetector
    >>> rng = np.random.default_rng(0)
    >>> normal = np.zeros((60, 8, 8)) + np.eye(8) + 0.05 * rng.normal(size=(60, 8, 8))
    >>> detector = ImageDetector(filters=(4,), epochs=30, random_state=0).fit(normal)
    >>> mirrored = normal[:1, :, ::-1]
    >>> bool(detector.decision_function(mirrored)[0] > detector.threshold_)
    True
    """

    scores_are_finite = True

    _constraints: ClassVar[Mapping[str, Constraint]] = {
        "filters": sizes(),
        "kernel": integer(least=1),
        "noise": number(least=0),
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        filters: Sequence[int] = (16, 8),
        kernel: int = 3,
        noise: float = 0.2,
        contamination: float | str = "auto",
        threshold: Any = None,
        epochs: int | str = "auto",
        batch_size: int = 64,
        learning_rate: float = 0.001,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.filters = filters
        self.kernel = kernel
        self.noise = noise
        self.contamination = contamination
        self.threshold = threshold
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> ImageDetector:
        """Train the network on normal images and choose the threshold.

        Parameters
        ----------
        X : array_like of shape (n_images, height, width) or (n_images, height, width, channels)
            Training images, preferably without anomalies.
        y : array_like of 0 and 1, optional
            Labels, used only by a threshold that needs them, such as "best_f1".

        Returns
        -------
        ImageDetector
            The detector itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, the images have another number of dimensions, or a pixel is not finite.
        """
        self._check_parameters()
        images = _as_images(X)
        if len(images) < 2:
            raise ValueError(f"fit needs at least 2 images; found {len(images)}")
        labels = as_labels(y, len(images), "image")
        self.image_shape_ = images.shape[1:]
        self.center_, self.scale_ = _center_and_scale(images)
        x = self._scaled(images)
        with seeded(as_seed(self.random_state)):
            self.model_ = self._build()
            settings = FitSettings(self.epochs, int(self.batch_size), verbose=self.verbose)
            self.history_ = fit_network(self.model_, x, x, settings, _STEPS)
        self._set_threshold(np.concatenate([e.mean(axis=(1, 2, 3), dtype=np.float64) for e in self._errors(x)]), labels)
        return self

    def _build(self) -> Model:
        from nnlite.layers import Conv2D, Conv2DTranspose, Cropping2D

        height, width, channels = self.image_shape_
        inputs = Input(self.image_shape_, name="image")
        x = GaussianNoise(self.noise, name="noise")(inputs) if self.noise else inputs
        kernel = int(self.kernel)
        style: dict[str, Any] = {"strides": 2, "padding": "same", "activation": "relu"}
        for layer, filters in enumerate(self.filters, start=1):
            x = Conv2D(filters, kernel, name=f"down_{layer}", **style)(x)
        for layer, filters in enumerate(list(self.filters)[::-1], start=1):
            x = Conv2DTranspose(filters, kernel, name=f"up_{layer}", **style)(x)
        x = Conv2D(channels, kernel, padding="same", name="reconstruction")(x)
        # Halving rounds up, so that doubling may give a larger image.
        over = [-(-size // 2 ** len(self.filters)) * 2 ** len(self.filters) - size for size in (height, width)]
        if any(over):
            x = Cropping2D(((0, over[0]), (0, over[1])), name="crop")(x)
        model = Model(inputs, x, name="image_autoencoder")
        model.compile(optimizer=Adam(learning_rate=self.learning_rate), loss="mse")
        return model

    # -- scoring -------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> Array:
        """Score images.

        Parameters
        ----------
        X : array_like of shape (n_images, height, width) or (n_images, height, width, channels)
            Images of the size of the training images.

        Returns
        -------
        ndarray of float64 of shape (n_images,)
            Scores; larger is more anomalous.

        Raises
        ------
        NotFittedError
            If the detector has not been fitted.
        ValueError
            If the images are of another size, or a pixel is not finite.
        """
        return np.concatenate([errors.mean(axis=(1, 2, 3), dtype=np.float64) for errors in self._errors_of(X)])

    def explain(self, X: Any) -> Array:
        """Return each pixel's contribution to the score of each image, of shape (n_images, height, width)."""
        size = int(np.prod(self.image_shape_)) if hasattr(self, "image_shape_") else 1
        return np.concatenate([errors.sum(axis=3, dtype=np.float64) / size for errors in self._errors_of(X)])

    def reconstruct(self, X: Any) -> Array:
        """Return the reconstruction of images, of shape (n_images, height, width, channels), in their own units."""
        self._check_fitted()
        x = self._scaled(self._checked(X))
        output: Array = self.model_.predict(x, batch_size=_CHUNK)
        dtype = np.float32 if self._fits_float32() else np.float64
        return output * dtype(self.scale_) + dtype(self.center_)

    def _errors_of(self, X: Any) -> Iterator[Array]:
        self._check_fitted()
        return self._errors(self._scaled(self._checked(X)))

    def _errors(self, x: Array) -> Iterator[Array]:
        """Yield the squared errors of the pixels, 512 images at a time."""
        for start in range(0, len(x), _CHUNK):
            part = x[start : start + _CHUNK]
            yield np.square(part - self.model_.predict(part, batch_size=_CHUNK))

    def _checked(self, X: Any) -> Array:
        images = _as_images(X)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(
                f"images must have the training images' shape {self.image_shape_}; found {images.shape[1:]}"
            )
        return images

    def _scaled(self, images: Array) -> Array:
        """Return standardized pixels, clipped to a million standard deviations."""
        if not self._fits_float32():
            images = images.astype(np.float64)
        # An overflow to infinity is clipped as well.
        with np.errstate(over="ignore"):
            scaled = (images - self.center_) / self.scale_
        return np.clip(scaled, -FEATURE_LIMIT, FEATURE_LIMIT).astype(np.float32)

    def _fits_float32(self) -> bool:
        """Return whether float32 can represent center and scale."""
        return abs(self.center_) < _LARGEST_FLOAT32 and 1 / _LARGEST_FLOAT32 < self.scale_ < _LARGEST_FLOAT32

    # -- files ---------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        network, weights = model_to_parts(self.model_)
        config = {"network": network, "center": self.center_, "scale": self.scale_, "history": self.history_}
        return config, {f"model/{name}": array for name, array in weights.items()}

    def _restore(self, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
        self._check_parameters()
        self.center_, self.scale_ = float(config["center"]), float(config["scale"])
        if not (np.isfinite(self.center_) and 0 < self.scale_ < np.inf):
            raise ValueError(f"its scale must be a number above 0; found {self.scale_}")
        self.model_ = model_from_parts(config["network"], arrays_with_prefix(arrays, "model/"), label)
        self.history_ = config["history"]
        shape = self.model_.input_shape
        if len(shape) != 4 or self.model_.output_shape != shape or None in shape[1:]:
            raise ValueError(f"its network maps {shape} to {self.model_.output_shape}; expected images of one shape")
        self.image_shape_ = tuple(int(size) for size in shape[1:] if size is not None)


def _center_and_scale(images: Array) -> tuple[float, float]:
    """Return the mean and the standard deviation of all pixels, rescaled so that their squares do not overflow."""
    largest = max(abs(float(images.min())), abs(float(images.max())))
    unit = 1.0 if largest == 0 or 1 / _LARGEST_FLOAT64 < largest < _LARGEST_FLOAT64 else largest
    if unit != 1:
        images = images / unit
    center, scale = float(images.mean(dtype=np.float64)), float(images.std(dtype=np.float64))
    return center * unit, scale * unit or 1.0


def _as_images(X: Any) -> Array:
    is_double = getattr(X, "dtype", np.float64) == np.float64
    images = as_array(X, np.dtype(np.float64 if is_double else np.float32), "images")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or not images.size:
        raise ValueError(
            "images must have shape (n_images, height, width) or (n_images, height, width, channels), and pixels; "
            f"found {images.shape}. Give one image as images[np.newaxis], and rows of pixels as "
            "x.reshape(-1, height, width)"
        )
    if not np.isfinite(images).all():
        bad = int(np.argmax(~np.isfinite(images).all(axis=(1, 2, 3))))
        raise ValueError(f"images must be finite; image {bad} is not")
    return images
