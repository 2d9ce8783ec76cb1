"""Arithmetic on arrays under the names of Keras, which also takes symbolic tensors where a layer can express it.

On arrays, every function is NumPy's, with results that have the method `numpy`. On symbolic tensors, elementwise
functions, sums, means and shapes become layers with a backward pass; everything else says that it needs arrays.

>>> import numpy as np
>>> from nnlite import ops
>>> ops.mean(ops.square(np.array([1.0, 3.0]))).numpy().tolist()
5.0
>>> from nnlite.layers import Input
>>> ops.exp(Input((3,))).shape
(None, 3)
"""

from nnlite.ops.elementwise import *  # noqa: F403 - the names of this module, all of them functions
from nnlite.ops.linear import *  # noqa: F403
from nnlite.ops.shapes import *  # noqa: F403
