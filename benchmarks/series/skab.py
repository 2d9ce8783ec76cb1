"""The Skoltech Anomaly Benchmark: a water-circulation testbed, eight sensors, one experiment a file.

Protocol: for each file fit everything on its first 400 rows, and predict a label for every later one; F1, the rate of
false alarms and that of missed alarms come from the counts of all files together. One setting serves all files.

Published for all 34 files: Conv-AE F1 0.78 (false alarms 13.6 %, missed 28.0 %), MSET 0.78, T-squared with Q 0.76,
LSTM-AE 0.74, isolation forest 0.29.

The setting is the detector's own but for one parameter. `benchmarks.series.choice` chose that without a label, by
faults put into the file without anomalies and into the rows for training. F1 is 0.80 on eleven of the 34 files (0.803
to 0.804 with three seeds; false alarms 13 %, missed 25 %), and 0.79 to 0.80 by the detector as it comes.

How far that is a choice without labels: labels of the eleven files were looked at for a dozen settings. When the study
chose this one, correlations of errors were drawn further towards 0 where few values tell them, and F1 was 0.73. Labels,
and the argument that the threshold allows for few values already, had that undone; so the rule was chosen with labels,
though the setting was not. What the study chooses since, `{"window": 10, "smoothing": 5}`, has 0.72: its faults are not
quite those of the testbed. A setting found by comparing figures on the labels, windows of 10 steps, a noise of 1 and a
margin of 1, has 0.84. The files that were not there then are the test.

References
----------
Katser & Kozitsin, "Skoltech Anomaly Benchmark (SKAB)", 2020.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from anomaly import SequenceDetector
from anomaly.csvfiles import read_csv
from nnlite.types import Array

TRAINING_ROWS = 400
LABELS = ["anomaly", "changepoint"]
NO_SENSORS = ["datetime", *LABELS]

# Chosen by `benchmarks.series.choice`, without a label. So much noise keeps the network from copying what it is shown.
SETTING = {"noise": 5.0}


def labels_of(path: Path, seed: int) -> tuple[Array, Array]:
    """Return true and predicted labels of the rows of a file behind its first 400."""
    table = read_csv(path)
    truth = np.array([float(cell) for cell in table["anomaly"]]) > 0
    detector = SequenceDetector(**SETTING, time="datetime", ignore=LABELS, random_state=seed)  # type: ignore[arg-type]
    detector.fit(table.rows(slice(0, TRAINING_ROWS)))
    return truth[TRAINING_ROWS:], detector.predict(table)[TRAINING_ROWS:].astype(np.bool_)


def experiments(folder: Path) -> list[Path]:
    """Return the files of the experiments, in order: all but that without anomalies, which has no labels."""
    return sorted(path for path in folder.glob("*/*.csv") if path.stem != "anomaly-free")


def counts(truth: Array, found: Array) -> Array:
    """Return true and false alarms, missed alarms, and rightly quiet rows."""
    return np.array([(truth & found).sum(), (~truth & found).sum(), (truth & ~found).sum(), (~truth & ~found).sum()])


def line(name: str, of: Array) -> str:
    """Lay out one file's figures, or those of all files."""
    hits, false, missed, quiet = of.tolist()
    f1 = 2 * hits / max(1, 2 * hits + false + missed)
    rates = false / max(1, false + quiet), missed / max(1, missed + hits)
    return f"{name:24} {f1:6.3f} {rates[0]:13.1%} {rates[1]:14.1%}"


def report(folder: Path, seed: int = 0) -> str:
    """Run the protocol on all files and lay out what came of it."""
    started = time.perf_counter()
    total, lines = (
        np.zeros(4, np.int64),
        [f"{'SKAB, seed ' + str(seed):24} {'F1':>6} {'false alarms':>13} {'missed alarms':>14}"],
    )
    for path in experiments(folder):
        here = counts(*labels_of(path, seed))
        total += here
        lines.append(line(f"{path.parent.name}/{path.name}", here))
    seconds = time.perf_counter() - started
    return "\n".join([*lines, line("all files pooled", total), f"{seconds:.0f} s", ""])
