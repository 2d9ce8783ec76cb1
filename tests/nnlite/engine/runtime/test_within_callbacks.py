"""A callback may use the model that is being trained without an effect on the training.

The layers' path is the reference; and callbacks that do not change the model give the same fit as none.
"""

import numpy as np
import pytest

from nnlite import metrics
from nnlite.callbacks import Callback, EarlyStopping
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD, Adam
from nnlite.utils import set_random_seed
from tests.nnlite.engine.parity import assert_agree, draw

X, Y = draw(36, 5), draw(36, 4, seed=1)
OTHER = 3 * draw(20, 5, seed=2), draw(20, 4, seed=3)
HOOKS = [
    *("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end"),
    *("on_train_batch_begin", "on_train_batch_end"),
    *("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end"),
]


class CallIn(Callback):
    """Calls a function in a hook, at every third call; not in nested calls."""

    def __init__(self, hook, act):
        super().__init__()
        self.act, self.calls, self.busy = act, 0, False
        self.hook = hook
        setattr(self, hook, self.called)

    def called(self, *_, **__):
        self.calls += 1
        if not self.busy and (self.calls % 3 == 2 or self.hook in ("on_train_begin", "on_train_end")):
            self.busy = True
            self.act(self.model, self)
            self.busy = False

    def interest(self, phase):
        return "every"


def build(optimizer=lambda: SGD(0.05, momentum=0.5)):
    inputs = Input((5,))
    hidden = Dense(6, "tanh", kernel_regularizer="l2")(inputs)
    model = Model(inputs, Dense(4)(hidden))
    model.compile(optimizer(), "mse", metrics=["mae"], weighted_metrics=[metrics.MeanSquaredError()])
    model.part = Model(inputs, hidden)
    model.part.compile("sgd", "mse")
    return model


def fitted(backend, callbacks=(), threads=None, **settings):
    set_random_seed(4)
    model = build()
    history = model.fit(
        X,
        Y,
        8,
        3,
        0,
        list(callbacks),
        validation_data=OTHER,
        sample_weight=np.linspace(0, 2, 36),
        backend=backend,
        threads=threads,
        **settings,
    )
    assert model.history is history
    assert history.backend == backend
    return model


def assert_alike(found, expected, dtype):
    assert found.history.epoch == expected.history.epoch
    assert found.history.history.keys() == expected.history.history.keys()
    for figure, curve in expected.history.history.items():
        assert_agree(found.history.history[figure], curve, dtype, figure, 3)
    for weight, other in zip(found.weights, expected.weights, strict=True):
        assert_agree(weight.value, other.value, dtype, "weights", 3)


def evaluate(model, _, backend="numba"):
    found = model.evaluate(*OTHER, batch_size=7, verbose=0, backend=backend, return_dict=True)
    alone = model.test_on_batch(*OTHER, return_dict=True)
    for figure, value in alone.items():
        assert found[figure] == pytest.approx(value, rel=1e-4), figure


def fit_another(model, _):
    another = Sequential([Input((5,)), Dense(4, kernel_initializer="ones")])
    another.compile(Adam(0.01), "mae")
    another.fit(*OTHER, 8, 2, 0, backend="numba", shuffle=False)
    another.fit(*OTHER, 8, 1, 0, backend="numpy", shuffle=False)


HARMLESS = {
    "evaluate": evaluate,
    "evaluate with the layers": lambda model, one: evaluate(model, one, "numpy"),
    "evaluate twice, once within": lambda model, one: model.evaluate(
        *OTHER, 7, 0, callbacks=[CallIn("on_test_batch_end", evaluate)], backend="numba"
    ),
    "test_on_batch": lambda model, _: model.test_on_batch(*OTHER),
    "predict": lambda model, _: [model.predict(X, backend=one) for one in ("numba", "numpy")],
    "a part predicts": lambda model, _: model.part.predict(X, backend="numba"),
    "a part is evaluated": lambda model, _: model.part.evaluate(X, draw(36, 6), verbose=0, backend="numba"),
    "one record": lambda model, _: model.make_predict_function()(X[0]),
    "fit another": fit_another,
    "read the logs": lambda model, _: model.objective.logs(),
}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_callbacks_change_no_metric(name, hook, backend):
    # With callbacks for batches the sums are per batch, and differ from those of an epoch in the last digit.
    expected = fitted(backend, [CallIn(hook, lambda model, one: None)])
    callback = CallIn(hook, HARMLESS[name])
    found = fitted(backend, [callback])
    assert callback.calls
    assert found.history.history == expected.history.history
    np.testing.assert_array_equal(found.weight_vector.values, expected.weight_vector.values)


