"""The results of commands as JSON: their keys are a promise, written down in docs/json_output.md."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from tests.anomaly.command_line import LABELS, QUICK, fails, run

PAGE = Path(anomaly.__file__).parents[1] / "docs" / "json_output.md"

MODEL = {"model", "detector", "kind", "n_records", "columns", "threshold", "n_flagged", "settings"}
DRIFT = {
    "group", "drifted", "scores_drifted", "statistic", "p_value", "level", "n_reference", "n_fresh", "share_then",
    "share_now", "columns", "score_level", "unit", "untested",
}  # fmt: skip


def found(capsys, *arguments, codes=(0,)):
    """Return what a command writes as JSON to standard output, where nothing else may be."""
    code, out, err = run(capsys, *arguments, "--json")
    assert code in codes, err
    values = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert list(values)[:2] == ["command", "version"]
    assert (values.pop("command"), values.pop("version")) == (arguments[0], anomaly.__version__)
    return values


def test_fit_and_info(fresh_folder, capsys, tmp_path):
    fit = ["fit", fresh_folder / "train.csv", "-m", tmp_path / "new.npz", *LABELS, *QUICK]
    fitted = found(capsys, *fit)
    assert set(fitted) == MODEL | {"n_unlabelled"}
    detector = anomaly.load_detector(tmp_path / "new.npz")
    assert (fitted["threshold"], fitted["kind"]) == (detector.threshold_, "tables")
    assert fitted["settings"]["epochs"] == 3
    info = found(capsys, "info", "-m", tmp_path / "new.npz")
    assert set(info) == MODEL
    assert {name: fitted[name] for name in info} == info


def test_series_have_the_same_keys(series_folder, capsys):
    info = found(capsys, "info", "-m", series_folder / "m.npz")
    assert set(info) == MODEL
    assert info["kind"] == "series"
    drift = ["drift", series_folder / "test.csv", "-m", series_folder / "m.npz", "--label", "state"]
    values = found(capsys, *drift, codes=(0, 1))
    assert [set(one) for one in values["results"]] == [DRIFT]


SCORED = {"model", "output", "threshold", "n_rows", "n_written", "n_alarms", "n_without_score", "highest_score"}


def test_score_counts_what_it_writes(folder, capsys, tmp_path):
    score = ["score", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "-o", tmp_path / "s.csv"]
    values = found(capsys, *score)
    assert set(values) == SCORED
    scored = [line.split(",") for line in (tmp_path / "s.csv").read_text().splitlines()[1:]]
    assert values["n_rows"] == values["n_written"] == len(scored)
    assert values["n_alarms"] == sum(row[2] == "1" for row in scored)
    assert values["highest_score"] == pytest.approx(max(float(row[1]) for row in scored))
    few = found(capsys, *score, "--limit", "3", "--budget", "2")
    assert (few["n_rows"], few["n_written"], few["n_alarms"]) == (len(scored), 3, 2)


def test_score_of_a_series_counts_events(series_folder, capsys, tmp_path):
    score = ["score", series_folder / "test.csv", "-m", series_folder / "m.npz", "--label", "state"]
    values = found(capsys, *score, "-o", tmp_path / "s.csv", "--events", tmp_path / "e.csv")
    assert set(values) == SCORED | {"n_events"}
    assert values["n_events"] == len((tmp_path / "e.csv").read_text().splitlines()) - 1


def test_scores_and_their_summary_do_not_mix(folder, capsys):
    score = ["score", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "--json"]
    assert "both" in fails(capsys, *score)


def test_report_and_plot(folder, capsys, tmp_path):
    given = [folder / "test.csv", "-m", folder / "m.npz", *LABELS]
    values = found(capsys, "report", *given, "-o", tmp_path / "r.html")
    keys = {"model", "output", "n_rows", "n_without_score", "n_flagged", "threshold", "highest_score", "drifted"}
    assert set(values) == keys
    scored = found(
        capsys, "score", folder / "test.csv", "-m", folder / "m.npz", "--label", "label", "-o", tmp_path / "s"
    )
    assert values["n_flagged"] == scored["n_alarms"]
    files = found(capsys, "plot", *given, "-o", tmp_path / "pictures")["files"]
    assert files
    assert all(Path(file).exists() for file in files)


def test_update_and_learn_labels(fresh_folder, capsys):
    model = ["-m", fresh_folder / "m.npz"]
    updated = found(capsys, "update", fresh_folder / "fresh.csv", *model, *LABELS)
    assert set(updated) == MODEL | {"n_new_records", "n_remembered"}
    assert updated["n_records"] > updated["n_new_records"] > 0
    learned = found(capsys, "learn-labels", fresh_folder / "fresh.csv", *model, *LABELS)
    assert set(learned) == MODEL | {"n_anomalies", "n_normal", "n_unlabelled", "weights"}
    assert list(learned["weights"]) == learned["columns"]


def test_drift(fresh_folder, capsys):
    drift = ["drift", fresh_folder / "fresh.csv", "-m", fresh_folder / "m.npz", "--label", "label"]
    values = found(capsys, *drift, codes=(0, 1))
    assert set(values) == {"drifted", "results"}
    assert [set(one) for one in values["results"]] == [DRIFT]
    assert values["drifted"] == (run(capsys, *drift)[0] == 1)


def test_evaluate_and_compare(fresh_folder, capsys):
    labelled = [fresh_folder / "fresh.csv", *LABELS]
    values = found(capsys, "evaluate", *labelled, "-m", fresh_folder / "m.npz", "--by", "label")
    assert {"n_unlabelled", "by_label", "by_column", "roc_auc", "average_precision", "precision"} <= set(values)
    compare = ["compare", *labelled, "--seeds", "2", "--setting", "neighbors=0 epochs=2"]
    assert found(capsys, *compare)


def test_export_and_demo_name_their_files(capsys, tmp_path):
    rng = np.random.default_rng(0)
    numbers = {"a": rng.normal(size=200), "b": rng.normal(size=200)}
    anomaly.TableDetector(hidden=(4,), epochs=1, random_state=0).fit(numbers).save(tmp_path / "m.npz")
    values = found(capsys, "export", "-m", tmp_path / "m.npz", "--c", tmp_path / "score", "--prototypes", "20")
    assert values["format"] == "c"
    assert [Path(file["path"]).name for file in values["files"]] == ["score.h", "score.c"]
    assert all(Path(file["path"]).stat().st_size == file["n_bytes"] for file in values["files"])
    values = found(capsys, "demo", "--output", tmp_path / "demo", "--records", "200")
    assert {Path(file) for file in values["files"]} == set((tmp_path / "demo").iterdir())


def _help(capsys, *arguments):
    with pytest.raises(SystemExit, match="0"):
        main([*arguments, "--help"])
    return capsys.readouterr().out


def test_every_command_takes_it_but_those_that_are_named(capsys):
    named = {"completion", "serve"}
    commands = re.findall(r"^    ([a-z-]+)(?: |$)", _help(capsys), re.MULTILINE)
    assert named < set(commands)
    assert {command for command in commands if "--json" not in _help(capsys, command)} == named


def test_each_key_is_on_the_page():
    text = PAGE.read_text()
    missing = [key for key in sorted(MODEL | DRIFT) if f"`{key}`" not in text]
    assert not missing


def test_a_file_beside_the_text(fresh_folder, capsys, tmp_path):
    plain = run(capsys, "info", "-m", fresh_folder / "m.npz")
    assert run(capsys, "info", "-m", fresh_folder / "m.npz", "--json", tmp_path / "info.json") == plain
    assert json.loads((tmp_path / "info.json").read_text())["command"] == "info"


def test_a_misplaced_option_replaces_no_data(fresh_folder, capsys):
    before = (fresh_folder / "fresh.csv").read_bytes()
    for command in ("drift", "evaluate", "update", "learn-labels", "fit", "compare"):
        err = fails(capsys, command, fresh_folder / "train.csv", "--json", fresh_folder / "fresh.csv")
        assert "FILE must not have the ending of data or a model" in err
    assert (fresh_folder / "fresh.csv").read_bytes() == before
