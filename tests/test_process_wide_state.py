"""No library code changes what belongs to the whole process, and so to other threads."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import numpy as np
import pytest

import anomaly
from anomaly.errors import EmptyColumnWarning
from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.columns.column_notes import ColumnNotes, without_warnings

ROOT = Path(anomaly.__file__).parents[1]
CHANGES = {
    *("warnings.catch_warnings", "warnings.simplefilter", "warnings.filterwarnings", "warnings.resetwarnings"),
    *("np.seterr", "np.random.seed", "np.set_printoptions", "random.seed", "os.chdir", "os.umask", "os.putenv"),
    *("signal.signal", "sys.setrecursionlimit", "locale.setlocale", "socket.setdefaulttimeout", "gc.disable"),
    *("threading.stack_size", "resource.setrlimit", "time.tzset"),
}
MAY = {
    "nnlite/utils/basic.py": "`set_random_seed` seeds everything, as that of Keras does",
    "anomaly/cli/__init__.py": "lets a second SIGINT end the process at once",
    "anomaly/serve/server.py": "the command is the process: a signal ends it when requests are answered",
    "anomaly/cli/dispatch.py": "the command is the process: it shows warnings as lines",
    "anomaly/cli/streams.py": "ends a command cleanly at SIGTERM",
    "anomaly/cli/inputs.py": "lets SIGINT end a file that grows",
    "anomaly/cli/learn_labels.py": "says in its own text what a warning says",
}


def changes_of(source: str) -> list[str]:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return sorted({ast.unparse(call) for call in calls} & CHANGES)


def test_such_calls_are_found():
    assert changes_of("import os\ndef f():\n    os.chdir('/')\n    print(os.sep)\n") == ["os.chdir"]


@pytest.mark.parametrize("package", ["nnlite", "anomaly"])
def test_the_library_leaves_alone_what_belongs_to_the_process(package):
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in MAY and (changes := changes_of(path.read_text("utf-8"))):
            found[name] = changes
    assert not found


def test_a_fit_in_one_thread_does_not_silence_another(monkeypatch):
    """While folds of few records are fitted without warnings of their columns, another thread is warned of its own."""
    inside, told = threading.Event(), threading.Event()
    plain, heard = ColumnNotes.warn, []

    def warn(notes):
        if threading.current_thread() is thread:
            inside.set()
            assert told.wait(40)
        plain(notes)

    def quiet():
        notes = ColumnNotes()
        notes.add(EmptyColumnWarning, "no values: {names}", "a")
        with without_warnings(EmptyColumnWarning):
            notes.warn()
        heard.append("nothing")

    monkeypatch.setattr(ColumnNotes, "warn", warn)
    thread = threading.Thread(target=quiet)
    thread.start()
    assert inside.wait(40)
    with pytest.warns(EmptyColumnWarning, match="ignored: 'x1'"):
        TablePreprocessor(missing="nan").fit(np.array([[0.1, np.nan], [0.5, np.nan]] * 10))
    told.set()
    thread.join()
    assert heard == ["nothing"]
