"""The command plot."""

from pathlib import Path

from tests.anomaly.command_line import fails, rows, run, without_labels, without_labels_of_rows


def test_plot_leaves_out_records_without_a_label(folder, capsys, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("anomaly.cli.plot.figures_of", lambda *arguments: seen.append(arguments) or {})
    unlabelled = without_labels(folder, tmp_path / "some.csv")
    labels = ["--label", "label", "--normal", "normal"]
    code, out, err = run(capsys, "plot", tmp_path / "some.csv", "-m", folder / "m.npz", "-o", tmp_path / "p", *labels)
    assert (code, out, err) == (0, "", f"anomaly: left out {unlabelled} records without a label\n")
    data, truth, names, _, numbers = seen[0]
    # Pictures over the records have the numbers of rows that titles have.
    assert [name.split()[1] for name in names] == [f"{number:,}" for number in numbers]
    assert len(numbers) < numbers[-1]
    assert len(data.records) == len(data.contributions) == len(truth) == len(rows(folder / "test.csv")) - 1 - unlabelled
    assert set(truth.tolist()) == {0, 1}


def test_plot_draws_all_pictures(folder, capsys, tmp_path):
    code, out, _ = run(
        capsys, "plot", folder / "test.csv", "-m", folder / "m.npz", "-o", tmp_path / "new" / "pictures",
        "--label", "label", "--normal", "normal",
    )  # fmt: skip
    assert code == 0
    paths = out.split()
    assert len(paths) == 8
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in paths)


def test_plot_without_labels_draws_what_it_can(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("anomaly.cli.plot._MOST_ROWS", 50)
    _, out, _ = run(capsys, "plot", folder / "test.csv", "-m", folder / "m.npz", "-o", tmp_path)
    assert len(out.split()) == 5


def test_strange_records_and_those_asked_for_are_named_by_row_and_id(folder, capsys, tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr("anomaly.plots.save_figure", lambda ax, path: kept.update({path.stem: ax.figure.axes}))
    command = ["plot", folder / "numbered.csv", "-m", folder / "m.npz", "-o", tmp_path, "--id", "number"]
    assert run(capsys, *command, "--record", "7", "--record", "19")[0] == 0
    run(capsys, "score", *command[1:4], "-o", tmp_path / "scores.csv", "--id", "number", "--top", "1")
    scores = sorted(((float(row[1]), i) for i, row in enumerate(rows(tmp_path / "scores.csv")[1:])), reverse=True)
    titles = [panel.get_title(loc="left") for panel in kept["strangest_records"]]
    assert titles == [f"Row {i + 1} (r{i}): score {score:.4g}" for score, i in scores[:3]]
    assert any("expected" in label.get_text() for label in kept["strangest_records"][0].get_yticklabels())
    assert [kept[f"record_{row}"][0].get_title(loc="left").split(":")[0] for row in (7, 19)] == [
        "Row 7 (r6)",
        "Row 19 (r18)",
    ]
    assert "--record 301: this row is beyond the 300 rows" in fails(capsys, *command, "--record", "301")
    assert "--record must be" in fails(capsys, *command, "--record", "0").replace("argument --record:", "--record")


def test_the_steps_of_a_series_are_no_records(series_folder, capsys, tmp_path):
    common = ["plot", series_folder / "test.csv", "-m", series_folder / "m.npz", "-o", tmp_path / "p"]
    assert "--record is for tables" in fails(capsys, *common, "--record", "3")


def test_plot_draws_the_series(series_folder, capsys, tmp_path):
    code, out, _ = run(
        capsys,
        "plot",
        series_folder / "test.csv",
        "-m",
        series_folder / "m.npz",
        "-o",
        tmp_path,
        "--label",
        "state",
        "--normal",
        "ok",
    )
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contributions.png", "reconstruction.png", "series.png"]
    assert len(out.split()) == 3


def test_plot_draws_a_series_that_is_all_normal(series_folder, capsys, tmp_path):
    labels = ["--label", "state", "--normal"]
    code, out, _ = run(
        capsys, "plot", series_folder / "train.csv", "-m", series_folder / "m.npz", "-o", tmp_path, *labels, "ok"
    )
    assert (code, len(out.split())) == (0, 3)
    code, _, err = run(
        capsys, "plot", series_folder / "train.csv", "-m", series_folder / "m.npz", "-o", tmp_path, *labels, "fine"
    )
    assert code == 2
    assert "no record has label 'fine'" in err


def test_plot_marks_no_row_without_a_label(series_folder, capsys, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("anomaly.cli.plot.figures_of", lambda data, labels, *_: seen.append(labels) or {})
    data = without_labels_of_rows(series_folder / "test.csv", tmp_path / "some.csv", slice(170, 200))
    labels = ["--label", "state", "--normal", "ok"]
    assert run(capsys, "plot", data, "-m", series_folder / "m.npz", "-o", tmp_path / "p", *labels)[0] == 0
    assert set(seen[0].tolist()) == {0, 1}
    assert seen[0].sum() == 20
