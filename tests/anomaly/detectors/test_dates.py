"""Timestamps in detectors of tables: records are scored long after the training."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector, load_detector
from anomaly.errors import DataError
from tests.anomaly.command_line import run
from tests.anomaly.detectors.planes import planes

QUICK = {
    TableDetector: {"hidden": (16,), "epochs": 30, "random_state": 0},
    AutoencoderDetector: {"hidden": (16,), "epochs": 30, "random_state": 0},
    VariationalDetector: {"hidden": (16,), "latent": 2, "epochs": 30, "random_state": 0},
}
each = pytest.mark.parametrize("kind", [TableDetector, AutoencoderDetector, VariationalDetector])


def stamped(n=300, seed=0, days=0):
    """Normal records of eight weeks, so many days later."""
    x, _ = planes(n, seed, anomalies=0)
    minutes = np.random.default_rng(seed).integers(0, 56 * 24 * 60, size=n)
    moments = np.datetime64("2024-01-01T00:00", "s") + days * np.timedelta64(1, "D") + minutes.astype("m8[m]")
    return {"made": moments, "day": moments.astype("M8[D]"), "a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}


@each
def test_normal_records_are_normal_at_any_later_time(kind):
    detector = kind(**QUICK[kind]).fit(stamped())
    flagged = [detector.predict(stamped(seed=1, days=days)).mean() for days in (0, 203, 560)]
    assert max(flagged) < 0.15
    # Of a whole number of weeks nothing can be seen at all.
    now, later = (detector.decision_function(stamped(seed=1, days=days)) for days in (0, 7 * 80))
    np.testing.assert_allclose(later, now, rtol=1e-4, atol=1e-5)
    assert (detector.explain(stamped())[:, 1] == 0).all()


@each
def test_the_date_counts_where_it_is_asked_for(kind):
    detector = kind(**QUICK[kind], dates="number").fit(stamped())
    assert detector.predict(stamped(seed=1, days=560)).mean() > 0.9
    ignoring = kind(**QUICK[kind], dates="ignore").fit(stamped())
    assert ignoring.preprocessor_.feature_names_out_ == ("a", "b", "c")
    with pytest.raises(ValueError, match="dates must be one of 'number', 'cycles', 'ignore'; found 'often'"):
        kind(**QUICK[kind], dates="often").fit(stamped())


def test_dates_alone_are_a_clear_error():
    days = stamped()["day"]
    with pytest.raises(DataError, match="no column makes any features: all of them are dates"):
        TableDetector(epochs=1).fit({"from": days, "to": days})


def test_what_is_expected_holds_whole_numbers_and_days():
    table = {**stamped(), "count": np.random.default_rng(0).integers(0, 1000, 300)}
    table["day"] = np.datetime64("1960-01-01") + (7 * np.arange(300)).astype("m8[D]")
    expected = TableDetector(**QUICK[TableDetector], dates="number").fit(table).expected(table)
    for name in ("made", "day", "count"):
        assert np.isin(expected[name], table[name]).all()
    hours = TableDetector(**QUICK[TableDetector]).fit(table).expected(table)
    # The date is that of the record, or the nearest one with the expected day of the week.
    assert (np.abs(hours["made"] - table["made"]) < np.timedelta64(5, "D")).all()


@each
def test_a_file_from_before_there_was_a_choice_scores_the_same(kind, tmp_path):
    detector = kind(**QUICK[kind], dates="number").fit(stamped())
    detector.save(tmp_path / "m.npz")
    with zipfile.ZipFile(tmp_path / "m.npz") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    del config["parameters"]["dates"]
    for column in config["preprocessing"]["columns"]:
        column.pop("resolution", None)
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "old.npz", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    loaded = load_detector(tmp_path / "old.npz")
    assert loaded.dates == "number"
    fresh = stamped(seed=1, days=30)
    np.testing.assert_array_equal(loaded.decision_function(fresh), detector.decision_function(fresh))


def test_the_oldest_file_takes_dates_for_numbers():
    assert load_detector(Path(__file__).parent / "saved" / "first_format.npz").dates == "number"


def test_the_command_line_has_the_choice(tmp_path, capsys):
    lines = [",".join(map(str, row)) for row in zip(*stamped(40).values(), strict=True)]
    (tmp_path / "train.csv").write_text("made,day,a,b,c\n" + "\n".join(lines))
    fit = ["fit", tmp_path / "train.csv", "-m", tmp_path / "m.npz", "--epochs", "2", "--hidden", "4"]
    for choice, features in (([], 7), (["--dates", "number"], 9), (["--dates", "ignore"], 3)):
        assert run(capsys, *fit, *choice)[0] == 0
        assert len(load_detector(tmp_path / "m.npz").preprocessor_.feature_names_out_) == features
    code, _, error = run(capsys, *fit, "--dates", "number", "--window", "8")
    assert (code, error) == (2, "anomaly: error: --dates is for tables: leave it out, or --series and --window\n")


@each
def test_a_column_of_dates_is_none_to_learn_from(kind):
    table = {"day": stamped()["day"], "a": stamped()["a"]}
    with pytest.raises(ValueError, match=r"at least 2 columns.*'day' is left out: a date.*--dates number"):
        kind(**QUICK[kind]).fit(table)
    assert kind(**QUICK[kind], dates="number").fit(table).n_features_in_ == 2
