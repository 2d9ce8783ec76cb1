"""Values that `make_keras_reference` wrote."""

import json
from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("keras_reference.npz")


@cache
def _contents():
    with np.load(FILE, allow_pickle=False) as file:
        return file["values"], json.loads(str(file["index"])), json.loads(str(file["facts"]))


def value(key):
    """Return the array under a key."""
    values, index, _ = _contents()
    start, shape = index[key]
    return values[start : start + int(np.prod(shape))].reshape(shape)


def several(key):
    """Return the numbered arrays under a key, in order."""
    _, index, _ = _contents()
    count = sum(name.rpartition("/")[0] == key for name in index)
    return [value(f"{key}/{number}") for number in range(count)]


def by_name(key):
    """Return the arrays under a key by the last part of their own keys."""
    _, index, _ = _contents()
    return {name.rpartition("/")[2]: value(name) for name in index if name.rpartition("/")[0] == key}


def facts():
    """Return versions, signatures and texts."""
    return _contents()[2]
