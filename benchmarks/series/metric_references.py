"""Metrics of TSB-AD and aeon on fixed series, the expected values of the tests of `anomaly.metrics`.

``python -m benchmarks.series.metric_references`` prints them, in an environment that has TSB-AD 1.5 and aeon 1.6.0.
`CASES` need NumPy alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from nnlite.types import Array


class Case(NamedTuple):
    """A labelled series with scores, and the largest buffer to compute volumes for."""

    truth: Array
    scores: Array
    largest_buffer: int

    @property
    def flags(self) -> Array:
        """Flags of the tenth of the steps with the highest scores, and of ties."""
        return (self.scores >= np.sort(self.scores)[-len(self.scores) // 10]).astype(np.int64)


def _case(n: int, events: Iterable[tuple[int, int]], early: int, levels: int, largest_buffer: int) -> Case:
    """Return a series whose scores rise some steps before each event, rounded to a number of levels."""
    truth = np.zeros(n, np.int64)
    for start, end in events:
        truth[start:end] = 1
    steps = np.arange(n)
    # Whole numbers, so that they are the same with any version of NumPy.
    noise = steps * 7919 % 997
    return Case(truth, np.floor((noise + 500 * np.roll(truth, -early)) * levels / 1500), largest_buffer)


CASES = {
    "three events, one of a single step": _case(400, [(60, 90), (200, 201), (330, 360)], 4, 1500, 30),
    "events at both ends, buffers that meet": _case(300, [(0, 3), (50, 60), (64, 70), (71, 75), (297, 300)], 1, 12, 21),
    "fewer steps than thresholds, two levels": _case(120, [(40, 55), (100, 104)], 2, 2, 7),
    "long buffers, many events": _case(900, [(k, k + 7) for k in range(30, 880, 70)], 9, 1500, 61),
    "no buffer": _case(200, [(20, 30), (90, 99)], 0, 1500, 0),
}


def tsb_ad(case: Case) -> dict[str, float]:
    """Return the volumes and metrics of flags by TSB-AD."""
    from TSB_AD.evaluation.basic_metrics import basic_metricor, generate_curve

    *_, roc, pr = generate_curve(case.truth, case.scores, case.largest_buffer)
    grader = basic_metricor()
    return {
        "vus_roc": float(roc),
        "vus_pr": float(pr),
        "range_f1": float(grader.metric_RF1(case.truth, case.scores, case.flags)),
        "composite_f1": float(grader.metric_EventF1PA(case.truth, case.scores, case.flags)),
        "affiliation_f1": float(grader.metric_Affiliation(case.truth, case.scores, case.flags)),
    }


def aeon(case: Case) -> dict[str, float]:
    """Return the volumes by aeon."""
    from aeon.benchmarking.metrics.anomaly_detection import range_pr_vus_score, range_roc_vus_score

    return {
        "vus_roc": float(range_roc_vus_score(case.truth, case.scores, case.largest_buffer)),
        "vus_pr": float(range_pr_vus_score(case.truth, case.scores, case.largest_buffer)),
    }


def main() -> int:
    """Print the metrics of all cases as JSON."""
    versions = {package: version(package) for package in ("TSB_AD", "aeon", "numpy")}
    references = {name: {"tsb-ad": tsb_ad(case), "aeon": aeon(case)} for name, case in CASES.items()}
    print(json.dumps({"versions": versions, "references": references}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
