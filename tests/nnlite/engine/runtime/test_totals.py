"""The program's sums are assigned to the right outputs, metrics and weights."""

import pytest

from nnlite.engine.program import Location
from nnlite.engine.runtime.totals import Totals
from nnlite.objective import Objective


def places(*keys):
    return {key: Location("totals", i) for i, key in enumerate(keys)}


def test_an_output_without_metrics():
    objective = Objective("mse", None, None, None, ["y"])
    Totals(objective, places(("loss", 0))).report([6.0], 4)
    assert objective.logs() == {"loss": 1.5}


def test_several_outputs_with_weights_metrics_and_a_penalty():
    objective = Objective("mse", [2.0, 0.5], ["mae"], ["mae"], ["a", "b"])
    keys = [("loss", 0), ("metric", 0, 0), ("loss", 1), ("metric", 1, 0), ("weighted metric", 0, 0), ("penalty",)]
    keys += [("weighted metric", 1, 0), ("weights", 1)]
    # The program sums losses as they enter the whole.
    Totals(objective, places(*keys)).report([8.0, 1.0, 3.0, 2.0, 5.0, 4.0, 9.0, 3.0], 10)
    logs = objective.logs()
    assert logs["loss"] == pytest.approx((8 + 3 + 4) / 10)
    assert logs["a_loss"] == pytest.approx(8 / 2 / 10)
    assert logs["b_loss"] == pytest.approx(3 / 0.5 / 10)
    assert logs["a_mae"] == pytest.approx(1 / 10)
    assert logs["b_mae"] == pytest.approx(2 / 10)
    assert logs["a_weighted_mae"] == pytest.approx(5 / 10)  # nothing weighs it: by the records
    assert logs["b_weighted_mae"] == pytest.approx(9 / 3)


def test_a_missing_sum_is_zero():
    objective = Objective("mse", [0.0], ["mae"], None, ["y"])
    Totals(objective, places(("metric", 0, 0))).report([2.0], 4)
    assert objective.logs() == {"loss": 0.0, "mae": 0.5}
