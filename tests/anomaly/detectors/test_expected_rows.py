"""Expected values of rows that arrive in chunks: those of the whole series."""

import numpy as np
import pytest

from anomaly import GroupedDetector, SequenceDetector
from anomaly.detectors.expected_rows import ExpectedRows
from anomaly.tables import as_table


def wave(n, seed=0):
    rng, t = np.random.default_rng(seed), np.arange(n)
    found = {
        "a": np.sin(t / 5) + 0.1 * rng.normal(size=n),
        "b": np.cos(t / 5) + 0.1 * rng.normal(size=n),
        "mode": np.where(t // 40 % 2 == 0, "on", "off").astype(object),
    }
    return as_table(found)


def by_chunks(rows, table, lengths):
    """Push a table in chunks, and take rows some time after they came."""
    found, start, taken = [], 0, 0
    for length in lengths:
        rows.push(table.rows(slice(start, start + length)))
        start += length
        n = max(start - 200 - taken, 0)
        if n:
            found.append(rows.take(n))
            taken += n
    found.append(rows.take(len(table) - taken))
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


@pytest.mark.parametrize("lengths", [[600], [1] * 600, [7, 300, 1, 292]], ids=["at once", "one by one", "chunks"])
@pytest.mark.parametrize("settings", [{}, {"causal": True}, {"network": "dense", "epochs": 1}], ids=str)
def test_they_are_those_of_the_whole_series(settings, lengths):
    if settings.get("network") and len(lengths) == 600:
        lengths = [20] * 30
    detector = SequenceDetector(random_state=0, **settings).fit(wave(1200))
    table = wave(600, seed=1)
    expected, found = detector.reconstruct(table), by_chunks(detector.expected_rows(), table, lengths)
    for name, column in zip(detector.feature_names_in_, found, strict=True):
        if expected[name].dtype.kind == "f":
            np.testing.assert_allclose(column.astype(float), expected[name], rtol=1e-4, atol=1e-4)
        else:
            assert column.tolist() == expected[name].tolist()


def test_each_group_has_those_of_its_own_series():
    first, second = wave(1200), wave(1200, seed=1)
    names = np.array(["A", "B"] * 1200, dtype=object)
    columns = {name: np.stack([first[name], second[name]], axis=1).ravel() for name in first.names}
    columns["a"][1::2] += 5
    both = as_table({"machine": names, **columns})
    detector = GroupedDetector(SequenceDetector(random_state=0)).fit(both)
    a, b, mode = by_chunks(detector.expected_rows(), both, [11] * 218 + [2])
    for k, machine in enumerate("AB"):
        own = both.rows(names == machine).drop(["machine"])
        expected = detector.detectors_[machine].reconstruct(own)
        np.testing.assert_allclose(a[k::2].astype(float), expected["a"], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(b[k::2].astype(float), expected["b"], rtol=1e-4, atol=1e-4)
        assert mode[k::2].tolist() == expected["mode"].tolist()


def test_nothing_is_expected_of_a_group_without_a_detector():
    table = as_table({"machine": ["A", "A", "new"], "a": [1.0, 2.0, 3.0]})
    known = {"A": lambda own: own}
    rows = ExpectedRows(known.get, 5, ["a"], "machine")
    rows.push(table)
    assert rows.take(3)[0].tolist() == [1.0, 2.0, None]


def test_rows_far_behind_are_forgotten():
    lengths = []

    def note(table):
        lengths.append(len(table))
        return table

    rows = ExpectedRows(lambda _: note, 3, ["a"])
    for k in range(100):
        rows.push(as_table({"a": [float(k)]}))
        assert rows.take(1)[0].tolist() == [float(k)]
    assert max(lengths) == 4
