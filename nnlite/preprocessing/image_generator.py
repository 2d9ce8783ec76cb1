"""Batches of images with random changes, as programs for Keras 2 make them: `ImageDataGenerator`.

New programs rather begin their model with layers such as `RandomFlip` and `Rescaling`, which then belong to the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.layers.augmentation import Warped
from nnlite.preprocessing.image_batches import ImageBatches
from nnlite.preprocessing.image_files import images_in, img_to_array, load_img, names_of_classes, no_images
from nnlite.types import Array, RandomGenerator
from nnlite.validation import check_value, choice

# Added to what is divided by, as in Keras.
_EPSILON = 1e-6


class _Moved(Warped):
    """Move the pixels of one image by a given matrix."""

    def __init__(self, matrix: Array, **settings: Any) -> None:
        super().__init__(**settings)
        self._matrix = matrix

    def draw(self, n: int, height: int, width: int) -> Array:  # noqa: ARG002
        """Return the matrix."""
        return self._matrix[np.newaxis]


class ImageDataGenerator:
    """Prepare images and change them at random.

    Each image is turned, moved, sheared and scaled about its middle, in one step with linear interpolation, then
    flipped, then made lighter; then come `preprocessing_function`, `rescale` and the normalizations.

    Parameters
    ----------
    featurewise_center, featurewise_std_normalization : bool, default False
        Whether to subtract the mean of all images, and divide by their standard deviation, that `fit` computes.
    samplewise_center, samplewise_std_normalization : bool, default False
        Whether to do so with the mean and the standard deviation of each image.
    zca_whitening, zca_epsilon : object
        Refused: whitening is not part of this package.
    rotation_range : float, default 0
        Largest angle, in degrees.
    width_shift_range, height_shift_range : float, default 0.0
        Largest shift: a fraction of the size below 1, else pixels.
    brightness_range : pair of float, optional
        Limits of the factor; the results are kept within 0 and 255.
    shear_range : float, default 0.0
        Largest angle of shearing, in degrees.
    zoom_range : float or pair of float, default 0.0
        Limits of the scale; a number z stands for 1 - z and 1 + z.
    channel_shift_range : float, default 0.0
        Largest number that is added to all values.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default "nearest"
        What lies beyond the image.
    cval : float, default 0.0
        Value of the constant.
    horizontal_flip, vertical_flip : bool, default False
        Whether to flip half of the images.
    rescale : float, optional
        Factor.
    preprocessing_function : callable, optional
        Function of one image.
    data_format : {"channels_last"}, optional
        Order of the axes.
    validation_split : float, default 0.0
        Fraction of the images for ``subset="validation"``: of arrays the first ones, of folders the first of a class.
    interpolation_order : int, default 1
        1, linear.
    dtype : dtype, optional
        Dtype of the batches, by default float32.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.preprocessing.image import ImageDataGenerator
    >>> images = np.full((5, 4, 4, 1), 255.0)
    >>> batches = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True).flow(images, np.arange(5), batch_size=2)
    >>> len(batches), batches[0][0].shape, float(batches[0][0].max())
    (3, (2, 4, 4, 1), 1.0)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,  # noqa: ARG002
        rotation_range: float = 0,
        width_shift_range: float = 0.0,
        height_shift_range: float = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Array], Array] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        if zca_whitening:
            raise ValueError("ImageDataGenerator: zca_whitening is not supported; whiten the images beforehand")
        check_value("data_format", data_format, choice(None, "channels_last"))
        check_value("fill_mode", fill_mode, choice("nearest", "constant", "reflect", "wrap"))
        check_value("interpolation_order", interpolation_order, choice(1))
        self.featurewise_center, self.featurewise_std_normalization = featurewise_center, featurewise_std_normalization
        self.samplewise_center, self.samplewise_std_normalization = samplewise_center, samplewise_std_normalization
        self.rotation_range, self.shear_range, self.brightness_range = rotation_range, shear_range, brightness_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.zoom_range = zoom_range if isinstance(zoom_range, (list, tuple)) else (1 - zoom_range, 1 + zoom_range)
        self.channel_shift_range, self.fill_mode, self.cval = channel_shift_range, fill_mode, cval
        self.horizontal_flip, self.vertical_flip, self.rescale = horizontal_flip, vertical_flip, rescale
        self.preprocessing_function, self.validation_split = preprocessing_function, validation_split
        self.dtype = np.dtype(dtype or np.float32)
        self.mean: Array | None = None
        self.std: Array | None = None

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Compute mean and standard deviation of each channel, for the normalizations of features.

        Parameters
        ----------
        x : ndarray of shape (images, height, width, channels)
            Images.
        augment : bool, default False
            Whether to compute them from images with random changes, of which each gives `rounds`.
        rounds : int, default 1
            How many.
        seed : int, optional
            Seed of the changes.
        """
        images = np.asarray(x, self.dtype)
        if augment:
            rng = np.random.default_rng(seed)
            images = np.stack([self.random_transform(one, rng) for _ in range(rounds) for one in images])
        self.mean = images.mean(axis=(0, 1, 2))
        self.std = images.std(axis=(0, 1, 2))

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        subset: str | None = None,
    ) -> ImageBatches:
        """Return batches of the images in an array.

        Parameters
        ----------
        x : ndarray of shape (images, height, width, channels)
            Images.
        y : ndarray, optional
            Their targets.
        batch_size : int, default 32
            Images in a batch.
        shuffle : bool, default True
            Whether they come in a random order, another one in each epoch.
        sample_weight : ndarray of shape (images,), optional
            Their weights.
        seed : int, optional
            Seed of the order and of the changes.
        subset : {"training", "validation"}, optional
            The part to return, if there is a `validation_split`.

        Raises
        ------
        ValueError
            If the shape is another one, or there are not as many targets or weights as images.
        """
        x = np.asarray(x)
        if x.ndim != 4:
            raise ValueError(
                f"ImageDataGenerator.flow takes (images, height, width, channels); found an array of shape {x.shape}"
            )
        given = [None if one is None else np.asarray(one) for one in (y, sample_weight)]
        for one in given:
            if one is not None and len(one) != len(x):
                raise ValueError(f"ImageDataGenerator.flow: found {len(x)} images and {len(one)} targets or weights")
        numbers = self._part(list(range(len(x))), subset)
        return ImageBatches(self, x.__getitem__, given[0], batch_size, shuffle, seed, numbers, given[1])

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        subset: str | None = None,
        interpolation: str = "nearest",
    ) -> ImageBatches:
        """Return batches of the images in a folder, in which each class has a folder of its own.

        Parameters
        ----------
        directory : str or path
            The folder.
        target_size : tuple of int (height, width), default (256, 256)
            Size to which every image is scaled.
        color_mode, interpolation : str
            As for `load_img`.
        classes : sequence of str, optional
            Names of the inner folders in the order of the class numbers; alphabetical by default.
        class_mode : {"categorical", "binary", "sparse", "input", None}, default "categorical"
            Targets: one-hot rows, numbers of classes ("binary" and "sparse"), the images themselves, or none.
        batch_size, shuffle, seed, subset
            As for `flow`.

        Raises
        ------
        ValueError
            If there are no images.
        """
        check_value("class_mode", class_mode, choice("categorical", "binary", "sparse", "input", None))
        folder = Path(directory)
        names = list(classes or names_of_classes(folder))
        found = [
            (file, number) for number, name in enumerate(names) for file in self._part(images_in(folder / name), subset)
        ]
        if not found:
            raise no_images(folder)

        def read(index: int) -> Array:
            return img_to_array(load_img(found[index][0], color_mode, target_size, interpolation))

        numbers = np.array([number for _, number in found])
        targets: Array | None = None
        if class_mode == "categorical":
            targets = np.eye(len(names), dtype=np.float32)[numbers]
        elif class_mode == "input":
            targets = np.stack([self.standardize(read(one)) for one in range(len(found))])
        elif class_mode is not None:
            targets = numbers.astype(np.float32)
        batches = ImageBatches(self, read, targets, batch_size, shuffle, seed, range(len(found)))
        batches.classes, batches.class_indices = numbers, {name: number for number, name in enumerate(names)}
        batches.filenames = [str(file.relative_to(folder)) for file, _ in found]
        return batches

    def _part(self, numbers: list[Any], subset: str | None) -> list[Any]:
        """Return the part of the images that a subset is; all of them for None."""
        check_value("subset", subset, choice("training", "validation", None))
        first = int(len(numbers) * self.validation_split)
        return {None: numbers, "validation": numbers[:first], "training": numbers[first:]}[subset]

    def prepared(self, image: Array, rng: RandomGenerator) -> Array:
        """Return an image, changed at random and standardized."""
        return self.standardize(self.random_transform(np.asarray(image, self.dtype), rng))

    def random_transform(self, x: Array, seed: Any = None) -> Array:
        """Return an image of shape (height, width, channels), changed at random by a seed or a generator."""
        rng = np.random.default_rng(seed)
        x = self._moved(x, rng)
        if self.channel_shift_range:
            shift = rng.uniform(-self.channel_shift_range, self.channel_shift_range)
            x = np.clip(x + np.asarray(shift, x.dtype), x.min(), x.max())
        if self.horizontal_flip and rng.random() < 0.5:
            x = x[:, ::-1]
        if self.vertical_flip and rng.random() < 0.5:
            x = x[::-1]
        if self.brightness_range is not None:
            x = np.clip(x * np.asarray(rng.uniform(*self.brightness_range), x.dtype), 0, 255)
        return x

    def _moved(self, x: Array, rng: RandomGenerator) -> Array:
        """Return an image that is turned, moved, sheared and scaled about its middle at random."""
        angle, shear = np.deg2rad([rng.uniform(-r, r) if r else 0.0 for r in (self.rotation_range, self.shear_range)])
        down, right = (
            rng.uniform(-r, r) * (size if r < 1 else 1) if r else 0.0
            for r, size in ((self.height_shift_range, x.shape[0]), (self.width_shift_range, x.shape[1]))
        )
        least, most = self.zoom_range
        zooms = np.ones(2) if least == most == 1 else rng.uniform(least, most, 2)
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        matrix = turned @ np.array([[np.cos(shear), 0], [-np.sin(shear), 1]]) @ np.diag(zooms)
        moved = np.column_stack([matrix, turned @ [down, right]])
        if np.array_equal(moved, np.eye(2, 3)):
            return x
        layer = _Moved(moved, fill_mode=self.fill_mode, fill_value=self.cval, dtype="float32")
        return layer.forward(np.asarray(x, np.float32)[np.newaxis], True)[0][0].astype(x.dtype)

    def standardize(self, x: Array) -> Array:
        """Return an image after `preprocessing_function`, `rescale` and the normalizations."""
        if self.preprocessing_function is not None:
            x = np.asarray(self.preprocessing_function(x))
        if self.rescale is not None:
            x = x * np.asarray(self.rescale, self.dtype)
        if self.samplewise_center:
            x = x - x.mean()
        if self.samplewise_std_normalization:
            x = x / (x.std() + _EPSILON)
        if (self.featurewise_center or self.featurewise_std_normalization) and self.mean is None:
            raise ValueError("ImageDataGenerator: normalizations of features need fit(images) first")
        if self.featurewise_center:
            x = x - self.mean
        if self.featurewise_std_normalization:
            x = x / (np.asarray(self.std) + _EPSILON)
        return x.astype(self.dtype, copy=False)
