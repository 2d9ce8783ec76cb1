import pytest

from nnlite.config import floatx, set_floatx


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Let models compute in each float type."""
    before = floatx()
    set_floatx(request.param)
    yield request.param
    set_floatx(before)
