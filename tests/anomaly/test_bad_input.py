"""Every kind of unusable input: one clear line that says where and what, and nothing is overwritten."""

import errno
import os

import numpy as np
import pytest

from anomaly import NotFittedError, TableDetector, load_detector
from anomaly.cli import main
from anomaly.errors import DataError, EmptyColumnWarning
from anomaly.tables.csv_files import read_csv

QUICK = {"hidden": (4,), "epochs": 1, "random_state": 0}
GOOD = "amount,country,label\n" + "".join(f"{i % 7}.5,{'FR' if i % 3 else 'DE'},ok\n" for i in range(30)) + "9,DE,bad\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of one's own with a good table, a model, and an earlier result."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(GOOD)
    table = read_csv("good.csv").drop(["label"])
    TableDetector(**QUICK, ignore=["label"]).fit(table).save("model.npz")
    (tmp_path / "earlier").write_text("earlier result")
    return tmp_path


def fails(capsys, command, folder):
    """Run a command that must fail; return its one line."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    try:
        code = main(command.split())
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.err.startswith("anomaly: error: ")
    assert captured.err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return captured.err


FIT = "fit bad.csv --model earlier --epochs 1 --hidden 4 --label label"
SCORE = "score bad.csv --model model.npz --output earlier"
EVALUATE = "evaluate bad.csv --model model.npz --label label --normal ok --json earlier"
TABLES = {
    "empty file": ("", "", ["'bad.csv' is empty"]),
    "header only": ("amount,country,label\n", "", ["'bad.csv' has a header and no rows"]),
    "ragged row": (GOOD + "1,FR\n", "", ["line 33: found 2 fields, expected 3"]),
    "text value in a numeric column": (
        GOOD + "much,FR,ok\n", "", ["line 33", "row 32", "'amount'", "'much'", "number"],
    ),
    "infinity": (GOOD + "inf,FR,ok\n", "", ["line 33 (row 32)", "'amount'", "found inf", "finite"]),
    "missing column": ("country,label\nFR,ok\nFR,bad\n", "score", ["columns missing: 'amount'"]),
    "unknown column": ("amount,country,label,city\n1,FR,ok,Rome\n", "score", ["not there in training: 'city'"]),
    "one row": ("amount,country,label\n1,FR,ok\n", "fit", ["at least 2 records", "found 1"]),
    "labels of one class": ("amount,country,label\n1,FR,ok\n2,DE,ok\n", "evaluate", ["2 labelled records are normal"]),
    "anomalies alone": ("amount,country,label\n1,FR,bad\n2,DE,odd\n", "evaluate", ["2 labelled records are anomalies"]),
    "no label column": ("amount,country\n1,FR\n2,DE\n", "evaluate", ["'bad.csv' has no column 'label'"]),
    "binary file": ("a\0b\n", "", ["line 1: found a NUL character"]),
    "unfinished quotes": ('amount,country,label\n1,"FR,ok\n', "", ["starts on line 2", "unexpected end"]),
}  # fmt: skip
CASES = [
    (command, name)
    for name, (_, only, _) in TABLES.items()
    for command in ("fit", "score", "evaluate")
    if only in ("", command) or (only == "score" and command == "evaluate" and name != "unknown column")
]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_tables_that_cannot_be_used(place, capsys, command, name):
    text, _, parts = TABLES[name]
    (place / "bad.csv").write_text(text)
    error = fails(capsys, {"fit": FIT, "score": SCORE, "evaluate": EVALUATE}[command], place)
    for part in parts:
        assert part in error


@pytest.mark.parametrize("command", [SCORE, EVALUATE])
def test_columns_in_another_order_are_matched_by_name(place, capsys, command):
    rows = [line.split(",") for line in GOOD.splitlines()]
    (place / "bad.csv").write_text("".join(f"{b},{c},{a}\n" for a, b, c in rows))
    assert main(command.split()) == 0
    turned = (place / "earlier").read_text()
    (place / "bad.csv").write_text(GOOD)
    assert main(command.split()) == 0
    assert (place / "earlier").read_text() == turned


def test_one_column_has_nothing_to_go_with(place, capsys):
    (place / "bad.csv").write_text("id,amount\n" + "".join(f"{i},{i}\n" for i in range(20)))
    error = fails(capsys, "fit bad.csv -m earlier --id id", place)
    assert "at least 2 columns" in error
    assert "found 1, 'amount'" in error


@pytest.mark.parametrize("share", ["0", "-0.1", "0.51", "1", "nan", "inf", "some"])
def test_contamination_out_of_range(place, capsys, share):
    error = fails(capsys, f"fit good.csv -m earlier --label label --contamination={share}", place)
    assert "contamination must be 'auto' or" in error
    assert f"found {share!r}" in error or f"found {float(share)!r}" in error


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("score nowhere.csv -m model.npz -o earlier", ["cannot read 'nowhere.csv': there is no such file"]),
        ("score . -m model.npz -o earlier", ["cannot read '.': it is a folder"]),
        ("score good.csv -m nowhere.npz -o earlier", ["cannot read 'nowhere.npz': there is no such file"]),
        ("score good.csv -m good.csv -o earlier", ["'good.csv' is not a file that nnlite wrote"]),
        ("score good.csv -m model.npz -o no/s.csv", ["cannot write to 'no/s.csv'", "no folder 'no'"]),
        ("score good.csv -m model.npz -o .", ["cannot write to '.': it is a folder"]),
        ("fit good.csv -m no/m.npz --label label", ["cannot write to 'no/m.npz'", "no folder 'no'"]),
        ("evaluate good.csv -m model.npz --label label --normal ok --json no/x", ["cannot write to 'no/x'"]),
        ("plot good.csv -m model.npz -o earlier", ["cannot write into 'earlier': it is a file; name a folder"]),
        ("plot good.csv -m model.npz -o earlier/in", ["cannot make the folder 'earlier/in'"]),
        ("demo -o earlier", ["cannot write into 'earlier': it is a file"]),
        ("demo --seed -1", ["--seed: must be a whole number of at least 0; found '-1'"]),
        ("score good.csv -m model.npz -o earlier --threshold nan", ["--threshold: must be a number; found 'nan'"]),
        ("score good.csv -m model.npz -o earlier --threshold low", ["--threshold: must be a number; found 'low'"]),
        ("score good.csv -m model.npz -o earlier --id nope", ["'good.csv' has no column 'nope'", "'amount'"]),
    ],
)
def test_paths_and_arguments_that_cannot_be_used(place, capsys, command, parts):
    error = fails(capsys, command, place)
    for part in parts:
        assert part in error


@pytest.mark.parametrize(
    "command",
    [
        "fit good.csv -m earlier --label label --epochs 1 --hidden 4",
        "score good.csv -m model.npz -o earlier",
        "evaluate good.csv -m model.npz --label label --normal ok --json earlier",
    ],
)
@pytest.mark.parametrize(
    ("number", "function"), [(errno.ENOSPC, "fsync"), (errno.EDQUOT, "fsync"), (errno.EACCES, "open")]
)
def test_a_disk_that_takes_no_more(place, capsys, monkeypatch, command, number, function):
    def refuse(path, *arguments, **settings):
        # The new file is opened with os.open, without a name or with one; nothing else of this process is to notice.
        nameless = function == "open" and arguments[0] & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", -1)
        if function == "fsync" or nameless or ".earlier." in os.fspath(path):
            raise OSError(number, os.strerror(number), None if function == "fsync" else path)
        return really(path, *arguments, **settings)

    really = getattr(os, function)
    monkeypatch.setattr(os, function, refuse)
    error = fails(capsys, command, place)
    assert f"cannot write to 'earlier': {os.strerror(number)}" in error


def test_a_file_that_may_not_be_read(place, capsys, monkeypatch):
    import builtins

    def refuse(path, *arguments, **settings):
        if path == "good.csv":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return really(path, *arguments, **settings)

    really = builtins.open
    monkeypatch.setattr(builtins, "open", refuse)
    error = fails(capsys, "score good.csv -m model.npz -o earlier", place)
    assert "Permission denied: 'good.csv'" in error


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device /dev/full")
@pytest.mark.parametrize(
    "command", ["fit good.csv -m /dev/full --label label --epochs 1", "score good.csv -m model.npz -o /dev/full"]
)
def test_a_full_device_is_one_line_and_stays_a_device(place, capsys, command):
    assert "cannot write to '/dev/full': No space left on device" in fails(capsys, command, place)
    assert not os.path.isfile("/dev/full")


# -- the same in Python ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (np.empty((0, 2)), "0 sample"),
        ([], "no rows|0 sample|empty"),
        ([{"a": 1, "b": 2}], "at least 2 records"),
        ([[1, 2], [3]], "row 2|length|fields"),
        ({"a": ["1", "2", "x", "4"]}, "row 3, column 'a': found 'x', but 3 of the column's 4 values are numbers"),
        ({"a": ["2024-01-01", "2024-01-02", "soon"]}, "row 3, column 'a': found 'soon', but 2 .* are dates"),
        ({"a": [1.0, -np.inf, 2.0]}, "row 2, column 'a': found -inf"),
    ],
)
def test_records_that_teach_nothing(data, parts):
    with pytest.raises(ValueError, match=parts):
        TableDetector(**QUICK).fit(data)


def test_a_table_of_a_single_column_with_values():
    with (
        pytest.warns(EmptyColumnWarning),
        pytest.raises(ValueError, match="found 1, 'a' .*; 'b' is left out: all values missing in training: for"),
    ):
        TableDetector(**QUICK).fit({"a": [1.0, None], "b": [None, None]})


def test_records_that_do_not_fit_the_detector(place):
    detector = load_detector("model.npz")
    for method in (detector.predict, detector.decision_function, detector.explain, detector.score_samples):
        with pytest.raises(DataError, match="row 2, column 'amount': found 'x', expected a number"):
            method({"amount": ["1", "x"], "country": ["FR", "FR"]})
        with pytest.raises(DataError, match="columns missing: 'country'"):
            method({"amount": [1.0]})
        with pytest.raises(DataError, match="not there in training: 'city'"):
            method({"amount": [1.0], "country": ["FR"], "city": ["Rome"]})
        with pytest.raises(DataError, match="row 1, column 'amount': found inf"):
            method({"amount": [np.inf], "country": ["FR"]})
        with pytest.raises(ValueError, match="expecting 2 features"):
            method([[1.0, 2.0, 3.0]])


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_mistakes_among_numbers_can_be_declared_categories():
    table = {"code": ["1", "2", "x", "1", "2", "x", "2"], "amount": range(7)}
    detector = TableDetector(**QUICK, categorical=["code"]).fit(table)
    assert detector.preprocessor_.kinds_["code"] == "category"


def test_an_unfitted_detector_cannot_be_saved(tmp_path):
    (tmp_path / "m.npz").write_text("earlier")
    with pytest.raises(NotFittedError, match="has not been fitted"):
        TableDetector().save(tmp_path / "m.npz")
    assert (tmp_path / "m.npz").read_text() == "earlier"


def test_a_full_disk_while_saving_keeps_the_earlier_file(place, monkeypatch):
    detector = load_detector("model.npz")
    before = (place / "model.npz").read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="cannot write to 'model.npz': No space left on device"):
        detector.save("model.npz")
    assert (place / "model.npz").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["earlier", "good.csv", "model.npz"]


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("fit good.csv -m good.csv --label label", "--model"),
        ("score good.csv -m model.npz -o ./good.csv", "--output"),
        ("score good.csv -m model.npz -o model.npz", "--output"),
        ("evaluate good.csv -m model.npz --label label --normal ok --json good.csv", "--json"),
    ],
)
def test_nothing_is_written_over_what_is_read(place, capsys, command, option):
    error = fails(capsys, command, place)
    assert option in error
    assert "name another" in error


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1,5", "2,25", "3", "-1,5"], [1.5, 2.25, 3, -1.5]),
        (["1,200", "950", "12,000.5", "1,100"], [1200, 950, 12000.5, 1100]),
    ],
)
@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_numbers_with_commas_are_not_taken_for_categories(texts, numbers):
    table = {"amount": texts, "size": range(4)}
    other = {"amount": numbers, "size": range(4)}
    scores = [TableDetector(**QUICK).fit(data).decision_function(data) for data in (table, other)]
    np.testing.assert_array_equal(*scores)
    assert TableDetector(**QUICK, categorical=["amount"]).fit(table).preprocessor_.kinds_["amount"] == "category"
