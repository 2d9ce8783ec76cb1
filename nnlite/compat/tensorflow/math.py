"""`tf.math`."""

from nnlite.compat.tensorflow.arrays import *  # noqa: F403
from nnlite.ops import isnan as is_nan  # noqa: F401
from nnlite.ops import log, log1p, softplus  # noqa: F401
from nnlite.ops import std as reduce_std  # noqa: F401
from nnlite.ops import var as reduce_variance  # noqa: F401
