"""Keras's own unit tests, run on nnlite."""
