"""The tutorials run from top to bottom and come to the conclusions that their texts draw."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nnlite

TUTORIALS = Path(__file__).parents[1] / "tutorials"
TUTORIAL = TUTORIALS / "seed_example.py"

if not TUTORIALS.exists():
    pytest.skip("tutorials are tested in a checkout, where they are", allow_module_level=True)


def printed(tutorial, folder=None):
    """Return what a tutorial prints that is run in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(Path(nnlite.__file__).parents[1]), "MPLBACKEND": "Agg"}
    command = [sys.executable, "-W", "error", str(tutorial)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def output():
    return printed(TUTORIAL)


def figure(output, pattern):
    found = re.search(pattern, output)
    assert found, f"{pattern!r} is not in:\n{output}"
    return float(found[1].replace(",", ""))


def test_the_first_program_finds_more_outliers_than_there_are_records(output):
    assert figure(output, r"'outliers': ([\d,]+) found among 1,000") > 1000


def test_what_is_wrong_is_shown_in_figures(output):
    assert figure(output, r"mean of the 'outlier' rows ([\d.]+)") == pytest.approx(0.5, abs=0.1)
    assert figure(output, r"of all others ([\d.]+): all were shifted alike") == pytest.approx(0.5, abs=0.1)
    assert figure(output, r"(\d+)% of the values lie outside \[0, 1\]") > 50
    assert figure(output, r"name (\d+) different records") > 950
    assert figure(output, r"still lose (\d+)% of the variance") > 30


def test_the_version_that_works_finds_most_anomalies_with_few_false_alarms(output):
    assert figure(output, r"anomalies found: (\d+) of 100") > 85
    assert figure(output, r"false alarms: (\d+) of 300") < 20
    assert figure(output, r"the same by hand: ROC AUC ([\d.]+)") > 0.95
    assert figure(output, r"AutoencoderDetector: ROC AUC ([\d.]+)") > 0.95
    assert figure(output, r"TableDetector: ROC AUC ([\d.]+)") > 0.95


def test_it_is_the_first_program_but_for_its_imports():
    """Only the two import lines changed, and a seed was added: `keras` names the lines that were there."""
    program = TUTORIAL.read_text(encoding="utf-8").split("# Part 2.")[0]
    changed = [line for line in program.splitlines() if "# was: from keras" in line]
    assert len(changed) == 2
    for line in changed:
        now, before = line.split("# was: ")
        assert sorted(re.findall(r"\w+", now.split("import")[1])) == sorted(
            re.findall(r"\w+", before.split("import")[1])
        )


def test_backpropagation_by_hand_is_right_and_is_what_a_model_does():
    output = printed(TUTORIALS / "backpropagation.py")
    assert figure(output, r"largest difference over 73 weights: (\S+)") < 1e-8
    assert figure(output, r"in the first, ([\d.]+) in the last") < 0.03
    for backend in ("numpy", "numba"):
        assert figure(output, rf"{backend}: loss [\d.]+, at most (\S+) from ours") < 1e-12


def test_both_faults_of_the_machine_are_found_with_their_sensors(tmp_path):
    output = printed(TUTORIALS / "series.py", tmp_path)
    assert figure(output, r"loose bolt: (\d+)% of its steps") < 20
    assert figure(output, r"stuck sensor: (\d+)% of its steps") < 20
    assert figure(output, r"n found\s+(\d+)") == 2
    assert figure(output, r"n alarms\s+(\d+)") == figure(output, r"n right alarms\s+(\d+)")
    first, *others = re.findall(r"steps \d+ to \d+, peak [\d.]+: (\w+)", output)
    assert first == "vibration"
    assert set(others) == {"temperature"}
    assert figure(output, r"first alarm of the loose bolt (\d+) steps") < 30
    assert (tmp_path / "series.png").stat().st_size > 10_000
