"""Training and test records are what each protocol says they are."""

import numpy as np
import pandas as pd
import pytest

from anomaly.datasets import make_sensors
from benchmarks.quality.protocols import MOST_ROWS, PROTOCOLS, cuts, parts, split
from benchmarks.quality.protocols.generated import DISTANCES, USES, WIDTHS, split_group, split_process, split_use
from benchmarks.quality.protocols.missing import FRACTIONS, punched, sample
from benchmarks.quality.protocols.mixed import read_mixed, split_mixed
from tests.benchmarks.quality.made_data import (
    N_ATTACKS,
    N_NORMAL,
    labelled,
    write_connections,
    write_mixed,
    write_tables,
)


def only(name, folder, seed=0):
    """Return the split of the only table of a protocol."""
    ((_, _, cut),) = cuts(parts([name]), folder)
    return cut(seed)


# -- tables of numbers -------------------------------------------------------------------------


def test_one_class_trains_on_half_of_the_normal_rows_and_tests_on_all_others():
    data = split(*labelled(), "one-class", 0)
    assert len(data.train) == 90
    assert len(data.test) == 110
    assert data.labels.sum() == 20
    assert not data.own
    np.testing.assert_allclose(data.train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.train.std(axis=0), 1, atol=1e-5)


def test_unsupervised_trains_and_tests_on_all_rows():
    data = split(*labelled(), "unsupervised", 0)
    np.testing.assert_array_equal(data.train, data.test)
    assert data.labels.sum() == 20
    assert data.own
    assert data.contamination is None


def test_contaminated_is_unsupervised_with_the_contamination_given(tmp_path):
    write_tables(tmp_path, ["made"])
    given, plain = (only(name, tmp_path) for name in ("contaminated", "unsupervised"))
    assert given.contamination == 0.1
    assert given.own
    np.testing.assert_array_equal(given.train, plain.train)
    np.testing.assert_array_equal(given.labels, plain.labels)


