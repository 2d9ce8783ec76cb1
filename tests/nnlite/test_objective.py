"""Arguments of `compile`: losses, loss weights and metrics."""

import numpy as np
import pytest

from nnlite.metrics import MeanAbsoluteError, Metric
from nnlite.objective import Objective


def objective(outputs=("a", "b"), loss="mse", loss_weights=None, metrics=None, weighted=None):
    return Objective(loss, loss_weights, metrics, weighted, outputs)


def names(metrics):
    return [[metric.name for metric in of_output] for of_output in metrics]


@pytest.mark.parametrize("argument", ["metrics", "weighted"])
@pytest.mark.parametrize(
    ("given", "outputs", "expected"),
    [
        (None, "a", [[]]),
        ("mae", "a", [["mae"]]),
        (["mae", "mse"], "a", [["mae", "mse"]]),
        ([["mae"]], "a", [["mae"]]),
        ([["mae", "mse"]], "a", [["mae", "mse"]]),
        ([[]], "a", [[]]),
        ({"a": "mae"}, "a", [["mae"]]),
        ({"class_name": "MeanAbsoluteError", "config": {"name": "own"}}, "a", [["own"]]),
        (None, "ab", [[], []]),
        ("mae", "ab", [["mae"], ["mae"]]),
        (["mae"], "ab", [["mae"], ["mae"]]),
        (["mae", "mse"], "ab", [["mae"], ["mse"]]),
        ([["mae"], None], "ab", [["mae"], []]),
        (["mae", ["mse", "rmse"]], "ab", [["mae"], ["mse", "rmse"]]),
        ({"b": ["mae", "mse"]}, "ab", [[], ["mae", "mse"]]),
        (["mae", "mse", "rmse"], "ab", [["mae", "mse", "rmse"]] * 2),
    ],
)
def test_forms_of_metrics(argument, given, outputs, expected):
    made = objective(outputs, **{argument: given})
    assert names(made.metrics if argument == "metrics" else made.weighted_metrics) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": {"c": "mse"}}, r"the keys of loss must be names of outputs, \['a', 'b'\]; found \['c'\]"),
        ({"loss": ["mse"]}, r"loss must have one entry for each of \['a', 'b'\]; found 1"),
        (
            {"loss_weights": {"a": 1, "c": 2}},
            r"the keys of loss_weights must be names of outputs, \['a', 'b'\]; found \['c'\]",
        ),
        (
            {"metrics": {"c": "mae", 0: "mae"}},
            r"the keys of metrics must be names of outputs, \['a', 'b'\]; found \['0', 'c'\]",
        ),
        (
            {"weighted": {"c": "mae"}},
            r"the keys of weighted_metrics must be names of outputs, \['a', 'b'\]; found \['c'\]",
        ),
        ({"metrics": [["mae"]]}, r"metrics must have one entry for each of \['a', 'b'\]; found 1"),
        ({"outputs": "a", "metrics": [["mae"], ["mse"]]}, r"metrics must have one entry for each of \['a'\]; found 2"),
    ],
)
def test_arguments_that_fit_no_output_are_rejected(arguments, message):
    with pytest.raises(ValueError, match=message):
        objective(**arguments)


class Collecting(Metric):
    """A metric that cannot be made from a configuration, and keeps its state in a list."""

    def __init__(self, seen):
        self.seen = seen
        super().__init__("collecting")

    def values(self, y_true, y_pred):
        self.seen.append(float(y_pred.sum()))
        return np.zeros(len(y_pred))


@pytest.mark.parametrize("make", [MeanAbsoluteError, lambda: Collecting([])])
def test_the_first_use_of_an_instance_is_the_instance_itself(make):
    one = make()
    made = objective(metrics=[one], weighted=[one])
    assert made.metrics[0][0] is one
    assert len({id(metric) for own in [*made.metrics, *made.weighted_metrics] for metric in own}) == 4


def test_copies_share_no_state():
    one = Collecting([])
    made = objective(metrics=[one])
    made.update_metrics([np.zeros((2, 1))] * 2, [np.ones((2, 1)), np.full((2, 1), 3.0)], [None, None], [None, None])
    assert [own.seen for (own,) in made.metrics] == [[2.0], [6.0]]
