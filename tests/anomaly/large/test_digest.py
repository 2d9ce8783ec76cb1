"""Digests of tables: the same whatever the order of the parts, and true of all rows."""

import itertools
import warnings

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.errors import DataError, FileFormWarning, RowOrderWarning
from anomaly.large.digest import Digest
from anomaly.large.summaries import ColumnSummary
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables import Table, as_table, concatenate

ROWS = 3000


def part_of(number, rows=ROWS):
    rng = np.random.default_rng(number)
    return as_table(
        {
            "load": rng.normal(size=rows),
            "bytes": np.exp(2 * rng.normal(size=rows)),
            "color": rng.choice(["red", "green", "blue"], rows).astype(object),
            "doors": rng.integers(2, 5, rows).astype(np.float64),
        }
    )


PARTS = [part_of(number) for number in range(3)]


def digest_of(parts, most_rows=1000, chunk=ROWS):
    digest = Digest(seed=0, most_rows=most_rows)
    for number, part in parts:
        for start in range(0, len(part), chunk):
            digest.add(part.rows(slice(start, start + chunk)), number, start)
    return digest


def cells(table):
    return [column.tolist() for column in table.columns]


def test_digests_merge_in_any_order():
    whole = digest_of(enumerate(PARTS)).finish()
    for order in itertools.permutations(range(3)):
        merged = Digest(seed=0, most_rows=1000)
        for number in order:
            one = digest_of([(number, PARTS[number])])
            one.shrink()
            merged.merge(one)
        found = merged.finish()
        assert cells(found.sample) == cells(whole.sample)
        assert cells(found.witnesses) == cells(whole.witnesses)
        assert cells(found.blocks) == cells(whole.blocks)
        assert found.population == whole.population


def test_the_sample_does_not_depend_on_how_rows_arrive():
    whole, chunked = (digest_of(enumerate(PARTS), chunk=chunk).finish() for chunk in (ROWS, 700))
    assert cells(whole.sample) == cells(chunked.sample)


def test_every_row_is_as_likely_as_any_other():
    rows = as_table({"a": np.arange(200.0), "b": np.zeros(200)})
    met = np.zeros(200)
    for seed in range(300):
        digest = Digest(seed=seed, most_rows=20)
        digest.add(rows, 0, 0)
        met[digest.finish().sample["a"].astype(int)] += 1
    # Binomial with mean 30 and standard deviation 5.2.
    assert met.min() > 10
    assert met.max() < 55
    assert met.std() == pytest.approx(np.sqrt(30 * 0.9), rel=0.2)


def test_quantiles_are_within_the_stated_error():
    values = np.random.default_rng(0).normal(size=100_000)
    digest = Digest(seed=0, most_rows=5000)
    digest.add(as_table({"a": values, "b": values}), 0, 0)
    sample = np.sort(digest.finish().sample["a"])
    ranks = np.searchsorted(np.sort(values), sample) / len(values)
    assert np.abs(ranks - np.arange(5000) / 5000).max() < np.sqrt(np.log(2 / 0.01) / (2 * 5000))


def test_what_a_sample_may_lack_is_noticed():
    odd = {name: np.array(column, copy=True) for name, column in zip(PARTS[0].names, PARTS[0].columns, strict=True)}
    odd["load"][1234], odd["bytes"][17] = np.nan, 1e9
    odd["color"][2001], odd["doors"][5] = "violet 17", 9.0
    parts = [as_table(odd), *PARTS[1:]]
    drawn = digest_of(enumerate(parts), most_rows=50).finish()
    assert drawn.witnesses["bytes"].max() == 1e9
    assert np.isnan(drawn.witnesses["load"]).any()
    assert "violet 17" in drawn.witnesses["color"].tolist()
    assert 9.0 in drawn.witnesses["doors"].tolist()
    assert drawn.population.n_missing == {"load": 1, "bytes": 0, "color": 0, "doors": 0}
    assert drawn.population.counts["color"]["violet 17"] == 1
    assert drawn.population.counts["color"].total() == 3 * ROWS
    assert len(drawn.witnesses) < 50 + 4 * 48


def test_columns_of_different_kinds_in_different_parts():
    first = as_table({"a": [1.0, 2.0], "b": [None, None], "c": [True, False]})
    second = as_table({"a": [3.0, np.nan], "b": ["x", "y"], "c": [1.0, np.nan]})
    digest = Digest(seed=0)
    digest.add(first, 0, 0)
    digest.add(second, 1, 0)
    assert not digest.mixed
    sample = digest.finish().sample
    assert sample["b"].tolist() == [None, None, "x", "y"]
    assert sample["c"].tolist()[:3] == [1.0, 0.0, 1.0]
    digest.add(as_table({"a": ["z"], "b": ["x"], "c": [1.0]}), 2, 0)
    assert digest.mixed == {"a"}


