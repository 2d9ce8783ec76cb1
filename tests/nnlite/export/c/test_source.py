"""The text of the files, their names, and the table of costs."""

import re

import numpy as np
import pytest

from nnlite import layers as L
from nnlite.export.c.program import literal
from nnlite.layers import Input
from nnlite.models import Sequential
from tests.nnlite.export.c.running import with_random_weights


def _model(name="my-net"):
    layers = [Input((4,)), L.Dense(8, activation="relu", name="a*/b"), L.Dense(8), L.Dense(2, activation="softmax")]
    return Sequential(layers, name=name)


def test_a_folder_gets_two_files_with_the_name_of_the_model(tmp_path):
    _model().export(tmp_path / "new" / "folder", format="c")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["my_net.c", "my_net.h"]
    header = (tmp_path / "new" / "folder" / "my_net.h").read_text()
    assert "void my_net_predict(const float *x, float *y);" in header
    assert "#define MY_NET_INPUT_SIZE 4 " in header
    assert "#define MY_NET_OUTPUT_SIZE 2 " in header


def test_a_file_gets_a_header_beside_it(tmp_path):
    _model().export(tmp_path / "2nd.c", format="c")
    assert "m_2nd_predict" in (tmp_path / "2nd.h").read_text()
    assert '#include "2nd.h"' in (tmp_path / "2nd.c").read_text()


def test_the_table_counts_bytes_and_operations(tmp_path):
    with_random_weights(_model()).export(tmp_path / "net.c", format="c")
    table = (tmp_path / "net.h").read_text()
    weights = 4 * (4 * 8 + 8 + 8 * 8 + 8 + 8 * 2 + 2)
    assert re.search(rf"in all +{weights} +{4 * 8 + 8 + 8 * 8 + 8 * 2 + 2 * 2}\n", table)
    # The outputs of two layers, of which the first is not needed when the third is computed.
    assert f"RAM: {4 * 16} bytes" in table
    assert "a__b - Dense" in table


def test_only_math_h_is_included_and_nothing_is_allocated(tmp_path):
    _model().export(tmp_path / "net.c", format="c")
    source = (tmp_path / "net.c").read_text()
    assert re.findall(r"#include (.*)", source) == ["<math.h>", '"net.h"']
    assert not re.search(r"alloc|double", source)


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="format must be 'onnx' or 'c'; found 'tf'"):
        _model().export(tmp_path / "m", format="tf")


def test_a_model_without_inputs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="give the first layer an Input"):
        Sequential([L.Dense(2)]).export(tmp_path, format="c")


def test_literals_are_the_same_numbers():
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 2**32, 20000, dtype=np.uint32).view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    read = np.array([float(literal(one).removesuffix("f")) for one in numbers])
    np.testing.assert_array_equal(read.astype(np.float32), numbers)
