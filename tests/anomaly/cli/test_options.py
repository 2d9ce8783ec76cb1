"""Help texts and options that several commands share."""

import pytest

from anomaly.cli import main
from anomaly.cli.options import check_supported
from anomaly.detectors.sequence.alarms import DEFAULT_RATE


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("fit", ["--false-alarm-rate FRACTION", "--trim FRACTION"]),
        ("score", ["--p-values", "--prior FRACTION", "--expected"]),
    ],
)
def test_help_says_what_is_for_tables(capsys, command, names):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split("options:")[1].split())
    for name in names:
        assert f"{name} tables only:" in text


@pytest.mark.parametrize("command", ["fit", "update", "learn-labels", "score", "evaluate", "drift", "plot"])
def test_help_says_that_a_dash_is_standard_input(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "- is standard input" in " ".join(capsys.readouterr().out.split())


def test_zero_is_a_given_value():
    check_supported({"trim": None, "causal": False, "noise": 0.1}, "series")
    for name, kind in (("trim", "series"), ("stride", "tables")):
        with pytest.raises(ValueError, match=f"--{name} is for "):
            check_supported({name: 0}, kind)


@pytest.mark.parametrize(("kind", "fitted"), [("tables", "a table, without --series"), ("series", "a series")])
def test_options_of_the_other_kind_name_the_model(kind, fitted):
    name, other = ("minimum_length", "series") if kind == "tables" else ("p_values", "tables")
    option = name.replace("_", "-")
    with pytest.raises(ValueError, match=f"--{option} is for {other}; 'm.npz' was fitted on {fitted}"):
        check_supported({name: 1}, kind, "m.npz")


def test_the_help_names_the_rate_of_alarms_that_is_the_default(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    assert f"1/{round(1 / DEFAULT_RATE)} steps" in " ".join(capsys.readouterr().out.split())
