"""How well detectors find anomalies in real tables: ours and their peers, on the same splits."""
