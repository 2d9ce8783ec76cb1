"""scikit-learn's search in a tree, as PyOD's KNN makes it."""

from __future__ import annotations

from benchmarks.speed.peers import sklearn_brute


class Peer(sklearn_brute.Peer):
    """NearestNeighbors(algorithm="ball_tree")."""

    algorithm = "ball_tree"
    # Each takes milliseconds.
    most_queries = 500
