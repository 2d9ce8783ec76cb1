"""What processes import: everybody waits for each module, at every start."""

import subprocess
import sys

import numpy as np
import pytest

from anomaly import TableDetector

_WATCHED = {"zipfile", "decimal", "threading", "numpy.typing", "dataclasses", "pathlib"}
_LOADED = "print(*sorted(name for name in sys.modules if name.startswith(('nnlite', 'anomaly')) or name in WATCHED))"


def _modules(program, *arguments):
    # An environment may import some of them at its start.
    watched = f"import sys; WATCHED = {_WATCHED} - set(sys.modules)\n"
    command = [sys.executable, "-c", f"{watched}{program}\n{_LOADED}", *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_nnlite_imports_nothing_before_a_name_is_used():
    # Where lower modules find what they need of higher ones is said at once.
    expected = {"nnlite", "nnlite.services"}
    assert {name for name in _modules("import nnlite") if name.startswith("nnlite")} == expected
    assert "nnlite.layers" in _modules("import nnlite; nnlite.Input")


def test_unknown_names_are_refused():
    import nnlite

    with pytest.raises(AttributeError, match="no attribute 'unknown'"):
        nnlite.unknown  # noqa: B018
    assert set(nnlite.__all__) <= set(dir(nnlite))


def test_scoring_does_not_wait_for_training(tmp_path):
    path = tmp_path / "model.npz"
    x = np.random.default_rng(0).normal(size=(60, 3))
    TableDetector(hidden=(4,), epochs=1, random_state=0).fit(x).save(path)
    program = (
        "sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from anomaly import load_detector\n"
        "load_detector(sys.argv[1]).decision_function(np.zeros((2, 3)))"
    )
    found = _modules(program, str(path))
    for_training = {
        "nnlite.callbacks.records",
        "nnlite.checkpoints",
        "nnlite.divergence",
        "nnlite.metrics.names",
        "nnlite.training_state",
        "anomaly.detectors.table.training",
    }
    # zipfile is for files of other forms, decimal for such numbers, threads for progress. Dataclasses are compiled when
    # they are defined, and pathlib imports the parts of internet addresses.
    assert not found & {*for_training, "zipfile", "decimal", "numpy.typing", "dataclasses", "pathlib"}
    # Networks of the usual form are layers alone until something asks for a model.
    assert not found & {"nnlite.models", "nnlite.layers", "nnlite.optimizers", "nnlite.losses"}
    assert len([name for name in found if name.startswith(("nnlite", "anomaly"))]) <= 77


def test_a_compiled_fit_imports_the_rules_of_its_layers():
    pytest.importorskip("numba")
    program = (
        "import numpy as np\n"
        "from nnlite.layers import Dense, Input\n"
        "from nnlite.models import Sequential\n"
        "model = Sequential([Input((3,)), Dense(2)])\n"
        "model.compile('adam', 'mse')\n"
        "model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0, backend='numba')"
    )
    found = _modules(program)
    assert "nnlite.engine.lowering.dense" in found
    assert not found & {"nnlite.engine.lowering.convolution", "nnlite.engine.lowering.recurrent", "nnlite.likelihoods"}


def test_a_command_that_scores_waits_for_no_other_commands_parts(tmp_path):
    path, rows = tmp_path / "model.npz", tmp_path / "rows.csv"
    x = np.random.default_rng(0).normal(size=(60, 3))
    TableDetector(hidden=(4,), epochs=1, random_state=0).fit(x).save(path)
    rows.write_text("0,1,2\n0.1,0.2,0.3\n")
    program = "from anomaly.cli import main\nmain(['score', sys.argv[2], '--no-header', '--model', sys.argv[1], '-q'])"
    found = _modules(program, str(path), str(rows))
    others = {
        "anomaly.cli.budget",
        "anomaly.cli.events",
        "anomaly.cli.held_rows",
        "anomaly.cli.long_tables",
        "anomaly.drift",
        "anomaly.preprocessing.columns.inference",
        "anomaly.report",
        "anomaly.tables.arff_files",
        "anomaly.tables.mat_files",
    }
    assert not found & {*others, "numpy.typing"}
