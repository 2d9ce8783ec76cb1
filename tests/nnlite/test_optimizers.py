import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlite import optimizers
from nnlite.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
    schedules,
)

KINDS = [
    lambda **s: SGD(0.05, **s),
    lambda **s: SGD(0.05, momentum=0.9, **s),
    lambda **s: SGD(0.05, momentum=0.9, nesterov=True, **s),
    lambda **s: RMSprop(0.05, **s),
    lambda **s: RMSprop(0.05, momentum=0.5, centered=True, **s),
    lambda **s: Adam(0.1, **s),
    lambda **s: Adam(0.1, amsgrad=True, **s),
    lambda **s: AdamW(0.1, weight_decay=0.001, **s),
    lambda **s: Nadam(0.1, **s),
    lambda **s: Adamax(0.1, **s),
    lambda **s: Adagrad(0.5, **s),
    lambda **s: Adadelta(1.0, epsilon=1e-3, **s),
    lambda **s: Lion(0.01, **s),
    lambda **s: Ftrl(0.5, **s),
]
LAYOUT = [("kernel", slice(0, 3)), ("bias", slice(3, 4))]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_optimizer_minimizes_a_quadratic_function(make, dtype):
    optimizer, x = make(), np.array([3.0, -2.0, 1.0], dtype)
    for _ in range(600):
        optimizer.step(x, 2 * x)
    assert x.dtype == dtype
    assert np.abs(x).max() < 0.1
    assert optimizer.iterations == 600


@pytest.mark.parametrize("make", KINDS)
def test_training_continues_from_restored_state_bit_by_bit(make):
    gradients = np.random.default_rng(0).normal(size=(10, 4))
    one, x = make(), np.ones(4)
    for gradient in gradients[:5]:
        one.step(x, gradient)
    other, y = optimizers.get({"class_name": type(one).__name__, "config": one.get_config()}), x.copy()
    other.build(y, LAYOUT)
    iterations, slots = one.get_state()
    other.set_state(iterations, {name: slot.copy() for name, slot in slots.items()})
    for gradient in gradients[5:]:
        one.step(x, gradient)
        other.step(y, gradient)
    np.testing.assert_array_equal(x, y)


def test_momentum_by_hand():
    x, optimizer = np.array([0.0]), SGD(0.1, momentum=0.5)
    optimizer.step(x, np.array([1.0]))
    optimizer.step(x, np.array([1.0]))
    # v = -0.1, then -0.05 - 0.1 = -0.15.
    np.testing.assert_allclose(x, [-0.25])


def test_adam_without_decay_is_adamw_with_none():
    x, y = np.ones(3), np.ones(3)
    a, b = Adam(), AdamW(weight_decay=0.0)
    for gradient in np.random.default_rng(0).normal(size=(20, 3)):
        a.step(x, gradient)
        b.step(y, gradient)
    np.testing.assert_array_equal(x, y)


def test_excluded_weights_do_not_decay():
    optimizer, x = SGD(0.1, weight_decay=0.5), np.ones(4)
    optimizer.exclude_from_weight_decay(["bias"])
    optimizer.build(x, LAYOUT)
    optimizer.step(x, np.zeros(4))
    np.testing.assert_allclose(x, [0.95, 0.95, 0.95, 1.0])


@given(scale=st.floats(1e-3, 1e3), most=st.floats(0.01, 10))
def test_clipped_gradients_are_within_their_bound(scale, most):
    gradient = np.random.default_rng(0).normal(size=4) * scale
    for clip, size in (
        ("clipvalue", lambda g: np.abs(g).max()),
        ("global_clipnorm", np.linalg.norm),
        ("clipnorm", lambda g: max(np.linalg.norm(g[:3]), np.linalg.norm(g[3:]))),
    ):
        optimizer, x = SGD(1.0, **{clip: most}), np.zeros(4)
        optimizer.build(x, LAYOUT)
        optimizer.step(x, gradient)
        assert size(-x) <= most * (1 + 1e-9)
        if size(gradient) <= most:
            np.testing.assert_allclose(-x, gradient)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-1), "learning_rate must be a number of at least 0"),
        (lambda: SGD(momentum=1.0), "momentum must be a number of at least 0 and below 1"),
        (lambda: Adam(beta_1=1.0), "beta_1"),
        (lambda: Adam(clipnorm=1.0, clipvalue=1.0), "at most one kind of clipping"),
        (lambda: Adam(clipnorm=-1.0), "clipnorm must be at least 0"),
        (lambda: optimizers.get("adamm"), "did you mean 'adam'"),
        (lambda: optimizers.get({"class_name": "Adam", "config": {"nope": 1}}), "cannot be created"),
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be a number above 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), "one more value than boundaries"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_wrong_types():
    for make in (lambda: SGD("fast"), lambda: optimizers.get(3), lambda: SGD(lambda: 1)):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(NotImplementedError):
        Optimizer().step(np.ones(1), np.ones(1))


def test_state_of_another_shape_is_rejected():
    optimizer = Adam()
    optimizer.build(np.zeros(3), [("w", slice(0, 3))])
    with pytest.raises(ValueError, match="the state of Adam consists of"):
        optimizer.set_state(1, {"momentum": np.zeros(3)})
    with pytest.raises(ValueError, match="iterations must be"):
        optimizer.set_state(-1, {"momentum": np.zeros(3), "velocity": np.zeros(3)})


def test_the_rate_can_be_set_unless_it_follows_a_schedule():
    optimizer = SGD(0.1)
    optimizer.learning_rate = 0.5
    assert optimizer.learning_rate == 0.5
    scheduled = SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    x = np.zeros(1)
    scheduled.step(x, np.ones(1))
    scheduled.step(x, np.ones(1))
    np.testing.assert_allclose(x, [-1.5])
    with pytest.raises(TypeError, match="follows a schedule"):
        scheduled.learning_rate = 0.1


@pytest.mark.parametrize(
    ("schedule", "step", "expected"),
    [
        (schedules.ExponentialDecay(1.0, 10, 0.5, staircase=True), 15, 0.5),
        (schedules.InverseTimeDecay(1.0, 10, 1.0, staircase=True), 15, 0.5),
        (schedules.PolynomialDecay(1.0, 10, 0.0, power=2.0), 5, 0.25),
        (schedules.PolynomialDecay(1.0, 10, 0.0), 50, 0.0),
        (schedules.PolynomialDecay(1.0, 10, 0.0, cycle=True), 15, 0.25),
        (schedules.CosineDecay(1.0, 10, alpha=0.1), 100, 0.1),
        (schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4), 2, 0.5),
        (schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4), 9, 0.5),
        (schedules.CosineDecayRestarts(1.0, 10, t_mul=1.0, m_mul=0.5), 25, 0.125),
    ],
)
def test_schedules_and_their_configurations(schedule, step, expected):
    assert schedule(step) == pytest.approx(expected)
    copy = schedules.get({"class_name": type(schedule).__name__, "config": schedule.get_config()})
    assert copy(step) == schedule(step)
