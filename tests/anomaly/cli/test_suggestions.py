"""What may have been meant: commands, options and columns that do not exist, and no command at all."""

import re

import pytest

from anomaly.cli import main
from anomaly.cli.commands import COMMANDS
from anomaly.cli.dispatch import _parser_of
from tests.anomaly.command_line import fails


def test_without_a_command_the_help_is_printed(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])
    out, err = capsys.readouterr()
    assert (stop.value.code, err) == (2, "")
    assert all(f"\n    {name}" in out for name in COMMANDS)
    assert "\n  2    wrong use, such as no command, or wrong data;" in out


@pytest.mark.parametrize(("typed", "meant"), [("scroe", "score"), ("learn_labels", "learn-labels"), ("infos", "info")])
def test_a_command_that_may_have_been_meant(capsys, typed, meant):
    assert f"invalid choice: {typed!r}; did you mean {meant!r}? The commands are demo, " in fails(
        capsys, typed, "x.csv"
    )


@pytest.mark.parametrize(
    ("arguments", "typed", "meant"),
    [
        (["score", "a.csv", "--modle", "m.npz"], "--modle", "--model"),
        (["score", "a.csv", "--p_values", "-m", "m.npz"], "--p_values", "--p-values"),
        (["fit", "a.csv", "-m", "m.npz", "--epoch=5", "--hiden=5"], "--hiden", "--hidden"),
        (["drift", "--levle=5"], "--levle", "--level"),
        (["info", "--mdoel", "m.npz"], "--mdoel", "--model"),
    ],
)
def test_an_option_that_may_have_been_meant(capsys, arguments, typed, meant):
    assert f"unrecognized arguments: {typed}; did you mean {meant!r}? (see " in fails(capsys, *arguments)


def usage(capsys, command):
    """Return what the help of a command says of its usage, where all its options are."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return " ".join(capsys.readouterr().out.split("\n\n")[0].split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_is_suggested(capsys, command):
    options = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", usage(capsys, command)))
    assert len(options) >= 2
    for option in options:
        typed = option[:4] + "_" + option[4:]  # a slip of the finger
        message = fails(capsys, command, typed)
        assert f"unrecognized arguments: {typed}; did you mean {option!r}?" in message


# What else a command needs before it looks at the column that an option names.
WITH = {
    ("fit", "--time"): ["--series"],
    ("fit", "--group"): ["--series"],
    ("score", "--time"): ["--budget", "5/day"],
}
OF_SERIES = {("fit", "--time"), ("fit", "--group"), ("score", "--group"), ("evaluate", "--group")}


def commands_with_columns():
    """Return each command with each of its options that takes the name of a column."""
    found = []
    for command in COMMANDS:
        options = _parser_of(command)[1][command].format_usage()
        found += [(command, one) for one in re.findall(r"(--[\w-]+) COL\b", " ".join(options.split()))]
    return found


@pytest.mark.parametrize(("command", "option"), commands_with_columns())
def test_a_column_is_suggested_by_every_option_of_every_command(
    folder, series_folder, capsys, tmp_path, command, option
):
    of_series = (command, option) in OF_SERIES
    data = series_folder / "train.csv" if of_series else folder / "numbered.csv"
    column, typed = ("state", "satte") if of_series else ("duration_s", "duraton_s")
    label = ("state", "ok") if of_series else ("label", "normal")
    arguments = [command, data, *WITH.get((command, option), [])]
    if command in ("fit", "compare"):
        arguments += ["-m", tmp_path / "new.npz"] if command == "fit" else []
        arguments += [] if option in ("--label", "--keep", "--drop") else ["--id", "time" if of_series else "number"]
    else:
        arguments += ["-m", (series_folder if of_series else folder) / "m.npz"]
        arguments += [] if option in ("--id", "--drop") else ["--id", "time" if of_series else "number"]
    if command in ("evaluate", "learn-labels"):
        arguments += ["--normal", label[1], *(["--label", label[0]] if option != "--label" else [])]
    if command in ("update", "learn-labels", "report", "plot"):
        arguments += ["-o", tmp_path / "out"]
    assert f"; did you mean {column!r}?" in fails(capsys, *arguments, option, typed)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["score", "a.csv", "-m", "m.npz", "--format", "jsnl"], "jsonl"),
        (["fit", "a.csv", "-m", "m.npz", "--scaling", "Standart"], "standard"),
        (["fit", "a.csv", "-m", "m.npz", "--network", "cnov"], "conv"),
        (["fit", "a.csv", "-m", "m.npz", "--on-bad-row", "skp"], "skip"),
        (["demo", "--data", "transaction"], "transactions"),
        (["completion", "bahs"], "bash"),
    ],
)
def test_a_value_that_may_have_been_meant(capsys, arguments, meant):
    assert f"; found {arguments[-1]!r}; did you mean {meant!r}? (see 'anomaly {arguments[0]} --help')" in fails(
        capsys, *arguments
    )


@pytest.mark.parametrize(
    ("setting", "meant"),
    [("detector=Tabel", "TableDetector"), ("nieghbors=3", "neighbors"), ("scaling=quantil", "quantile")],
)
def test_a_setting_that_may_have_been_meant(folder, capsys, setting, meant):
    assert f"; did you mean {meant!r}?" in fails(capsys, "compare", folder / "train.csv", "--setting", setting)


def test_a_label_that_may_have_been_meant(folder, capsys, tmp_path):
    fit = ["fit", folder / "train.csv", "-m", tmp_path / "new.npz", "--label", "label"]
    assert "; did you mean 'normal'?" in fails(capsys, *fit, "--normal", "noraml")
    assert "; did you mean 'best_f1'?" in fails(capsys, *fit, "--normal", "normal", "--threshold", "bestf1")


def test_nothing_is_suggested_where_nothing_is_alike(capsys):
    assert "unrecognized arguments: --zzz (see 'anomaly score --help')" in fails(capsys, "score", "a.csv", "--zzz")
    assert "did you mean" not in fails(capsys, "qqqqq")


def test_what_begins_like_an_option_may_be_a_file(folder, capsys):
    # After -- there are no options; a text with blanks is none either.
    assert "--no-such.csv" in fails(capsys, "score", "-m", folder / "m.npz", "--", "--no-such.csv")


def test_a_column_that_may_have_been_meant(folder, capsys, tmp_path):
    score = ["score", folder / "numbered.csv", "-m", folder / "m.npz"]
    assert "; did you mean 'number'?" in fails(capsys, *score, "--id", "Numbre")
    fit = ["fit", folder / "train.csv", "-m", tmp_path / "new.npz"]
    for option in ("--drop", "--categorical", "--keep", "--label", "--group"):
        assert "; did you mean 'duration_s'?" in fails(capsys, *fit, option, "duration-S"), option
    assert "; did you mean 'duration_s'?" in fails(capsys, *fit, "--series", "--time", "duraton_s")
    text = (folder / "numbered.csv").read_text().replace("duration_s", "duration", 1)
    (tmp_path / "renamed.csv").write_text(text)
    err = fails(capsys, "score", tmp_path / "renamed.csv", "-m", folder / "m.npz", "--id", "number")
    assert "columns missing: 'duration_s'; the table has " in err
    assert "; did you mean 'duration'?" in err
