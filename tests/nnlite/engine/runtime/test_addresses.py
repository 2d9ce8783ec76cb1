"""Addresses of arrays for compiled code: suitable arrays only, each held while it is used."""

import gc
import re
import weakref
from pathlib import Path

import numpy as np
import pytest

import nnlite.engine
from nnlite.data import Data
from nnlite.engine.lowering import lower_model
from nnlite.engine.runtime.addresses import Addresses, as_aligned_contiguous
from nnlite.engine.runtime.session import Session
from nnlite.engine.runtime.worker import Worker
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from nnlite.optimizers.schedules import LearningRateSchedule
from tests.nnlite.engine.parity import assert_agree, assert_same_state, draw, train


def test_an_array_is_held_until_another_replaces_it():
    addresses, array = Addresses(), np.zeros(3)
    gone = weakref.ref(array)
    address = addresses.of("rates", array, np.float64)
    assert address == array.ctypes.data
    del array
    assert gone() is not None
    addresses.of("corrections", np.ones(3), np.float64)
    assert gone() is not None
    addresses.of("rates", np.ones(3), np.float64)
    assert gone() is None


UNFIT = {
    "another dtype": np.zeros(4, np.int64),
    "strided": np.zeros(8)[::2],
    "transposed": np.zeros((2, 3)).T,
    "unaligned": np.frombuffer(bytes(33), np.uint8)[1:].view(np.float64),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unsuitable_array_raises(name):
    with pytest.raises(ValueError, match=r"needs 'order' as an aligned C-contiguous array of float64; found"):
        Addresses().of("order", UNFIT[name], np.float64)
    made = as_aligned_contiguous(UNFIT[name], np.float64)
    assert Addresses().of("order", made, np.float64) == made.ctypes.data
    np.testing.assert_array_equal(made, UNFIT[name])


def test_a_suitable_array_is_not_copied():
    array = np.zeros((4, 3), np.float32)
    assert as_aligned_contiguous(array, np.float32) is array


def test_no_other_module_of_the_engine_takes_addresses_of_arrays():
    root = Path(nnlite.engine.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"\.ctypes\.data|__array_interface__|data_as\(", path.read_text("utf-8"))
    }
    # Staging compares the addresses of two arrays, and passes none to compiled code.
    assert found == {str(Path("runtime", "addresses.py")), str(Path("runtime", "staging.py"))}


def unaligned(array, dtype):
    content = np.zeros(array.size * np.dtype(dtype).itemsize + 1, np.uint8)
    view = content[1:].view(dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


LAYOUTS = {
    "fortran": lambda array, dtype: np.asfortranarray(array, dtype),
    "every other row": lambda array, dtype: np.repeat(array.astype(dtype), 2, axis=0)[::2],
    "backwards": lambda array, dtype: array.astype(dtype)[::-1].copy()[::-1],
    "unaligned": unaligned,
    "big-endian": lambda array, dtype: array.astype(np.dtype(dtype).newbyteorder(">")),
    "read-only": lambda array, dtype: np.frombuffer(array.astype(dtype).tobytes(), dtype).reshape(array.shape),
}


def build():
    model = Sequential([Input((5,)), Dense(6, activation="tanh"), Dense(5)])
    model.compile(SGD(0.05), "mse")
    return model


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", LAYOUTS)
def test_data_of_any_memory_layout(dtype, name, threads):
    x, y = draw(21, 5), draw(21, 5, seed=1)
    weight = np.linspace(0, 2, 21)
    expected = train("numpy", build, x, y, sample_weight=weight)
    lay = LAYOUTS[name]
    found = train("numba", build, lay(x, dtype), lay(y, dtype), sample_weight=lay(weight, dtype), threads=threads)
    assert_same_state(found, expected)
    assert_agree(found.predict(lay(x, dtype), backend="numba"), expected.predict(x), dtype, "prediction")
    one = found.make_predict_function()
    assert_agree(one(lay(x, dtype)[3]), expected.predict(x)[3], dtype, "one record")


class WholeNumbers(LearningRateSchedule):
    """A rate of 1 that is 0 at every third step."""

    def __call__(self, step):
        return int(step % 3 != 0)


class SinglePrecision(LearningRateSchedule):
    def __call__(self, step):
        return np.float32(0.1) / np.float32(step + 1)


@pytest.mark.parametrize("schedule", [WholeNumbers, SinglePrecision])
def test_a_schedule_may_return_numbers_of_any_type(dtype, schedule):
    def build_with_schedule():
        model = Sequential([Input((5,)), Dense(5)])
        model.compile(SGD(schedule()), "mae")
        return model

    x, y = draw(21, 5), draw(21, 5, seed=1)
    expected = train("numpy", build_with_schedule, x, y)
    for threads in (1, 2):
        assert_same_state(train("numba", build_with_schedule, x, y, threads=threads), expected)


def churn():
    """Collect garbage and reuse the freed memory."""
    gc.collect()
    return [np.full(size, 1e30) for size in (1, 2, 4, 8, 16, 64, 256, 1024, 4096) for _ in range(20)]


def test_a_predictor_outlives_its_model(dtype):
    model = build()
    x = draw(4, 5)
    expected = model.predict(x, backend="numpy")
    one = model.make_predict_function()
    one(x[0])
    del model
    reused = churn()
    assert_agree([one(record) for record in x], expected, dtype, "one record")
    assert reused


def test_two_bound_functions_of_one_worker_both_run(dtype):
    model = build()
    x, y = np.ones(5, dtype), np.zeros(5, dtype)
    program = lower_model(model, 1, training=False)
    buffers = {"weights": model.weight_vector.values, "input 0": x, "output 0": y}
    worker = Worker(program, buffers, program.draw_seeds())
    worker.prepare(1, 1)
    first, second = worker.bound_run(), worker.bound_run()
    expected = model.predict(x[None], backend="numpy")[0]
    del worker, program, buffers
    reused = churn()
    for run in (first, second):
        y[...] = 0
        run()
        assert_agree(y, expected, dtype, "output")
    assert reused


def test_orders_of_another_dtype_or_stride(dtype):
    x = draw(24, 5).astype(dtype)
    order = np.random.default_rng(0).permutation(24)
    trained = []
    for given in (order.astype(np.int32), order, np.repeat(order.astype(np.int32), 2)[::2]):
        model = Sequential([Input((5,)), Dense(5, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        session = Session(model, Data([x], [x], [None]), 8, True, 2)
        session.run(0, 3, given)
        trained.append(model.weight_vector.values.copy())
    np.testing.assert_array_equal(trained[1], trained[0])
    np.testing.assert_array_equal(trained[2], trained[0])


def test_shared_weights_outlive_their_model(dtype):
    inputs = Input((5,))
    hidden = Dense(4, name="hidden")(inputs)
    whole, part = Model(inputs, Dense(5)(hidden)), Model(inputs, hidden)
    _ = whole.weight_vector
    x = draw(300, 5)
    expected = part.predict(x, backend="numpy")
    one = part.make_predict_function()
    del whole, inputs, hidden
    reused = churn()
    assert_agree(part.predict(x, backend="numba", threads=2), expected, dtype, "prediction")
    assert_agree(one(x[0]), expected[0], dtype, "one record")
    assert reused
