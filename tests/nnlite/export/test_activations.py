"""Activation functions in ONNX Runtime, over the whole range of float32."""

import numpy as np
import pytest

from nnlite import activations
from nnlite.export import NotExportable
from nnlite.layers import Activation
from nnlite.models import Model
from tests.nnlite.export.running import RELATIVE, model_of, run

NAMES = [name for name in activations.registry.names() if name not in ("FunctionActivation", "sparsemax", "Sparsemax")]
FUNCTIONS = list({type(function): function for function in map(activations.get, NAMES)}.values())
SETTINGS = [
    activations.ReLU(negative_slope=0.2, max_value=3.0, threshold=0.5),
    activations.ELU(alpha=0.3),
    activations.CELU(alpha=2.5),
    activations.GELU(approximate=True),
]

POWERS = np.geomspace(1e-30, 1e30, 2001)
ARGUMENTS = np.concatenate([np.linspace(-120, 120, 9601), POWERS, -POWERS, [0.0, -0.0, np.inf, -np.inf, np.nan]])

SUBNORMAL = 1.2e-38
"""Numbers below are rounded to few digits, or to 0."""

ABSOLUTE = {
    # 1 + erf(x / sqrt 2) cancels in float32 for x below -2, here and in the runtime: by up to 4.5e-7 in each.
    "gelu": 1e-6,
    # The logarithm of a sum near 1, whose last digit is 1.2e-7.
    "log_softmax": 2.4e-7,
    # x and its hyperbolic tangent cancel.
    "tanh_shrink": 1.2e-7,
    # The sigmoid function of -87 is below the smallest number of full precision, and is multiplied by 87 and more.
    "silu": 100 * SUBNORMAL,
}


@pytest.mark.parametrize("function", FUNCTIONS + SETTINGS, ids=lambda one: f"{one.name}{one.get_config() or ''}")
def test_a_function_is_accurate_everywhere(function, tmp_path):
    model = model_of(Activation(function), (4,))
    rows = np.resize(ARGUMENTS, (-(-len(ARGUMENTS) // 4), 4)).astype(np.float32)
    if "softmax" in function.name:
        # One NaN or infinity makes a whole row NaN; those of a row compete with each other.
        rows = np.random.default_rng(0).permuted(rows[np.isfinite(rows).all(axis=1)], axis=0)
    model.export(tmp_path / "m.onnx")
    (found,) = run(tmp_path / "m.onnx", rows)
    with np.errstate(all="ignore"):
        expected = function(rows)
    absolute = ABSOLUTE.get(function.name, SUBNORMAL)
    np.testing.assert_allclose(found, expected, rtol=RELATIVE, atol=absolute, equal_nan=True)


def test_the_sigmoid_of_the_runtime_is_not_used(tmp_path):
    """ONNX Runtime 1.32.0 gives 0 for sigmoid(-18) on CPUs, and 3.7 times the right value at -17.93."""
    model = model_of(Activation("sigmoid"), (2,))
    model.export(tmp_path / "m.onnx")
    (found,) = run(tmp_path / "m.onnx", np.array([[-17.93, -80.0]]))
    np.testing.assert_allclose(found, 1 / (1 + np.exp([[17.93, 80.0]])), rtol=RELATIVE)


def test_a_python_function_is_refused_by_name(tmp_path):
    def cube(x):
        return x**3

    with pytest.raises(NotExportable, match="activation 'sparsemax'"):
        model_of(Activation("sparsemax"), (2,)).export(tmp_path / "m.onnx")
    with pytest.raises(NotExportable, match="layer 'own' \\(Activation\\) has the activation 'cube', which ONNX does"):
        model_of(Activation(cube, name="own"), (2,)).export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
    assert issubclass(NotExportable, ValueError)
    assert Model.export.__doc__