def test_parts_with_other_columns_are_refused():
    one, other = Digest(), Digest()
    one.add(as_table({"a": [1.0], "b": [2.0]}), 0, 0)
    other.add(as_table({"a": [1.0], "c": [2.0]}), 1, 0)
    with pytest.raises(DataError, match="different columns: 'b', 'c'"):
        one.merge(other)
    with pytest.raises(DataError, match="found 0 sample"):
        Digest().finish()


def fitted(drawn, **settings):
    return TableDetector(hidden=(8,), epochs=1, neighbors=1, random_state=0, **settings).fit_sample(drawn)


def test_a_sample_of_all_rows_is_fitted_as_the_table():
    drawn = digest_of(enumerate(PARTS), most_rows=3 * ROWS).finish()
    assert drawn.is_complete
    one, other = fitted(drawn), TableDetector(hidden=(8,), epochs=1, neighbors=1, random_state=0)
    other.fit(concatenate(PARTS))
    assert one.threshold_ == other.threshold_
    assert (one.decision_scores_ == other.decision_scores_).all()


def test_columns_are_understood_by_all_rows():
    odd = {name: np.array(column, copy=True) for name, column in zip(PARTS[0].names, PARTS[0].columns, strict=True)}
    odd["color"][[7, 8]] = "violet"
    odd["load"][:900] = np.nan
    parts = [as_table(odd), *PARTS[1:]]
    detector = fitted(digest_of(enumerate(parts), most_rows=300).finish())
    whole = TableDetector(hidden=(8,), epochs=1, neighbors=1, random_state=0).fit(concatenate(parts))
    assert detector.records_seen_ == 3 * ROWS
    assert detector.preprocessor_.kinds_ == whole.preprocessor_.kinds_
    assert detector.preprocessor_.feature_names_out_ == whole.preprocessor_.feature_names_out_
    assert "color=violet" in detector.preprocessor_.feature_names_out_
    assert detector.preprocessor_.missing_fraction_ == pytest.approx(whole.preprocessor_.missing_fraction_)
    medians = zip(detector.preprocessor_._fitted.medians, whole.preprocessor_._fitted.medians, strict=True)
    assert all(abs(a - b) < 0.2 * (1 + abs(b)) for a, b in medians)


def test_numbers_of_records_are_noticed_in_a_sample():
    rows = np.random.default_rng(1).permutation(3 * ROWS).astype(np.float64)
    parts = [Table((*p.names, "id"), (*p.columns, rows[i * ROWS : (i + 1) * ROWS])) for i, p in enumerate(PARTS)]
    with pytest.warns(UserWarning, match="'id', since it numbers the records"):
        detector = fitted(digest_of(enumerate(parts), most_rows=300).finish())
    assert detector.preprocessor_.kinds_["id"] == "ignored"


def test_rows_in_the_order_of_time_are_noticed_by_blocks():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(20_000, 2)), axis=0) % 100
    digest = Digest(seed=0, most_rows=500)
    for number, start in enumerate(range(0, len(walk), 5000)):
        digest.add(as_table(np.abs(walk[start : start + 5000] - 50)), number, 0)
    with pytest.warns(RowOrderWarning):
        assert fitted(digest.finish()).dependence_ == "time"


def test_an_infinite_number_is_found_and_named():
    odd = np.random.default_rng(0).normal(size=(5000, 2))
    odd[4321, 1] = np.inf
    digest = Digest(seed=0, most_rows=100)
    digest.add(as_table(odd), 0, 0)
    with pytest.raises(DataError, match=r"row 4322, column .*found inf"):
        fitted(digest.finish())


@pytest.mark.parametrize("kind", ["sum", "mean"])
def test_a_last_row_of_sums_or_means_of_all_parts_is_warned_of(kind):
    numbers = np.random.default_rng(0).normal(20, 2, (9000, 3)).round(4)
    for last, is_total in ((getattr(numbers, kind)(axis=0).round(4), True), (numbers[-1], False)):
        table = as_table(dict(zip("abc", np.vstack([numbers, last]).T, strict=True)))
        parts = [(1, table.rows(slice(4000, None))), (0, table.rows(slice(4000)))]
        preprocessor = TablePreprocessor("core", missing="nan")
        drawn = digest_of(parts).finish()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            preprocessor.fit_sample(drawn.witnesses, drawn.population)
        assert [one.category for one in caught] == [FileFormWarning] * is_total
        assert all(f"row 9,001, the last row, holds the {kind}s of" in str(one.message) for one in caught)


def test_a_last_number_whose_square_is_infinite_has_an_end():
    summary = ColumnSummary()
    summary.add(np.array([1.0, 1e308]))
    end = summary.end
    assert (end.last, end.n) == (1e308, 1)
    assert not np.isfinite(end.squares)
