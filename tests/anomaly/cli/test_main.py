"""The entry point: help, exit codes, warnings and interruptions."""

import subprocess
import sys

import pytest

import anomaly
from anomaly.cli import main
from anomaly.cli.commands import COMMANDS
from tests.anomaly.command_line import fails, run, with_file


@pytest.mark.parametrize(
    "command", ["demo", "fit", "update", "learn-labels", "score", "evaluate", "drift", "plot", "info"]
)
def test_each_command_has_help_with_an_example(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert f"example:\n  anomaly {command}" in out
    # The example parses.
    from anomaly.cli.dispatch import parse

    example = out.split("example:\n  anomaly ")[1].split("\n")[0]
    assert callable(parse(example.split()).run)


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert anomaly.__version__ in capsys.readouterr().out


def test_python_m_anomaly():
    done = subprocess.run([sys.executable, "-m", "anomaly", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("anomaly ")


def test_interruption_is_no_traceback(folder, capsys, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("anomaly.cli.inputs.load_detector", interrupt)
    code, _, err = run(capsys, "info", "-m", folder / "m.npz")
    assert (code, err) == (130, "anomaly: interrupted\n")


def test_a_reader_that_has_seen_enough_is_no_error(folder):
    program = f"{sys.executable} -m anomaly score {folder / 'test.csv'} -m {folder / 'm.npz'} | head -1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False)
    assert done.stdout == "row,score,is_anomaly\n"
    assert done.stderr == ""


def test_a_rate_that_the_records_cannot_promise_is_one_line_of_warning(capsys, tmp_path):
    data = with_file(tmp_path, "a,b\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(40)))
    code, _, err = run(capsys, "fit", data, "-m", tmp_path / "m.npz", "--false-alarm-rate", "0.001", "--epochs", "1")
    assert code == 0
    assert err.startswith(
        "anomaly: warning: false_alarm_rate=0.001 cannot be promised by 40 scores, only 0.024 or more"
    )
    assert err.endswith("Give at least 999 records, or a larger false_alarm_rate\n")
    assert err.count("\n") == 1


def imported(*arguments):
    """Return the modules of the command line that a command imports."""
    program = (
        "import sys; from anomaly.cli import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit: pass\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('anomaly.cli.', 'anomaly.detectors.'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_lists_all_commands_and_imports_none():
    found = {name for name in imported("--help") if name.startswith("anomaly.cli.")}
    assert found == {"anomaly.cli.commands", "anomaly.cli.dispatch", "anomaly.cli.streams"}


def test_a_command_imports_no_other_command():
    commands = {f"anomaly.cli.{name.replace('-', '_')}" for name in COMMANDS}
    for name in ("info", "score", "fit"):
        found = imported(name, "--help")
        assert found & commands == {f"anomaly.cli.{name}"}
        assert "anomaly.detectors.sequence.detector" not in found


def test_each_command_is_listed_with_one_line(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = " ".join(capsys.readouterr().out.split())
    for name, text in COMMANDS.items():
        assert f"{name} {text}" in out


def test_an_unknown_command_is_one_line(capsys):
    assert "invalid choice: 'nope'" in fails(capsys, "nope")


def test_strict_turns_warnings_into_errors(capsys, tmp_path):
    path = with_file(tmp_path, "a,b,c\n" + "".join(f"{i % 7},{i % 5},\n" for i in range(60)))
    fit = ["fit", path, "-m", tmp_path / "m.npz", "--epochs", "2", "--hidden", "4"]
    code, _, err = run(capsys, *fit)
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("anomaly: warning: all values missing")
    (tmp_path / "m.npz").unlink()
    error = fails(capsys, *fit, "--strict")
    assert error.startswith("anomaly: error: all values missing")
    assert error.endswith("(a warning without --strict)\n")
    assert not (tmp_path / "m.npz").exists()


@pytest.mark.parametrize("command", [[], ["fit"], ["drift"]])
def test_the_help_lists_the_exit_codes(capsys, command):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    out = capsys.readouterr().out
    for line in ("  0    done", "  1    the answer is yes", "  2    wrong use", "  3    done, but rows were left out"):
        assert line in out
