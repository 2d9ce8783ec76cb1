"""Images: from files and folders, and with random changes, under the names of Keras."""

from nnlite.preprocessing.image_files import (
    array_to_img,
    image_dataset_from_directory,
    img_to_array,
    load_img,
    save_img,
)
from nnlite.preprocessing.image_generator import ImageDataGenerator

__all__ = [
    "ImageDataGenerator",
    "array_to_img",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "save_img",
]
