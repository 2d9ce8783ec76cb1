"""Which files are of Keras: by their contents where they are read, by their names where they are written."""

from __future__ import annotations

import os
import warnings
from importlib.util import find_spec

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK"
WEIGHTS = "model.weights.h5"


def file_kind(path: str | os.PathLike[str]) -> str | None:
    """Return the kind of a file by its contents, never by its name.

    Returns
    -------
    {"keras", "hdf5"} or None
        ``"keras"``: a zip file with the members of a ``.keras`` file; ``"hdf5"``: weights or a whole model in HDF5;
        None: anything else, such as a file of nnlite or one that does not exist.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(len(_HDF5))
    except OSError:
        return None
    if start == _HDF5:
        return "hdf5"
    return "keras" if start.startswith(_ZIP) and _has_weights_of_keras(path) else None


def _has_weights_of_keras(path: str | os.PathLike[str]) -> bool:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return WEIGHTS in archive.namelist()
    # The zip module raises many types of exceptions for malformed files; the reader of archives names them.
    except Exception:
        return False


def named_for_keras(path: str | os.PathLike[str], ending: str) -> bool:
    """Return whether a file shall be written for Keras: its name ends so, and h5py is installed.

    Parameters
    ----------
    path : str or path
        Name of the file.
    ending : str
        ``".keras"`` or ``".weights.h5"``.

    Warns
    -----
    UserWarning
        If the name ends so and h5py is missing: then the file has nnlite's own format, which Keras cannot read.
    """
    if not os.fspath(path).endswith(ending):
        return False
    if find_spec("h5py") is not None:
        return True
    warnings.warn(
        f"{os.fspath(path)!r} is written in nnlite's own format, which nnlite.load_model reads and Keras does not: "
        "files of Keras need h5py. Install the extra keras-files (pip install nnlite-anomaly[keras-files])",
        stacklevel=4,
    )
    return False