def test_splits_depend_on_the_seed_alone():
    x, y = labelled()
    a, b, c = (split(x, y, "one-class", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.train, b.train)
    assert (a.train != c.train).any()


def test_large_tables_are_sampled_with_their_fraction_of_anomalies():
    data = split(*labelled(n=3 * MOST_ROWS), "unsupervised", 0)
    assert len(data.train) == MOST_ROWS
    assert data.labels.mean() == pytest.approx(0.1)


# -- missing cells -----------------------------------------------------------------------------


def test_cells_are_missing_at_the_fraction_that_is_asked_for_and_others_are_as_they_were():
    x, y = labelled(n=1000)
    whole, *others = (punched(x, y, fraction, seed=3) for fraction in FRACTIONS)
    assert not np.isnan(whole.train).any()
    for fraction, data in zip(FRACTIONS[1:], others, strict=True):
        np.testing.assert_array_equal(data.labels, whole.labels)
        for part, full in ((data.train, whole.train), (data.test, whole.test)):
            holes = np.isnan(part)
            # Four standard deviations of a binomial fraction.
            assert abs(holes.mean() - fraction) < 4 * np.sqrt(fraction * (1 - fraction) / holes.size)
            np.testing.assert_array_equal(part[~holes], full[~holes])


def test_a_sample_keeps_the_fraction_of_anomalies_and_the_order_but_no_fewer_than_twenty():
    y = np.repeat([0, 1], [9500, 500])
    rows = sample(y, 1200, np.random.default_rng(0))
    assert (np.diff(rows) > 0).all()
    assert len(rows) == 1200
    assert y[rows].sum() == 60
    few = np.repeat([0, 1], [9990, 10])
    assert few[sample(few, 1200, np.random.default_rng(0))].sum() == 10
    np.testing.assert_array_equal(sample(y[:100], 1200, np.random.default_rng(0)), np.arange(100))


def test_there_are_three_fractions_only(tmp_path):
    write_tables(tmp_path, ["made"])
    assert [name for name, _, _ in cuts(parts(["missing"]), tmp_path)] == ["missing-0", "missing-5", "missing-20"]
    with pytest.raises(ValueError, match=r"one of \(0.0, 0.05, 0.2\); found 0.1"):
        punched(*labelled(), 0.1, 0)


# -- mixed tables ------------------------------------------------------------------------------


def test_columns_of_mixed_tables_are_typed_and_constants_and_names_are_left_out(tmp_path):
    write_mixed(tmp_path)
    frame, labels = read_mixed(tmp_path / "mixed" / "parts.csv")
    assert list(frame) == ["size", "weight", "color"]
    assert [column.dtype for _, column in frame.items()] == [np.float64, np.float64, object]
    assert frame["weight"].isna().sum() == 9
    assert frame["color"].map(lambda value: value is None).sum() == 9
    assert labels.sum() == 30, "the largest class is normal"


def test_a_fifth_of_the_test_records_of_mixed_tables_are_of_other_classes():
    frame, labels = pd.DataFrame({"x": np.arange(1000.0)}), np.repeat([0, 1], [700, 300])
    data = split_mixed(frame, labels, 0)
    assert len(data.train) == 350
    assert data.labels.sum() == 350 // 4
    assert data.labels.mean() == pytest.approx(0.2, abs=0.002)
    assert not set(data.train["x"]) & set(data.test["x"])
    np.testing.assert_array_equal(data.labels, data.test["x"] >= 700)
    np.testing.assert_array_equal(data.train["x"], split_mixed(frame, labels, 0).train["x"])


# -- made-up records ---------------------------------------------------------------------------


def test_uses_train_on_normal_records_of_one_half_of_the_datasets():
    data = split_use("sensors", 1)
    train, test = make_sensors(random_state=1).split(test_size=0.5, random_state=0)
    assert len(data.train) == (train.labels == 0).sum()
    np.testing.assert_array_equal(data.labels, test.labels)
    np.testing.assert_array_equal(data.test["mode"], test.columns["mode"])
    assert [table for _, table, _ in cuts(parts(["uses"]), None)] == list(USES)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("width", WIDTHS)
def test_groups_are_tight_and_lie_at_their_distance_from_the_center(distance, width):
    data = split_group(distance, width, None, seed=0)
    assert data.own
    assert data.train is data.test
    group = data.train[data.labels == 1]
    assert group.shape == (20, 2)
    assert np.linalg.norm(group.mean(axis=0)) == pytest.approx(distance, abs=width)
    np.testing.assert_allclose(group.std(axis=0), width, rtol=0.5)
    np.testing.assert_allclose(data.train[data.labels == 0].std(axis=0), 1, atol=0.1)


def test_the_contamination_is_told_in_one_of_the_two_protocols_of_groups():
    plain, told = ([cut(0) for _, _, cut in cuts([part], None)] for part in parts(["groups"]))
    assert {data.contamination for data in plain} == {None}
    assert {data.contamination for data in told} == {0.1}
    np.testing.assert_array_equal(plain[1].train, told[1].train)


# -- connections -------------------------------------------------------------------------------


def test_normal_connections_train_and_the_difficulty_is_no_feature(tmp_path):
    write_connections(tmp_path)
    data = only("nslkdd", tmp_path)
    assert data.train.shape == (N_NORMAL // 2, 41)
    assert len(data.test) == N_NORMAL // 2 + N_ATTACKS
    assert data.labels.sum() == N_ATTACKS
    assert [name for name in data.train if data.train[name].dtype == object] == ["f1", "f2", "f3"]


def test_a_later_collection_is_scored_after_training_on_all_normal_connections(tmp_path):
    write_connections(tmp_path)
    write_connections(tmp_path, "KDDTest+.txt", seed=1)
    (_, first, _), (_, second, cut) = cuts(parts(["nslkdd"]), tmp_path)
    assert (first, second) == ("KDDTrain+_20Percent", "KDDTrain+_20Percent, KDDTest+")
    data = cut(0)
    assert len(data.train) == N_NORMAL
    assert len(data.test) == N_NORMAL + N_ATTACKS


# -- folders -----------------------------------------------------------------------------------


def test_data_may_lie_in_subfolders_or_in_the_folder_itself(tmp_path):
    write_tables(tmp_path)
    for folder in (tmp_path, tmp_path / "adbench"):
        assert [table for _, table, _ in cuts(parts(["one-class"]), folder)] == ["made", "other"]
    assert [table for _, table, _ in cuts(parts(["one-class"]), tmp_path, ["other"])] == ["other"]


def test_a_protocol_without_data_says_what_it_reads(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'mixed' reads mixed/\*.csv, and .* has no such file"):
        list(cuts(parts(["mixed"]), tmp_path))


def test_every_protocol_says_what_it_is_and_has_a_name_of_its_own():
    names = [part.name for part in parts(PROTOCOLS)]
    assert len(set(names)) == len(names)
    assert all(part.description for part in parts(PROTOCOLS))


def test_slow_processes_train_on_normal_rows_and_score_those_that_follow():
    split = split_process("daily", 0)
    assert split.train.shape == split.test.shape == (3000, 8)
    assert 0.05 < split.labels.mean() < 0.4
    # The first of the following rows goes on where the last training row ended.
    assert np.linalg.norm(split.test[0] - split.train[-1]) < np.linalg.norm(split.test[0] - split.train, axis=1).mean()
