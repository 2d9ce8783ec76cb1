"""Data in batches: windows of series, sequences, images, and datasets that compute them when they are needed."""

from nnlite.preprocessing import image, sequence
from nnlite.preprocessing.dataset import Dataset
from nnlite.preprocessing.image import image_dataset_from_directory
from nnlite.preprocessing.py_dataset import PyDataset
from nnlite.preprocessing.sequence import pad_sequences
from nnlite.preprocessing.timeseries import timeseries_dataset_from_array

__all__ = [
    "Dataset",
    "PyDataset",
    "image",
    "image_dataset_from_directory",
    "pad_sequences",
    "sequence",
    "timeseries_dataset_from_array",
]
