"""The structure of the two packages: imports, lengths, and what is passed between modules, held to upper bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

import anomaly
from benchmarks.house.command import measures, walk_measures
from benchmarks.house.imports import all_imports, circles, graph_of, imports_of
from benchmarks.house.sources import Source, read_sources
from docs.make_architecture_picture import arrows, levels

ROOT = Path(anomaly.__file__).parents[1]
SOURCES = read_sources(ROOT)
IMPORTS = all_imports(SOURCES)

# Who may not import whom, by the beginning of names.
FORBIDDEN = [
    ("nnlite", "anomaly"),
    ("nnlite.layers", "nnlite.engine"),
    ("nnlite.layers", "nnlite.models"),
    ("nnlite.layers", "nnlite.network"),
    ("nnlite.layers", "nnlite.training"),
    ("nnlite.engine", "nnlite.training"),
    ("nnlite.engine", "nnlite.models"),
    ("nnlite.engine.lowering", "nnlite.engine.runtime"),
    ("nnlite.engine.kernels", "nnlite.engine.lowering"),
    ("nnlite.engine.codegen", "nnlite.engine.kernels"),
    ("anomaly.tables", "anomaly.preprocessing"),
    ("anomaly.tables", "anomaly.detectors"),
    ("anomaly.preprocessing", "anomaly.detectors"),
    ("anomaly.thresholds", "anomaly.detectors"),
    ("anomaly.metrics", "anomaly.detectors"),
    ("anomaly.plots", "anomaly.cli"),
    ("anomaly.detectors", "anomaly.cli"),
    ("anomaly.detectors", "anomaly.plots"),
    ("anomaly.report", "anomaly.detectors"),
]

# Imports inside functions, by importer: each for start-up time, or to keep NumPy alone enough for scoring.
LATE = {
    "anomaly.cli": "a command's own modules are loaded when it is chosen",
    "anomaly.plots": "Matplotlib's parts, and curves that one picture needs",
    "anomaly.detectors": "layers that one kind of network needs, and reports, plots, drift and labels, when asked for",
    "anomaly.preprocessing.columns.zones": "the database of zones, which most tables do not need",
    "anomaly.preprocessing.columns.date_columns": "forms of dates, when fitting",
    "anomaly.preprocessing.columns.kinds": "forms of text, which numbers do not have",
    "anomaly.preprocessing.columns.values": "forms of text, which numbers do not have",
    "anomaly.preprocessing.fitted": "scales that are learned when fitting",
    "anomaly.preprocessing.parameters": "formats of dates and zones, which are checked when fitting",
    "anomaly.preprocessing.table": "what is learned of columns when fitting, and forms in which values are written",
    "anomaly.preprocessing.scaling.quantile": "quantiles of the normal distribution, which one scaling needs to fit",
    "anomaly.tables.other_files": "forms of files other than CSV, of which a process reads one or none",
    "anomaly.distributed": "Dask, which is installed beside",
    "anomaly.tables.frames": "a kind of table that few processes have",
    "nnlite.archive": "writing, which a process that scores does not",
    "nnlite.backends": "the engine, which needs Numba",
    "nnlite.callbacks.schedules": "a rare layer",
    "nnlite.callbacks.records": "outputs of notebooks",
    "nnlite.layers.arguments": "constraints, which few layers have",
    "nnlite.limits": "graphs, which a network that is read as a chain of layers does not have",
    "nnlite.models": "pictures, for notebooks",
    "nnlite.noisy_copies": "layers and models, which a network that is read as a chain of layers does not need",
    "nnlite.saved_network": "models, when one is asked for",
    "nnlite.metrics.base": "arrays of metrics of one's own",
    "nnlite.delimited": "the engine, which needs Numba",
    "nnlite.engine.lowering": "rules of layers and losses that few models have",
    "nnlite.training": "what only fit needs, and scoring need not wait for",
    "nnlite.streaming": "what only fit needs, and scoring need not wait for",
}

# What columns hold is several ideas: the kind of each, what is learned or left out, and what parameters say. Text of
# a file is compared with each form that numbers and times are written in.
# Reading a file is several ideas: its bytes, its form, its records, its columns, and text with codes. What was fitted
# says which columns are numbers, and the form of its files. Fitting a table has an idea of its own for records that
# depend on each other. The contract of scikit-learn is one more, for all of them; the command has one for closed
# streams, one for spreadsheets, one for mistyped options. Writing scores is several: arguments, columns, rows that
# wait, and formats.
# Text in a format that is no table, such as JSON, is told by a module of its own, and refused.
# Whether a table fits in memory is asked before it is read. The command shows its progress where it is wanted.
# Expressions that read text are compiled on first use, by a module of their own. What is shown of names is escaped by
# the module of errors, for the command and the library alike. The settings of an ensemble are apart from its training,
# which scoring does not import. `anomaly` itself is one: it imports what is asked for.
MOST_FILES = {
    # One of them is what networks and regressions have in common.
    "files of anomaly entered by TableDetector.fit": 38,
    "files of anomaly entered by decision_function": 16,
    # Members in files are apart from the ensemble, and so are networks that are read without building models.
    "files of anomaly entered by load_detector": 27,
    # Two of them are the members that find what is too quiet, and what they measure; one is the scale of recent scores.
    "files of anomaly entered by SequenceDetector.fit": 57,
    # Rows of totals, and steps told to a running job, are apart from what every process imports.
    "files of anomaly entered by anomaly fit": 75,
    "files of anomaly entered by anomaly score": 61,
}

AT_MOST = {
    "circles of imports": 0,
    # Six of them send a detector to the workers of a cluster, or take what came back.
    "functions that take a whole detector or preprocessor": 12,
    "reads of another object's private members": 0,
    # `run` of each command, and two of `anomaly.cli.options`.
    "functions that take the raw Namespace": 16,
    "modules above 250 lines of code": 0,
    # With the contract of scikit-learn, which detectors and preprocessors share.
    "modules at the top of anomaly": 7,
}


@pytest.fixture(scope="module")
def static():
    return measures(SOURCES)


@pytest.fixture(scope="module")
def walked():
    return dict(walk_measures(SOURCES))


@pytest.mark.parametrize("what", AT_MOST)
def test_the_sources_keep_to_the_house(static, what):
    assert len(static[what]) <= AT_MOST[what], "\n".join(static[what])


def test_no_rooms_import_each_other_in_a_circle():
    assert levels(arrows())["anomaly/cli"] > levels(arrows())["nnlite/layers"]


@pytest.mark.parametrize(("importer", "imported"), FORBIDDEN)
def test_imports_run_one_way(importer, imported):
    def within(name, place):
        return name == place or name.startswith(f"{place}.")

    found = [
        f"{one.importer} -> {one.imported}"
        for one in IMPORTS
        if within(one.importer, importer) and within(one.imported, imported)
    ]
    assert not found


def test_imports_inside_functions_are_for_start_up_time():
    # The face of a package imports on first access: `__getattr__` is there for nothing else.
    inside = [one for one in IMPORTS if one.function not in (None, "__getattr__")]
    hidden = [one for one in inside if not any(one.importer.startswith(place) for place in LATE)]
    assert not [f"{one.importer}.{one.function} imports {one.imported}" for one in hidden]


@pytest.mark.parametrize("what", MOST_FILES)
def test_a_run_enters_few_files(walked, what):
    assert len(walked[what]) <= MOST_FILES[what], "\n".join(walked[what])


# Who calls modules that its imports do not lead to: base classes their subclasses, and tables what was registered.
DISPATCHES = {
    "nnlite.activations.base": "the functions that derive from it",
    "anomaly.tables.csv_records": "the iterator of lines that it is given",
    "anomaly.tables.read_ahead": "the iterator that it is given",
    "anomaly.cli.dispatch": "the command that was chosen",
    "anomaly.detectors.base": "its subclasses",
    "anomaly.estimator": "its subclasses",
    "anomaly.detectors.record_detector": "its subclasses",
    "anomaly.detectors.row_detector": "its subclasses",
    "anomaly.detectors.table.members": "its subclasses",
    "anomaly.preprocessing.scaling.base": "its subclasses",
    "anomaly.thresholds.base": "its subclasses",
    "nnlite.callbacks.base": "its subclasses",
    "nnlite.layers.tracking": "the layers inside, of which some are models",
    "nnlite.layers.variable_names": "its subclasses",
    "nnlite.engine.lowering.graph": "the rule that is registered for a layer",
    "nnlite.engine.program": "the backward steps that rules leave behind",
    "nnlite.engine.runtime.threads": "the functions that it is to run in threads",
    "nnlite.layers.arguments": "the method build that it wraps",
    "nnlite.layers.base": "its subclasses",
    "nnlite.row_threads": "the function whose rows it divides",
    "nnlite.random": "the layer that it gives a generator, when its attribute is set",
    "nnlite.losses.base": "its subclasses",
    "nnlite.network": "the layers of the graph",
    "nnlite.optimizers.base": "its subclasses",
    "nnlite.prediction": "its subclasses",
    "nnlite.registry": "the classes that are registered",
    "nnlite.values": "its subclasses",
}


def test_calls_follow_imports(walked):
    calls = walked["calls into a module that the caller's imports do not reach"]
    assert not [call for call in calls if call.partition(" ->")[0] not in DISPATCHES]


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles(graph_of(IMPORTS)) == []


def test_imports_by_a_name_are_seen(tmp_path):
    path = tmp_path / "types.py"
    path.write_text('def f():\n    import_module("nnlite.graph")\n    provide(a="nnlite.layers.base:Layer")\n')
    found = imports_of(Source("nnlite.types", path), SOURCES)
    assert [(one.imported, one.function) for one in found] == [("nnlite.graph", "f"), ("nnlite.layers.base", "f")]
    assert any((one.importer, one.imported) == ("nnlite", "nnlite.layers.operators") for one in IMPORTS)


def test_every_folder_has_a_sign():
    folders = {source.path.parent for source in SOURCES.values()}
    missing = [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "README.md").exists()]
    assert not missing
