"""Detection of anomalies in real tables by our detectors and their peers, on the same splits."""
