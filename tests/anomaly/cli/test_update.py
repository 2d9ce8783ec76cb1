"""The command update."""

import numpy as np

from anomaly import load_detector
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import LABELS, run


def test_update_learns_from_further_records(fresh_folder, capsys):
    before = load_detector(fresh_folder / "m.npz")
    code, out, err = run(capsys, "update", fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", *LABELS)
    assert (code, err) == (0, "")
    fresh = read_csv(fresh_folder / "fresh.csv")
    normal = fresh.rows(np.flatnonzero(fresh["label"] == "normal")).drop(["label"])
    expected = before.partial_fit(normal)
    after = load_detector(fresh_folder / "m.npz")
    assert after.records_seen_ == expected.records_seen_
    np.testing.assert_array_equal(after.decision_function(normal), expected.decision_function(normal))
    assert f"learned from {len(normal)} more records, {after.records_seen_} in all" in out


def test_update_may_leave_the_model_as_it_is(fresh_folder, capsys):
    bytes_before = (fresh_folder / "m.npz").read_bytes()
    command = ["update", fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", "--label", "label"]
    assert run(capsys, *command, "-o", fresh_folder / "new.npz")[0] == 0
    assert (fresh_folder / "m.npz").read_bytes() == bytes_before
    seen = load_detector(fresh_folder / "new.npz").records_seen_ - load_detector(fresh_folder / "m.npz").records_seen_
    assert seen == len(read_csv(fresh_folder / "fresh.csv"))


def test_update_of_a_long_file_goes_piece_by_piece(fresh_folder, capsys, monkeypatch):
    monkeypatch.setattr("anomaly.cli.source.CHUNK_ROWS", 100)
    calls = []
    from anomaly import TableDetector

    learn = TableDetector.partial_fit

    def counted(self, X, y=None):
        calls.append(len(X))
        return learn(self, X, y)

    monkeypatch.setattr(TableDetector, "partial_fit", counted)
    assert run(capsys, "update", fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", "--label", "label")[0] == 0
    assert calls == [100, 100, 100]
