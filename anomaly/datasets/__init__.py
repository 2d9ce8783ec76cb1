"""Synthetic records with known anomalies, for learning, testing and comparison.

Four generators: payments by card, network connections, sensors on a machine, and points near a curved surface. Each has
a seed: equal arguments give equal records, bit for bit. In each, some anomalies are extreme in one column, and others
only in the dependence between columns, so that no threshold on a single column detects them all.
"""

from anomaly.datasets.connections import make_connections
from anomaly.datasets.correlated import make_correlated
from anomaly.datasets.dataset import Dataset
from anomaly.datasets.sensors import make_sensors
from anomaly.datasets.transactions import make_transactions

__all__ = ["Dataset", "make_connections", "make_correlated", "make_sensors", "make_transactions"]
