"""Images as arrays, from files and folders. Files are read by Pillow, on which Matplotlib depends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.preprocessing.dataset import Dataset
from nnlite.types import Array
from nnlite.validation import check_value, choice

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png"}


def load_img(
    path: Any, color_mode: str = "rgb", target_size: tuple[int, int] | None = None, interpolation: str = "nearest"
) -> Any:
    """Return the image in a file as an image of Pillow.

    Parameters
    ----------
    path : str or path
        Name of the file.
    color_mode : {"rgb", "rgba", "grayscale"}, default "rgb"
        Channels.
    target_size : tuple of int (height, width), optional
        Size to which the image is scaled.
    interpolation : {"nearest", "bilinear", "bicubic"}, default "nearest"
        How it is scaled.
    """
    from PIL import Image

    check_value("color_mode", color_mode, choice(*_MODES))
    check_value("interpolation", interpolation, choice("nearest", "bilinear", "bicubic"))
    image = Image.open(path).convert(_MODES[color_mode])
    if target_size is None:
        return image
    return image.resize((target_size[1], target_size[0]), getattr(Image.Resampling, interpolation.upper()))


def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> Array:
    """Return an image as an array of shape (height, width, channels).

    Examples
    --------
    >>> import numpy as np
    >>> img_to_array(np.zeros((4, 5))).shape
    (4, 5, 1)
    """
    check_value("data_format", data_format, choice(None, "channels_last"))
    array = np.asarray(img, dtype or "float32")
    return array[..., np.newaxis] if array.ndim == 2 else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None) -> Any:
    """Return an array of shape (height, width, channels) as an image of Pillow, scaled to 0 to 255 by default."""
    from PIL import Image

    check_value("data_format", data_format, choice(None, "channels_last"))
    array = np.asarray(x, dtype or "float32")
    if scale:
        array = array - array.min()
        array = array / (array.max() or 1) * 255
    pixels = array.astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def save_img(path: Any, x: Any, data_format: str | None = None, scale: bool = True) -> None:
    """Write an array of shape (height, width, channels) to an image file."""
    array_to_img(x, data_format, scale).save(path)


def names_of_classes(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, each of which holds the images of one class, from a to z."""
    return sorted(one.name for one in folder.iterdir() if one.is_dir())


def images_in(folder: Path) -> list[Path]:
    """Return the image files in a folder and the folders inside it, from a to z."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)


def no_images(folder: Path) -> ValueError:
    """Return the error of a folder without images."""
    return ValueError(f"{str(folder)!r} holds no images, files that end in {', '.join(sorted(_SUFFIXES))}")


def image_dataset_from_directory(
    directory: Any,
    labels: str | None = "inferred",
    label_mode: str | None = "int",
    class_names: list[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
) -> Dataset:
    """Return the images in a folder, in which each class has a folder of its own, in batches.

    Parameters
    ----------
    directory : str or path
        The folder.
    labels : {"inferred", None}, default "inferred"
        Labels by the names of the inner folders; None: images without labels.
    label_mode : {"int", "categorical", "binary", None}, default "int"
        Class numbers, one-hot rows, numbers 0.0 and 1.0, or none.
    class_names : list of str, optional
        Names of the inner folders in the order of the class numbers; alphabetical by default.
    color_mode, interpolation : str
        As for `load_img`.
    batch_size : int, optional, default 32
        Images in a batch; None: single images.
    image_size : tuple of int (height, width), default (256, 256)
        Size to which every image is scaled.
    shuffle : bool, default True
        Whether the files come in a random order, another one in each iteration.
    seed : int, optional
        Seed of the order.
    validation_split : float, optional
        Fraction of the files for validation.
    subset : {"training", "validation"}, optional
        The part to return, if `validation_split` is given.
    """
    check_value("labels", labels, choice("inferred", None))
    check_value("label_mode", label_mode, choice("int", "categorical", "binary", None))
    check_value("subset", subset, choice("training", "validation", None))
    folder = Path(directory)
    names = class_names or names_of_classes(folder)
    with_labels = labels is not None and label_mode is not None
    places = [(folder / name, number) for number, name in enumerate(names)] if labels is not None else [(folder, 0)]
    files = [(file, number) for place, number in places for file in images_in(place)]
    if not files:
        raise no_images(folder)
    if validation_split and subset:
        order = np.random.default_rng(seed).permutation(len(files)) if shuffle else np.arange(len(files))
        first = len(files) - int(validation_split * len(files))
        files = [files[i] for i in (order[:first] if subset == "training" else order[first:])]

    def read(index: Any) -> Any:
        file, number = files[int(index)]
        image = as_tensor(img_to_array(load_img(file, color_mode, image_size, interpolation)))
        label: Any = number
        if label_mode == "categorical":
            label = np.eye(len(names), dtype=np.float32)[number]
        elif label_mode == "binary":
            label = np.array([number], np.float32)
        return (image, label) if with_labels else image

    numbers = Dataset.from_tensor_slices(np.arange(len(files)))
    images = (numbers.shuffle(len(files), seed) if shuffle else numbers).map(read)
    return images if batch_size is None else images.batch(batch_size)
