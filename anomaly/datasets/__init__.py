"""Made-up records with known anomalies, to learn, test and compare on.

Four generators: payments by card, network connections, sensors on a machine, and points near a
curved surface. Each is seeded: the same arguments give the same records, bit for bit. In each, some
anomalies can be seen in one column and others only in how columns go together, so that no limit on
a single column finds them all.
"""

from anomaly.datasets.connections import make_connections
from anomaly.datasets.correlated import make_correlated
from anomaly.datasets.dataset import Dataset
from anomaly.datasets.sensors import make_sensors
from anomaly.datasets.transactions import make_transactions

__all__ = ["Dataset", "make_connections", "make_correlated", "make_sensors", "make_transactions"]
