"""Weights of dense layers as whole numbers of 8 bits, a quarter of the flash."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

_LARGEST = 127

DENSE_INT8 = """static void @(int rows, int n, int m, const float *x, const signed char *w, const float *scales,
    const float *b, float *y) {
  for (int r = 0; r < rows; r++, x += n) {
    const signed char *v = w;
    for (int j = 0; j < m; j++, v += n) {
      float sum = 0.0f;
      for (int i = 0; i < n; i++) sum += x[i] * (float)v[i];
      *y++ = scales[j] * sum + (b ? b[j] : 0.0f);
    }
  }
}"""
"""One row of whole numbers for each output; what a layer takes and gives is float32."""


def quantized(kernel: Array) -> tuple[Array, Array]:
    """Return the weights of a dense layer as whole numbers, and the scale of each output.

    A weight is its whole number times the scale of its output, to half a scale: the largest weight of each output is
    127 scales.

    Parameters
    ----------
    kernel : ndarray of shape (n_inputs, n_outputs)
        The weights.

    Returns
    -------
    whole : ndarray of int8 of shape (n_inputs, n_outputs)
        From -127 to 127.
    scales : ndarray of float32 of shape (n_outputs,)
        1 where all weights of an output are 0.

    Examples
    --------
    >>> whole, scales = quantized(np.array([[1.27, 0.0], [-0.5, 0.0]]))
    >>> whole.tolist(), scales.tolist()
    ([[127, 0], [-50, 0]], [0.009999999776482582, 1.0])
    """
    largest = np.abs(kernel).max(axis=0, initial=0.0)
    scales = np.where(largest > 0, largest / _LARGEST, 1).astype(np.float32)
    return np.rint(kernel / scales).clip(-_LARGEST, _LARGEST).astype(np.int8), scales
