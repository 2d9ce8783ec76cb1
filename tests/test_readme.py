"""Everything the README says to type is typed, in a folder of its own with made-up data."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from anomaly.datasets import make_connections

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

if not README.exists():
    pytest.skip("the README is tested in a checkout, where it is", allow_module_level=True)

TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
COMMANDS = re.findall(r"^    (anomaly .*)$", TEXT, flags=re.MULTILINE)
TYPED = {
    "fit": {"model written to m.npz"},
    "score": set(),
    "evaluate": {"roc auc", "precision"},
    "drift": {"no drift", "Above the threshold"},
    "update": {"300 more records", "model written to m.npz"},
    "learn-labels": {"labelled anomalies", "weight"},
    "compare": {"agreement", "neighbors=20"},
    "plot": {"scores.png", "roc.png"},
    "report": {"report.html"},
    "info": {"settings", "columns", "network"},
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with the files that the README's commands name, small enough to be quick."""
    monkeypatch.chdir(tmp_path)
    data = make_connections(n_records=600, contamination=0.05, random_state=0)
    train, test = data.split(test_size=0.5, random_state=0)
    for name, part in (("train", train), ("test", test), ("new", test)):
        truth = np.where(part.labels == 0, "ok", part.kinds).tolist()
        part.to_csv("made.csv")
        head, *lines = Path("made.csv").read_text(encoding="utf-8").splitlines()
        # As in the README: `number` tells records apart, `class` holds the label, which new records lack.
        rows = [line.rsplit(",", 1)[0] for line in lines]
        columns = head.rsplit(",", 1)[0]
        if name == "new":
            made = [f"number,{columns}", *(f"{i},{row}" for i, row in enumerate(rows))]
        else:
            labelled = zip(rows, truth, strict=True)
            made = [f"number,{columns},class", *(f"{i},{row},{kind}" for i, (row, kind) in enumerate(labelled))]
        Path(f"{name}.csv").write_text("\n".join(made) + "\n", encoding="utf-8")
    return tmp_path


def test_the_readme_has_what_is_tested_here():
    assert len(BLOCKS) == TEXT.count("```python") >= 2
    assert [command.split()[1] for command in COMMANDS] == list(TYPED)


def test_its_commands_work_one_after_the_other(shop, capsys):
    for command in COMMANDS:
        name, *arguments = shlex.split(command)[1:]
        if name == "fit":
            arguments += ["--epochs", "20"]
        assert main([name, *arguments]) == 0, command
        captured = capsys.readouterr()
        assert captured.err == ""
        assert all(part in captured.out for part in TYPED[name])
    scores = (shop / "scores.csv").read_text().splitlines()
    assert scores[0] == "number,score,is_anomaly,top_1,top_1_share,top_2,top_2_share,top_3,top_3_share,rare_missing"
    assert len(scores) == 301


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_its_python_runs(tmp_path, block):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout


def test_what_it_points_to_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_its_set_up_is_two_commands_that_the_project_knows():
    section = TEXT.split("## Set up")[1].split("\n## ")[0]
    assert re.findall(r"^    (.*)$", section, flags=re.MULTILINE) == [
        "python -m pip install . && anomaly demo",
        'python -m pip install ".[test]" && python -m pytest',
    ]


def _environment() -> dict[str, str]:
    """The child finds the packages where this process found them, whatever folder it works in."""
    return {**os.environ, "PYTHONPATH": str(Path(anomaly.__file__).parents[1]), "MPLBACKEND": "Agg"}


def test_the_python_of_the_page_on_series_runs(capsys):
    text = (ROOT / "docs" / "series_in_a_plant.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(block, "series_in_a_plant.md", "exec"), {})
    assert float(capsys.readouterr().out.split()[0]) > 0
