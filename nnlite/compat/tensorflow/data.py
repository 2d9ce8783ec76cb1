"""`tf.data`."""

from nnlite.preprocessing.dataset import Dataset  # noqa: F401

AUTOTUNE = -1


class experimental:
    """`tf.data.experimental`."""

    AUTOTUNE = AUTOTUNE
