"""Random graphs of layers in ONNX Runtime: several inputs and outputs, shared and nested layers.

More: ``NNLITE_RANDOM_MODELS=1000 python -m pytest tests/nnlite/export/test_random_models.py``.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from nnlite.data import as_list
from nnlite.export import NotExportable
from nnlite.utils import set_random_seed
from tests.nnlite.export.running import RELATIVE, run, with_random_weights
from tests.nnlite.random_models.architecture import build
from tests.nnlite.random_models.cases import data_of, draw_case, float_type

FIRST = int(os.environ.get("NNLITE_RANDOM_MODELS", "0"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + 40))
def test_a_random_model(seed, tmp_path):
    case = draw_case(seed)
    inputs = [x.astype(np.float32) for x in data_of(case).x]
    set_random_seed(seed)
    with float_type("float32"):
        model = build(replace(case.architecture, dtype="float32"))
        model.predict(inputs, verbose=0, backend="numpy")
    with_random_weights(model)
    if case.architecture.is_masked():
        with pytest.raises(NotExportable, match="Masking"):
            model.export(tmp_path / "m.onnx")
        return
    model.export(tmp_path / "m.onnx")
    expected = as_list(model.predict(inputs, verbose=0, backend="numpy"))
    for found, wanted in zip(run(tmp_path / "m.onnx", *inputs), expected, strict=True):
        assert found.shape == wanted.shape, case
        assert np.abs(found - wanted).max() <= RELATIVE * np.abs(wanted).max(), case
