"""The notebooks of the course run from top to bottom; their assertions hold, and nothing goes to standard error."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import nnlite

TUTORIALS = Path(__file__).parents[1] / "tutorials"

if not TUTORIALS.exists():
    pytest.skip("tutorials are tested in a checkout, where they are", allow_module_level=True)

# Folder to which the notebooks are written with their outputs, if there is one.
RESULTS = os.environ.get("NNLITE_COURSE_RESULTS")
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))
INDEX = (TUTORIALS / "README.md").read_text(encoding="utf-8")


def read(path):
    return nbformat.read(path, as_version=4)


def printed(notebook):
    """Return what the cells of a notebook that was run have printed."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def run(path, monkeypatch):
    """Run a notebook in its folder, and return it with its outputs, which the site shows (`docs.build_site`)."""
    notebook = read(path)
    monkeypatch.setenv("PYTHONPATH", str(Path(nnlite.__file__).parents[1]))
    # The kernel draws into the notebook, whatever the tests draw to.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    if RESULTS:
        Path(RESULTS).mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, Path(RESULTS) / path.name)
    return notebook


def figure(text, pattern):
    found = re.search(pattern, text)
    assert found, f"{pattern!r} is not in:\n{text}"
    return float(found[1].replace(",", ""))


# What the texts of a notebook say of its figures: a pattern, and the range of the number in it.
CONCLUSIONS = {
    "01_one_neuron": [(r"right in (\d+)% of the hours", 90, 100)],
    "02_backpropagation": [
        (r"largest difference over 73 weights: (\S+)", 0, 1e-8),
        (r"at most (\S+) from ours", 0, 1e-10),
    ],
    "03_graph": [(r"ratio (\d+)", 50, 1e6)],
    "04_optimizers": [
        (r"Adam +best rate +\S+: height (\S+)", 0, 1e-6),
        (r"plain descent +best rate +\S+: height (\S+)", 1e-6, 1),
    ],
    "05_autoencoder": [(r"ROC AUC of the error: (\S+)", 0.6, 0.95), (r"average +error (\S+)", 0, 0.02)],
    "06_ten_features": [
        (r"([\d,]+) 'outliers' found among 1,000", 1001, 1e5),
        (r"(\d+)% of the values lie outside \[0, 1\]", 50, 100),
        (r"name (\d+) different records", 950, 1000),
        (r"still lose (\d+)% of the variance", 30, 100),
    ],
    "07_preprocessing": [
        (r"pressure in millibar +average precision (\S+)", 0, 0.3),
        (r"standardized +average precision (\S+)", 0.5, 1),
    ],
    "08_convolution": [
        (r"convolution +training \S+, test (\S+)", 0.95, 1),
        (r"dense +training \S+, test (\S+)", 0, 0.9),
    ],
    "09_recurrent": [
        (r"LSTM +root mean squared error (\S+)", 0.3, 0.65),
        (r"last value again +root mean squared error (\S+)", 0.7, 1),
    ],
    "10_variational": [(r"mean pixel: correlation (\S+)", 0.98, 1)],
    "11_card_fraud": [
        (r"the +30 highest scores: (\d+)%", 10, 100),
        (r"columns as they are +average precision (\S+)", 0.05, 0.3),
        (r"with derived columns +average precision (\S+)", 0.35, 1),
    ],
    "12_network_intrusion": [(r"AP with all kinds known: (\S+)", 0.9, 1)],
    "13_machine_failure": [(r"n found +(\d+)", 2, 2), (r"loose bolt: (\d+)% of its steps", 0, 20)],
    "14_how_it_is_fast": [(r"losses differ by at most (\S+)", 0, 1e-5)],
    "15_small_device": [(r"no records +\d+ kB, average precision (\S+)", 0.3, 0.65)],
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_comes_to_its_conclusions(path, monkeypatch):
    done = run(path, monkeypatch)
    text = printed(done)
    for pattern, least, most in CONCLUSIONS[path.stem]:
        assert least <= figure(text, pattern) <= most, pattern
    pictures = [
        output for cell in done.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert pictures


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_clean_and_has_exercises_with_hidden_solutions(path):
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code), "clear the outputs"
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert text.startswith(f"# {path.stem[:2]} ")
    exercises = re.findall(r"^\*\*(\d)\.\*\*", text.partition("## Exercises")[2], flags=re.MULTILINE)
    solutions = [cell for cell in code if "solution" in cell.metadata.get("tags", [])]
    assert exercises == [str(k + 1) for k in range(len(solutions))]
    assert len(exercises) >= 3
    for k, cell in enumerate(solutions):
        assert cell.metadata["jupyter"]["source_hidden"]
        assert cell.source.startswith(f"# Solution {k + 1}.")


def test_the_index_names_every_notebook():
    assert sorted(re.findall(r"\((\d\d_\w+\.ipynb)\)", INDEX)) == [path.name for path in NOTEBOOKS]
    assert set(CONCLUSIONS) == {path.stem for path in NOTEBOOKS}


def test_the_first_program_is_as_it_was_but_for_its_imports():
    """Only two import lines changed, and a seed was added: `keras` names the lines that were there."""
    program = next(
        cell.source for cell in read(TUTORIALS / "06_ten_features.ipynb").cells if "was: from keras" in cell.source
    )
    changed = [line for line in program.splitlines() if "# was: from keras" in line]
    assert len(changed) == 2
    for line in changed:
        now, before = line.split("# was: ")
        assert sorted(re.findall(r"\w+", now.split("import")[1])) == sorted(
            re.findall(r"\w+", before.split("import")[1])
        )
