"""Completion in shells: what may come next on a line, and the shells themselves where they are installed."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("argcomplete")

from anomaly.cli import main
from anomaly.cli.completion import SHELLS, complete
from anomaly.cli.dispatch import _parser_of


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with data, a model's file, and the command ``anomaly``."""
    (tmp_path / "pay.csv").write_text("betrag;land;klasse\n3,5;FR;ok\n7,0;DE;fraud\n")
    (tmp_path / "model.npz").touch()
    (tmp_path / "notes.doc").touch()
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "anomaly"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m anomaly "$@"\n')
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path


def completed(monkeypatch, line):
    """Return what may come next."""
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.setenv("_ARGCOMPLETE_IFS", "\n")
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    # It would close a file of the tests' number 9 at the end.
    monkeypatch.setattr("argcomplete.CompletionFinder._init_debug_stream", lambda _: None)
    found = io.StringIO()
    complete(lambda chosen: _parser_of(chosen)[0], found)
    return {one.strip() for one in found.getvalue().split("\n")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("anomaly ", {"fit", "score", "report", "completion"}),
        ("anomaly sc", {"score"}),
        ("anomaly fit pay.csv --mod", {"--model"}),
        ("anomaly fit pay.csv --scaling ", {"core", "standard", "quantile"}),
        ("anomaly fit pay.csv --label ", {"betrag", "land", "klasse"}),
        ("anomaly fit pay.csv --label k", {"klasse"}),
        ("anomaly fit pay.csv --label klasse --normal ", {"ok", "fraud"}),
        ("anomaly evaluate pay.csv --by land,k", {"land,klasse"}),
        ("anomaly score p", {"pay.csv"}),
        ("anomaly score pay.csv --model ", {"model.npz"}),
        ("anomaly completion ", set(SHELLS)),
    ],
)
def test_what_may_come_next(line, expected, place, monkeypatch):
    found = completed(monkeypatch, line)
    assert expected <= found
    assert "notes.doc" not in found


@pytest.mark.parametrize("data", ["nowhere.csv", "-", "model.npz", "."])
def test_data_that_cannot_be_read_have_no_columns(data, place, monkeypatch):
    assert completed(monkeypatch, f"anomaly fit {data} --label ") <= {""}


def test_columns_are_those_of_the_form_that_is_given(place, monkeypatch):
    (place / "pay.csv").write_text("# made today\nbetrag|land\n3,5|FR\n")
    found = completed(monkeypatch, "anomaly fit pay.csv --comment \\# --delimiter \\| --id ")
    assert found == {"betrag", "land"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_what_a_shell_runs(shell, capsys):
    assert main(["completion", shell]) == 0
    assert "anomaly" in capsys.readouterr().out


def test_without_the_library_an_error_tells_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert main(["completion", "bash"]) == 2
    assert "the extra 'completion'" in capsys.readouterr().err


_ASKED = {
    "bash": 'eval "$(anomaly completion bash)"; COMP_LINE="anomaly fit pay.csv --label kl"; COMP_POINT=${#COMP_LINE}; '
    "COMP_WORDS=(anomaly fit pay.csv --label kl); COMP_CWORD=4; COMP_TYPE=9; _python_argcomplete anomaly; "
    'echo "${COMPREPLY[@]}"',
    "fish": 'anomaly completion fish | source; complete -C "anomaly fit pay.csv --label kl"',
    # What a shell without a terminal can show: that its completion is defined.
    "zsh": 'autoload -U compinit; compinit -u -D; eval "$(anomaly completion zsh)"; echo "${_comps[anomaly]:+klasse}"',
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_a_column(shell, place):
    if shutil.which(shell, path="/usr/bin:/bin") is None:
        pytest.skip(f"{shell} is not installed")
    found = subprocess.run([shell, "-c", _ASKED[shell]], capture_output=True, text=True, cwd=place, check=False)
    assert "klasse" in found.stdout, found.stderr
