"""Steps of a network: the values and the derivatives of its tensors in lists."""

import numpy as np

from nnlite.layers import Add, Dense, Input
from nnlite.models import Model
from nnlite.steps import Step, accumulate


def test_a_step_gathers_inputs_and_stores_outputs():
    one = Step(Dense(1), [0], [2], takes_list=False, gives_list=False)
    values = ["a", "b", None]
    assert one.gather(values) == "a"
    assert one.store(values, "c") == ["c"]
    assert values == ["a", "b", "c"]
    several = Step(Add(), [0, 1], [2], takes_list=True, gives_list=False)
    assert several.gather(values) == ["a", "b"]


def test_derivatives_of_a_tensor_add_up_and_arrays_do_not_change():
    first, second = np.array([1.0]), np.array([2.0])
    gradients = [None, None]
    accumulate(gradients, [0], [first])
    accumulate(gradients, [0, 1], [second, None])
    assert gradients[0].tolist() == [3.0]
    assert gradients[1] is None
    assert first.tolist() == [1.0]


def test_steps_of_a_layer_with_several_uses_are_shared():
    inputs = Input((3,))
    twice, once = Dense(3), Dense(2)
    model = Model(inputs, once(twice(twice(inputs))))
    assert [step.shared for step in model.steps] == [True, True, False]
    assert model.n_tensors == 4
    assert model.output_indices == [3]


def test_only_penalties_need_the_outputs_of_a_layer():
    plain = Step(Dense(1), [0], [1], takes_list=False, gives_list=False)
    penalized = Step(Dense(1, activity_regularizer="l2"), [0], [1], takes_list=False, gives_list=False)
    assert not plain.needs_output
    assert penalized.needs_output
