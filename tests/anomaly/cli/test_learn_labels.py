"""The command learn-labels."""

import numpy as np
import pytest

from anomaly import load_detector
from anomaly.tables.csv_files import read_csv
from anomaly.tables.csv_writer import write_csv
from tests.anomaly.command_line import LABELS, run, without_some_labels


def test_learn_labels_changes_the_scores(fresh_folder, capsys):
    before = load_detector(fresh_folder / "m.npz")
    code, out, err = run(capsys, "learn-labels", fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", *LABELS)
    assert (code, err) == (0, "")
    fresh = read_csv(fresh_folder / "fresh.csv")
    truth = fresh["label"] != "normal"
    expected = before.learn_labels(fresh.drop(["label"]), truth.astype(int))
    after = load_detector(fresh_folder / "m.npz")
    np.testing.assert_array_equal(after.column_weights_, expected.column_weights_)
    assert f"learned from {truth.sum()} labelled anomalies and {(~truth).sum()} normal records" in out
    assert {line.split()[0] for line in out.splitlines()[5:]} == set(after.feature_names_in_)


@pytest.mark.parametrize("instead", ["", "NA", "nan"])
def test_learn_labels_leaves_out_records_without_a_label(fresh_folder, capsys, instead):
    unlabelled, table = without_some_labels(fresh_folder, instead=instead)
    code, out, err = run(
        capsys,
        "learn-labels",
        fresh_folder / "some.csv",
        "-m",
        fresh_folder / "m.npz",
        "-o",
        fresh_folder / "n.npz",
        *LABELS,
    )
    assert (code, err) == (0, "")
    known = table.rows(np.flatnonzero([label not in (None, instead) for label in table["label"]]))
    expected = load_detector(fresh_folder / "m.npz").learn_labels(known.drop(["label"]), known["label"] != "normal")
    after = load_detector(fresh_folder / "n.npz")
    np.testing.assert_array_equal(after.column_weights_, expected.column_weights_)
    assert out.splitlines()[-1] == f"left out {unlabelled} records without a label"


def test_learn_labels_says_when_labels_are_no_evidence(fresh_folder, capsys, monkeypatch):
    def nothing(*_):
        return 0.0

    monkeypatch.setattr("anomaly.detectors.table.label_learning._chosen_step", nothing)
    before = load_detector(fresh_folder / "m.npz")
    code, out, err = run(capsys, "learn-labels", fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", *LABELS)
    assert (code, err) == (0, "")
    assert "the labels are no evidence for other weights: records score as without labels" in out
    fresh = read_csv(fresh_folder / "fresh.csv").drop(["label"])
    after = load_detector(fresh_folder / "m.npz").decision_function(fresh)
    np.testing.assert_array_equal(after, before.decision_function(fresh))


def test_learn_labels_of_normal_records_alone_are_refused_in_the_words_of_the_command(fresh_folder, capsys):
    table = read_csv(fresh_folder / "fresh.csv")
    write_csv(fresh_folder / "normal.csv", table.rows(np.flatnonzero(table["label"] == "normal")))
    before = (fresh_folder / "m.npz").read_bytes()
    code, out, err = run(capsys, "learn-labels", fresh_folder / "normal.csv", "-m", fresh_folder / "m.npz", *LABELS)
    assert (code, out) == (2, "")
    assert "records are normal ('normal'); learn-labels needs at least one anomaly, a record with another label" in err
    assert (fresh_folder / "m.npz").read_bytes() == before
