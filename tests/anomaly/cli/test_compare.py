"""The command compare."""

import json

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.cli.compare import SETTINGS, detector_of
from anomaly.detectors.comparison import compare_settings
from anomaly.tables.csv_files import read_csv
from tests.anomaly.command_line import fails, run


@pytest.fixture(autouse=True)
def _quick_defaults(monkeypatch):
    """Train the defaults, which are always compared, for a few steps."""
    monkeypatch.setattr("anomaly.detectors.table.settings.MOST_STEPS", 50)


FAST = ["--setting", "epochs=2 hidden=[4]", "--seeds", "2"]


def test_settings_are_compared_and_written(folder, capsys, tmp_path):
    arguments = ["compare", folder / "train.csv", "--label", "label", "--normal", "normal", *FAST, "--seed", "3"]
    code, out, err = run(capsys, *arguments, "--setting", "neighbors=0 epochs=2", "--json", tmp_path / "f.json")
    assert (code, err) == (0, "")
    found = json.loads((tmp_path / "f.json").read_text())
    assert found.pop("command") == "compare"
    del found["version"]
    names = ["defaults", "epochs=2 hidden=[4]", "neighbors=0 epochs=2"]
    assert [setting["name"] for setting in found["settings"]] == names
    table = read_csv(folder / "train.csv")
    normal = table.rows(np.flatnonzero(table["label"] == "normal")).drop(["label"])
    settings = [{}, {"epochs": 2, "hidden": (4,)}, {"neighbors": 0, "epochs": 2}]
    detectors = [TableDetector(threshold="one_class", **one) for one in settings]
    expected = compare_settings(dict(zip(names, detectors, strict=True)), normal, n_seeds=2, seed=3).to_dict()
    for values in (found, expected):
        for setting in values["settings"]:
            setting.pop("seconds")
    assert found == expected
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    for setting in found["settings"]:
        assert f" {setting['stability']:.2f} " in lines[setting["name"]]
        assert f" {setting['flagged_held_out']:.1%} " in lines[setting["name"]]
    assert "None of this tells which setting finds your anomalies" in out


@pytest.mark.parametrize("text", ["contamination=0.1", "false_alarm_rate=0.05", "threshold=sigma"])
def test_a_setting_that_chooses_the_threshold_is_as_it_says(text):
    common = {"threshold": "one_class"}
    name, _, value = text.partition("=")
    detector = detector_of(text, common)
    assert str(getattr(detector, name)) == value
    assert detector.threshold == ("sigma" if name == "threshold" else None)
    assert detector_of("neighbors=7", common).threshold == "one_class"


def test_json_alone_may_go_to_standard_output(folder, capsys):
    _, out, _ = run(
        capsys, "compare", folder / "test.csv", "--drop", "label", *FAST, "--json", "-", "--held-out", "0.2"
    )
    found = json.loads(out)
    assert found["n_training"] + found["n_held_out"] == 300
    assert found["n_held_out"] == 60


def test_all_records_are_compared_without_labels(folder, capsys):
    _, out, _ = run(capsys, "compare", folder / "test.csv", "--label", "label", *FAST)
    assert out.splitlines()[0] == "210 records learned, 90 held out"


def test_other_settings_are_compared_where_none_are_given(folder, capsys, monkeypatch):
    chosen = []

    def found(detectors, table, **_):
        chosen.extend(detectors)
        raise ValueError("enough")

    monkeypatch.setattr("anomaly.cli.compare.compare_settings", found)
    fails(capsys, "compare", folder / "train.csv", "--label", "label")
    assert chosen == ["defaults", *SETTINGS]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("neighbors", "--setting must be arguments such as 'neighbors=10 scaling=quantile'; found 'neighbors'"),
        ("", "--setting must be arguments"),
        ("'open", "--setting must be arguments"),
        ("neighbor=3", "TableDetector has no parameter 'neighbor'"),
        ("neighbors=" + "[" * 10_000, "neighbors must be a whole number"),
        ("neighbors=many", "setting 'neighbors=many': neighbors must be a whole number"),
        ("detector=Forest", "detector must be one of AutoencoderDetector, TableDetector, VariationalDetector"),
        ("detector=SequenceDetector", "detector must be one of AutoencoderDetector, TableDetector"),
        ("detector=AutoencoderDetector neighbors=3", "AutoencoderDetector has no parameter 'neighbors'"),
    ],
)
def test_invalid_settings_are_one_line(folder, capsys, setting, words):
    assert words in fails(capsys, "compare", folder / "test.csv", "--label", "label", *FAST, "--setting", setting)


def test_other_invalid_input_is_one_line(folder, capsys, tmp_path):
    common = ["compare", folder / "test.csv", *FAST]
    assert "found 15, a fraction of 0.05 of 300" in fails(capsys, *common, "--label", "label", "--held-out", "0.05")
    assert "held_out must be a number above 0 and below 1" in fails(
        capsys, *common, "--label", "label", "--held-out", "2"
    )
    assert "has no column 'nowhere'" in fails(capsys, *common, "--label", "nowhere")
    assert "no record has label 'fine'" in fails(capsys, *common, "--label", "label", "--normal", "fine")
    assert "ending of data or a model" in fails(capsys, *common, "--json", folder / "test.csv")
