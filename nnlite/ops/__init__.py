"""Arithmetic on arrays under the names of Keras, which also takes symbolic tensors where a layer can express it.

On arrays, every function is NumPy's, with results that have the method `numpy`. On symbolic tensors, elementwise
functions, sums, means, products and shapes become layers with a backward pass; everything else says that it needs
arrays. In a method ``call`` that is traced, weights are such tensors.

>>> import numpy as np
>>> from nnlite import ops
>>> ops.mean(ops.square(np.array([1.0, 3.0]))).numpy().tolist()
5.0
>>> from nnlite.layers import Input
>>> ops.exp(Input((3,))).shape
(None, 3)
"""

from nnlite.ops import nn  # noqa: F401
from nnlite.ops.dispatch import taking_weights
from nnlite.ops.elementwise import *  # noqa: F403 - the names of this module, all of them functions
from nnlite.ops.linear import *  # noqa: F403
from nnlite.ops.shapes import *  # noqa: F403

for _name, _function in list(globals().items()):
    if callable(_function) and str(getattr(_function, "__module__", "")).startswith("nnlite.ops."):
        globals()[_name] = taking_weights(_function)
