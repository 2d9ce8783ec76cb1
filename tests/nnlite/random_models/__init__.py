"""Random models and the properties that hold for each of them.

A `Case` is drawn from a seed: a graph of layers, data, and a training, all as plain values, so that a case can be
printed, built several times over and made smaller. `checks` says what must hold; `shrinking` makes a failing case as
small as it goes. ``tests/nnlite/test_random_models.py`` runs fifty cases, ``python -m benchmarks fuzz`` thousands.
"""
