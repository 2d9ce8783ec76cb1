"""Keras's own tests on nnlite: which are run, which do not apply, and what stands for Keras's names."""

import sys

import pytest

from benchmarks.__main__ import main
from benchmarks.keras_suite import areas, command, exclusions
from benchmarks.keras_suite.shim.absent import Absent, InternalName, MissingName
from benchmarks.keras_suite.shim.names import lookup, public_names


@pytest.fixture
def package(tmp_path):
    """A folder like that of Keras's package."""
    (tmp_path / "layers").mkdir()
    (tmp_path / "__init__.py").write_text("from keras.src.models import Model as Model\n")
    (tmp_path / "layers" / "__init__.py").write_text("from keras.src.layers.x import Conv9D as Conv9D\n")
    (tmp_path / "src" / "layers").mkdir(parents=True)
    (tmp_path / "src" / "layers" / "__init__.py").write_text("from keras.src.hidden import Secret as Secret\n")
    return tmp_path


def test_files_of_areas_leave_out_what_is_not_here():
    known = ["layers/reshaping/flatten_test.py", "layers/reshaping/cropping3d_test.py", "ops/nn_test.py"]
    assert areas.files_of("reshaping", known) == ["layers/reshaping/flatten_test.py"]
    assert not [file for area in areas.AREAS for file in areas.files_of(area, ["ops/nn_test.py"])]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (exclusions.reason_of_name("a_test.py::A.test_quantize_int8"), "quantized"),
        (exclusions.reason_of_name("a_test.py::A.test_basics"), None),
        (exclusions.reason_of_error("dtype must be 'float32' or 'float64'; found 'bfloat16'"), "dtypes"),
        (exclusions.reason_of_error("dtype must be 'float32' or 'float64'; found 'int32'"), None),
        (exclusions.reason_of_error("'SGD' object has no attribute '_clip'"), "inside Keras"),
        (exclusions.reason_of_error("'SGD' object has no attribute 'clip'"), None),
        (exclusions.reason_of_absence("layers.LSTMCell"), "cells"),
        (exclusions.reason_of_absence("layers.LSTM"), None),
    ],
)
def test_reasons(reason, word):
    assert reason is None if word is None else word in reason


def test_names_are_those_of_nnlite_or_raise_when_they_are_used(package):
    from nnlite.layers import Dense

    assert lookup(package, "layers.core.dense", "Dense") is Dense
    assert public_names(package) == {"Model", "Conv9D"}
    missing, secret = lookup(package, "layers", "Conv9D"), lookup(package, "layers", "Secret")
    assert isinstance(missing, Absent)
    with pytest.raises(MissingName, match=r"layers\.Conv9D"):
        missing(3)
    with pytest.raises(InternalName, match=r"layers\.Secret\.part"):
        secret.part()


def test_outcomes_are_counted():
    results = [{"outcome": "passed", "why": ""}] * 3 + [{"outcome": "excluded", "why": "LSTMCell is not here: cells"}]
    assert command.table({"losses": results})[2] == "| losses | 3 | 3 (100 %) | 0 | 0 | 0 | 0 | 0 | 1 |"
    assert command.excluded(results)[1].split() == ["1", "cells"]


def test_a_python_without_keras_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["keras-suite", "--keras-python", sys.executable])
    assert "needs Keras and pytest at least" in capsys.readouterr().err
