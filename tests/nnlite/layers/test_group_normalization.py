import numpy as np
import pytest

from nnlite.layers import GroupNormalization, Input
from nnlite.models import Model, load_model
from tests.nnlite.arrays import draw_single as draw


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("groups", [1, 2, -1])
def test_a_graph_is_read_from_its_file(shape, groups, tmp_path):
    inputs = Input(shape)
    model = Model(inputs, GroupNormalization(groups)(inputs))
    model.save(tmp_path / "m.npz")
    x = draw(5, *shape)
    np.testing.assert_array_equal(load_model(tmp_path / "m.npz").predict(x), model.predict(x))


def test_no_rows_give_none():
    layer = GroupNormalization(2)
    y, cache = layer.forward(layer(np.zeros((0, 3, 4), np.float32)), training=True)
    assert y.shape == (0, 3, 4)
    assert layer.backward(y, cache).shape == (0, 3, 4)
