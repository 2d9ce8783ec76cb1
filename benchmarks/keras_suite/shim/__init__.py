"""Modules under the names of Keras's own, `keras.src...`, that give the names of nnlite to its tests."""
