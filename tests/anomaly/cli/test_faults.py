"""A short run of the trials of `tests.anomaly.command_faults`."""

import os
import random
import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs a POSIX shell", allow_module_level=True)

from tests.anomaly.command_faults import COMMANDS, FAULTS, SIGNALS, prepare, trial

SHORT = {
    "score": ("stdout closed", "both full", "a plain locale", "no numba"),
    "score sorted": ("a plain locale",),
    "score file": ("files of 1 KB", "output is a loop of links"),
    "score skipping": ("stderr full", "terminated"),
    "drift": ("both full", "stderr closed", "interrupted twice"),
    "info": ("a plain locale", "nowhere to cache"),
    "fit": ("stderr full", "no file", "interrupted in the dark", "nowhere to cache"),
    "nothing": ("stderr full",),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    prepare(folder)
    return folder


@pytest.mark.parametrize(("command", "fault"), [(one, fault) for one, faults in SHORT.items() for fault in faults])
def test_a_command_beside_a_fault(root, command, fault):
    assert not trial(root, command, fault, random.Random(0))


def test_results_are_utf8_in_any_locale_unless_the_encoding_is_chosen(root):
    command = [sys.executable, "-m", "anomaly", "score", "data.csv", "-m", "m.npz", "--columns", "kind"]
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=root, env={**os.environ, **plain}, capture_output=True, check=True)
    assert "süd" in done.stdout.decode("utf-8")
    chosen = {**os.environ, **plain, "PYTHONIOENCODING": "gb18030"}
    done = subprocess.run(command, cwd=root, env=chosen, capture_output=True, check=True)
    assert "süd" in done.stdout.decode("gb18030")


def test_the_tables_are_whole():
    assert set(SHORT) <= set(COMMANDS)
    assert {fault for faults in SHORT.values() for fault in faults} | set(SIGNALS) <= set(FAULTS)
