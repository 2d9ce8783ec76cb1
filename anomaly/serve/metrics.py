"""Counts of a service, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts of requests, records and seconds; for several threads.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.add_request(200, 0.004)
    >>> metrics.add_rows(10, 2)
    >>> text = metrics.text({"anomaly_model_loaded_seconds": 5.0}, "0a1b")
    >>> [line for line in text.splitlines() if "total" in line and line[0] != "#"]
    ['anomaly_requests_total{status="200"} 1', 'anomaly_records_total 10', 'anomaly_flagged_total 2']
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[int] = Counter()
        self._buckets = [0] * len(_BOUNDS)
        self._seconds = 0.0
        self._rows = self._flagged = 0

    def add_request(self, status: int, seconds: float) -> None:
        """Count an answer to a request for scores."""
        with self._lock:
            self._requests[status] += 1
            self._seconds += seconds
            for index, bound in enumerate(_BOUNDS):
                self._buckets[index] += seconds <= bound

    def add_rows(self, rows: int, flagged: int) -> None:
        """Count records, and those above the threshold."""
        with self._lock:
            self._rows += rows
            self._flagged += flagged

    def text(self, gauges: Mapping[str, float], model: str) -> str:
        """Return all counts as text, with further values by name and the digest of the model."""
        with self._lock:
            total = self._requests.total()
            lines = ["# HELP anomaly_requests_total Requests for scores.", "# TYPE anomaly_requests_total counter"]
            lines += [f'anomaly_requests_total{{status="{key}"}} {n}' for key, n in sorted(self._requests.items())]
            lines += _single("anomaly_records_total", "counter", "Records scored.", self._rows)
            lines += _single("anomaly_flagged_total", "counter", "Records above the threshold.", self._flagged)
            lines += [
                "# HELP anomaly_request_seconds Time of a request for scores, from its first byte to its answer.",
                "# TYPE anomaly_request_seconds histogram",
                *(
                    f'anomaly_request_seconds_bucket{{le="{bound:g}"}} {count}'
                    for bound, count in zip(_BOUNDS, self._buckets, strict=True)
                ),
                f'anomaly_request_seconds_bucket{{le="+Inf"}} {total}',
                f"anomaly_request_seconds_sum {self._seconds:.6f}",
                f"anomaly_request_seconds_count {total}",
            ]
        for name, value in gauges.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value:.17g}"]
        lines += ["# TYPE anomaly_model_info gauge", f'anomaly_model_info{{sha256="{model}"}} 1']
        return "\n".join(lines) + "\n"


def _single(name: str, kind: str, text: str, value: int) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {value}"]
