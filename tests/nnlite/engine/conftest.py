import pytest

from nnlite.config import floatx, set_floatx
from tests.nnlite.engine.layer_parity import RECURRENT


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Parametrize the float type of models."""
    set_floatx(request.param)
    return request.param


@pytest.fixture(params=RECURRENT.values(), ids=RECURRENT.keys())
def cell(request):
    """Parametrize the kind of recurrent layer."""
    return request.param


@pytest.fixture(autouse=True)
def _restore_floatx():
    """Restore the float type."""
    before = floatx()
    yield
    set_floatx(before)