def nested_fit(model, _, **settings):
    history = model.fit(*OTHER, 8, 2, 0, shuffle=False, backend=model.history.backend, **settings)
    assert history.epoch == [0, 1]
    assert history is not model.history or not model._n_running_fits


def compile_anew(model, _):
    model.compile(SGD(0.02), "mae", metrics=["mse"])


def stop_early(model, _):
    stop = EarlyStopping("loss", patience=0, min_delta=1e9)
    model.fit(*OTHER, 8, 5, 0, [stop], shuffle=False, backend=model.history.backend)


CHANGING = {
    "fit": nested_fit,
    "fit that is stopped": stop_early,
    "train_on_batch": lambda model, _: model.train_on_batch(*OTHER),
    "fit a part": lambda model, _: model.part.fit(X, draw(36, 6), 8, 1, 0, shuffle=False),
    "compile": compile_anew,
    "compile, then evaluate": lambda model, one: (compile_anew(model, one), evaluate(model, one)),
    "evaluate, and compile within": lambda model, _: model.evaluate(
        *OTHER, 7, 0, callbacks=[CallIn("on_test_batch_end", compile_anew)], backend="numba"
    ),
    "reset the averages": lambda model, _: model.objective.reset(),
    "reset a metric": lambda model, _: model.objective.metrics[0][0].reset_state(),
    "set weights": lambda model, _: model.set_weights([0.9 * one for one in model.get_weights()]),
    "stop": lambda model, _: setattr(model, "stop_training", True),
    "freeze": lambda model, _: setattr(model.layers[1], "trainable", False),
    "a part takes the weights": lambda model, _: model.part.weight_vector,
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", CHANGING)
def test_callbacks_have_the_same_effect_on_both_paths(name, hook, threads):
    expected = fitted("numpy", [CallIn(hook, CHANGING[name])])
    callback = CallIn(hook, CHANGING[name])
    assert_alike(fitted("numba", [callback], threads=threads), expected, "float32")
    assert callback.calls


def test_a_nested_fit_stops_only_itself():
    for backend in ("numpy", "numba"):
        model = fitted(backend, [CallIn("on_epoch_end", stop_early)])
        assert model.history.epoch == [0, 1, 2]
        assert not model.stop_training


def test_stop_training_stays_set_after_the_fit():
    for backend in ("numpy", "numba"):
        model = fitted(backend, [EarlyStopping("loss", patience=0, min_delta=1e9)])
        assert model.history.epoch == [0, 1]
        assert model.stop_training


def test_a_model_trains_after_an_error_in_a_callback():
    def fail(model, _):
        raise RuntimeError("on purpose")

    for backend in ("numpy", "numba"):
        set_random_seed(4)
        model = build()
        for hook in ("on_train_batch_end", "on_test_batch_end"):
            with pytest.raises(RuntimeError, match="on purpose"):
                model.fit(X, Y, 8, 2, 0, [CallIn(hook, fail)], validation_data=OTHER, backend=backend)
        history = model.fit(X, Y, 8, 1, 0, backend=backend)
        assert model.history is history
        own = model.objective
        model.evaluate(X, Y, verbose=0)
        assert model.objective is own
        assert own.logs()["loss"] > 0


def test_metric_objects_hold_the_evaluation():
    mine = metrics.MeanAbsoluteError()
    for backend in ("numpy", "numba"):
        model = build()
        model.compile("sgd", "mse", metrics=[mine])
        _, found = model.evaluate(X, Y, verbose=0, backend=backend)
        assert mine.result() == found > 0
