"""Reports for tests: made up, hostile and large."""

from dataclasses import replace

import numpy as np

from anomaly.report.content import Alarm, AnomalyGroup, Reason, RecordsSection, Report, SeriesSection, UnusualRecord
from anomaly.report.reasons import cell_text, reason_text

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>&\"'</script>\u2028"


def record_report(n=200, n_listed=120, n_columns=3, text="shop", labels=True, title="Payments"):
    """Return a report on records with scores from 0.1 up, of which a tenth is flagged."""
    rng = np.random.default_rng(0)
    scores = np.exp(rng.normal(0.0, 1.0, n))
    threshold = float(np.quantile(scores, 0.9))
    order = np.argsort(-scores, kind="stable")[:n_listed]
    names = ["amount", *(f"{text} {k}" for k in range(1, n_columns))]
    rows = []
    for rank, i in enumerate(order):
        cells = [float(1000 * scores[i]), *(f"{text} {rank % 7}" for _ in names[1:])]
        reasons = [
            Reason("amount", 0.7, f"{cells[0]:.4g}", "1000", f"amount is {cells[0]:.4g}, expected about 1000"),
            Reason(names[1], 0.2, str(cells[1]), "", f"{names[1]} is {cells[1]}"),
        ]
        rows.append(
            UnusualRecord(int(i) + 1, f"id-{i}", float(scores[i]), 0.001 * (rank + 1), rank % 2, cells, reasons)
        )
    n_flagged = int((scores > threshold).sum())
    groups = [AnomalyGroup(["amount"], list(range(0, n_flagged, 2))), AnomalyGroup([], list(range(1, n_flagged, 2)))]
    return Report(
        title=title,
        unit="record",
        scores=scores,
        threshold=threshold,
        n_flagged=n_flagged,
        labels=(scores > 1.5 * threshold).astype(np.int64) if labels else None,
        learned=[f"learned from {text}"],
        columns=[f"{name}: {text}" for name in names],
        drift=None,
        drift_note=f"no test for drift: {text}",
        history={"loss": [1.0, 0.5, 0.25], "val_loss": [1.1, 0.7, 0.6]},
        settings={"hidden": text},
        audit={"model": text},
        records=RecordsSection(names, rows, groups),
    )


def long_report(n, n_columns, n_own):
    """Return a report on n records of measurements, whole numbers in the last column, with 5 reasons each.

    The reasons of the first n_own records are their own; the others have those of one of them.
    """
    rng = np.random.default_rng(0)
    scores = -np.sort(-np.exp(rng.normal(size=n)))
    cells = np.column_stack([rng.normal(size=(n, n_columns - 1)), rng.integers(100_000, size=n)])
    names = [f"sensor_{k}" for k in range(n_columns)]
    chosen = np.argsort(rng.random((n, n_columns)), axis=1)[:, :5]
    expected = rng.normal(size=(n, 5))
    rows = []
    for i, own in enumerate(cells.tolist()):
        if i >= n_own:
            rows.append(replace(rows[i % n_own], row=i + 1, key=f"id-{i}", score=float(scores[i]), cells=own))
            continue
        reasons = []
        for k, share, value in zip(chosen[i].tolist(), (0.5, 0.2, 0.1, 0.1, 0.1), expected[i].tolist(), strict=True):
            found, wanted = cell_text(own[k]), cell_text(value)
            reasons.append(Reason(names[k], share, found, wanted, reason_text(names[k], found, wanted)))
        rows.append(UnusualRecord(i + 1, f"id-{i}", float(scores[i]), (i + 1) / (n + 1), None, own, reasons))
    one = record_report(n=10, n_listed=1)
    return replace(one, scores=scores, labels=None, records=RecordsSection(names, rows, []))


def grouped_report(names):
    """Return a report on groups of rows; the first has one alarm, the others two."""
    one = series_report(n=600)
    first = replace(one.series[0], alarms=one.series[0].alarms[:1])
    return replace(one, series=[replace(first if not k else one.series[0], name=name) for k, name in enumerate(names)])


def series_report(n=3000, n_sensors=2, text="sensor", gap=True):
    """Return a report on a series with a gap, a hole and two alarms, the second of a single step."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(n, n_sensors))
    values[100:120, 0] = np.nan
    scores = np.exp(0.2 * rng.normal(size=n))
    flags = np.zeros(n, np.int64)
    flags[n // 2 : n // 2 + 30] = 1
    flags[n - 50] = 1
    steps = np.arange(n) + (5000 if gap else 0) * (np.arange(n) > n // 3)
    times = np.datetime64("2026-01-01", "ms") + steps * np.timedelta64(60_000, "ms")
    names = [f"{text} {k}" for k in range(n_sensors)]
    reasons = [Reason(names[-1], 0.9, "5", "0.1", f"{names[-1]} is 5, expected about 0.1")]
    alarms = [
        Alarm(n // 2, n // 2 + 30, n // 2, 3.5, str(times[n // 2]), str(times[n // 2 + 29]), reasons),
        Alarm(n - 50, n - 49, n - 50, 2.5, str(times[n - 50]), str(times[n - 50]), reasons),
    ]
    section = SeriesSection(names, values, scores, flags, times, alarms, flags)
    return Report("Pumps", "step", scores, 2.0, 31, flags, [], [], None, "none", {}, {}, {}, series=[section])
