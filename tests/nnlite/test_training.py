import sys

import numpy as np
import pytest

from nnlite.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential, load_model
from nnlite.optimizers import SGD, Adam
from nnlite.utils import set_random_seed
from tests.nnlite.arrays import draw_single as draw


def line(optimizer="sgd", loss="mse", metrics=None):
    """One weight and one bias: what training does to it can be worked out by hand."""
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer, loss, metrics=metrics)
    return model


def test_one_step_of_gradient_descent_by_hand():
    model = line(SGD(learning_rate=0.1))
    x, y = np.array([[1.0], [3.0]]), np.array([[2.0], [4.0]])
    # At w = b = 0 the residuals are -2 and -4: dw = mean(2 r x) = -14, db = mean(2 r) = -6.
    loss = model.train_on_batch(x, y)
    assert loss == pytest.approx(10)
    w, b = model.get_weights()
    assert w.item() == pytest.approx(1.4)
    assert b.item() == pytest.approx(0.6)


def test_training_finds_the_line():
    model = line(Adam(learning_rate=0.1))
    x = draw(200, 1)
    history = model.fit(x, 3 * x - 2, epochs=60)
    w, b = model.get_weights()
    assert w.item() == pytest.approx(3, abs=1e-2)
    assert b.item() == pytest.approx(-2, abs=1e-2)
    assert history.history["loss"][-1] < 1e-3 < history.history["loss"][0]
    assert model.history is history
    assert history.epoch == list(range(60))


def test_a_smaller_last_batch_is_weighted_by_its_rows():
    model = line(SGD(learning_rate=0.0))
    y = np.array([[1.0], [1.0], [1.0], [4.0]])
    history = model.fit(np.zeros((4, 1)), y, batch_size=3, shuffle=False)
    assert history.history["loss"] == [pytest.approx((1 + 1 + 1 + 16) / 4)]


def test_a_batch_larger_than_the_data_is_one_step():
    model = line(SGD(learning_rate=0.1))
    model.fit(draw(5, 1), draw(5, 1), batch_size=100)
    assert model.optimizer.iterations == 1


def test_a_row_of_weight_zero_has_no_effect():
    x, y = draw(6, 1), draw(6, 1, seed=1)
    with_all, with_some = line(SGD(0.1)), line(SGD(0.1))
    weight = np.array([1, 1, 1, 1, 0, 0])
    y_spoiled = y.copy()
    y_spoiled[4:] = 1e3
    with_all.fit(x, y, sample_weight=weight, epochs=3, shuffle=False)
    with_some.fit(x, y_spoiled, sample_weight=weight, epochs=3, shuffle=False)
    np.testing.assert_array_equal(with_all.parameters, with_some.parameters)


def test_validation_split_takes_the_last_rows_and_does_not_train_on_them():
    x = np.arange(10.0).reshape(10, 1)
    y = np.zeros((10, 1))
    y[8:] = 5.0
    model = line(SGD(learning_rate=0.0))
    history = model.fit(x, y, validation_split=0.2, epochs=2).history
    assert history["loss"] == [0, 0]
    assert history["val_loss"] == [25, 25]


def test_validation_data_and_its_weights():
    model = line(SGD(learning_rate=0.0), metrics=["mae"])
    x = np.zeros((2, 1))
    history = model.fit(
        x,
        x,
        validation_data=(x, np.array([[1.0], [3.0]]), np.array([1.0, 0.0])),
        validation_batch_size=1,
        epochs=4,
        validation_freq=2,
    ).history
    assert history["val_loss"] == [0.5, 0.5]
    assert "val_mae" in history or "val_mean_absolute_error" in history


def test_each_epoch_has_a_new_order_of_the_rows():
    seen = []

    class Spy(Dense):
        def forward(self, x, training=False):
            if training:
                seen.append(x[:, 0].copy())
            return super().forward(x, training)

    model = Sequential([Input((1,)), Spy(1)])
    model.compile("sgd", "mse")
    x = np.arange(12.0).reshape(12, 1)
    model.fit(x, x, batch_size=12, epochs=2)
    assert (seen[0] != seen[1]).any()
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(12))
    seen.clear()
    model.fit(x, x, batch_size=12, shuffle=False)
    assert seen[0].tolist() == list(range(12))


def test_initial_epoch_is_the_first_epoch():
    numbers = []
    model = line()
    model.fit(
        draw(4, 1),
        draw(4, 1),
        initial_epoch=3,
        epochs=5,
        callbacks=[LambdaCallback(on_epoch_begin=lambda epoch, logs: numbers.append(epoch))],
    )
    assert numbers == [3, 4]


def test_callbacks_are_called_in_order():
    events = []

    class Spy(Callback):
        def on_train_begin(self, logs=None):
            events.append("train")

        def on_epoch_begin(self, epoch, logs=None):
            events.append(f"epoch {epoch}")

        def on_train_batch_end(self, batch, logs=None):
            events.append(f"batch {batch}")

        def on_test_begin(self, logs=None):
            events.append("test")

        def on_epoch_end(self, epoch, logs=None):
            events.append("end " + ",".join(sorted(logs)))

        def on_train_end(self, logs=None):
            events.append("trained")

    line().fit(draw(4, 1), draw(4, 1), batch_size=2, validation_split=0.25, callbacks=[Spy()])
    assert events == ["train", "epoch 0", "batch 0", "batch 1", "test", "end loss,val_loss", "trained"]


def test_a_callback_may_stop_training_within_an_epoch():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    model = line()
    history = model.fit(draw(8, 1), draw(8, 1), batch_size=2, epochs=5, callbacks=[Stop()])
    assert model.optimizer.iterations == 1
    assert len(history.history["loss"]) == 1


def test_early_stopping_restores_the_best_weights():
    model = line(SGD(learning_rate=1.1))
    x = np.ones((4, 1))
    model.fit(x, x, epochs=2)
    best = model.parameters.copy()
    history = model.fit(
        x,
        x,
        epochs=50,
        callbacks=[EarlyStopping("loss", patience=2, restore_best_weights=True)],
    )
    assert len(history.history["loss"]) < 50
    assert np.abs(model.parameters).max() <= np.abs(best).max() * 4


def test_model_checkpoint_writes_models_that_load(tmp_path):
    model = line(Adam(0.1))
    x = draw(20, 1)
    path = tmp_path / "best-{epoch:02d}.npz"
    model.fit(x, x, epochs=2, callbacks=[ModelCheckpoint(str(path), monitor="loss")])
    loaded = load_model(tmp_path / "best-02.npz")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_evaluate_gives_the_loss_and_the_metrics():
    model = line(metrics=["mae"])
    x, y = np.zeros((4, 1)), np.array([[1.0], [1.0], [3.0], [3.0]])
    loss, mae = model.evaluate(x, y, batch_size=3)
    assert (loss, mae) == (pytest.approx(5), pytest.approx(2))
    as_dict = model.evaluate(x, y, return_dict=True)
    assert as_dict["loss"] == pytest.approx(5)
    assert model.test_on_batch(x, y)[0] == pytest.approx(5)
    assert line().evaluate(x, y) == pytest.approx(5)


def test_evaluate_includes_penalties_and_leaves_the_weights():
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones", kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    x = np.ones((3, 1))
    assert model.evaluate(x, x) == pytest.approx(0.01)
    assert model.get_weights()[0].item() == 1


def test_fit_prints_a_line_per_epoch_without_a_terminal(capsys):
    line().fit(draw(4, 1), draw(4, 1), epochs=2)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["Epoch", "1/1"] * 2


def test_verbose_two_prints_a_line_per_epoch(capsys):
    model = line()
    model.fit(draw(4, 1), draw(4, 1), epochs=2, verbose=2)
    printed = capsys.readouterr().out
    assert "Epoch 2/2" in printed
    assert "loss" in printed
    model.evaluate(draw(4, 1), draw(4, 1), verbose=1)
    assert "loss" in capsys.readouterr().out


def test_a_terminal_gets_a_progress_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    line().fit(draw(4, 1), draw(4, 1))
    assert "Epoch 1/1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; found 0"),
        ({"validation_split": 1.0}, "validation_split must be a number of at least 0 and below 1"),
        ({"validation_split": 0.9}, "leaves 0 to train on and 4 to validate on; both need at least one"),
        ({"validation_data": (1,)}, "validation_data must be"),
        ({"verbose": 7}, "verbose must be"),
        ({"sample_weight": np.ones(3)}, "one value per row"),
    ],
)
def test_fit_rejects_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        line().fit(draw(4, 1), draw(4, 1), **arguments)


def test_fit_rejects_data_of_wrong_shape():
    model = line()
    with pytest.raises(ValueError, match="same number of rows"):
        model.fit(draw(4, 1), draw(3, 1))
    with pytest.raises(ValueError, match="no rows"):
        model.fit(np.zeros((0, 1)), np.zeros((0, 1)))
    with pytest.raises(ValueError, match="y is missing"):
        model.fit(draw(4, 1))
    model.compile("sgd")
    with pytest.raises(ValueError, match="nothing to minimize: call compile with a loss"):
        model.fit(draw(4, 1), draw(4, 1))


def test_one_mapping_as_x_and_y_is_matched_by_names():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    model = Model({"a": a, "b": b}, {"b": Dense(3, name="of_b")(b), "a": Dense(2, name="of_a")(a)})
    model.compile("sgd", "mse")
    same = {"a": draw(6, 2), "b": draw(6, 3)}
    assert model.evaluate(same, same) == model.evaluate(same, dict(same))
    # What is an input and a target is one array, whatever it comes in: the engine reads it once.
    for y in (same, dict(same), [same["a"], same["b"]]):
        data = model.as_data(same, y, None)
        assert data.y[0] is data.x[0]
        assert data.y[1] is data.x[1]


def test_one_list_as_x_and_y_is_matched_by_position():
    a, b = Input((2,)), Input((2,))
    model = Model([a, b], [Dense(2)(a), Dense(2)(b)])
    model.compile("sgd", "mse")
    same = [draw(6, 2).tolist(), draw(6, 2, seed=1).tolist()]
    data = model.as_data(same, same, None)
    assert data.y[0] is data.x[0]
    assert data.y[1] is data.x[1]
    alone = Model(a, Dense(2)(a))
    alone.compile("sgd", "mse")
    with pytest.raises(ValueError, match="x must be a list of 2 arrays"):
        model.fit(same[0], same[0])
    data = alone.as_data(same[0], same[0], None)
    assert data.y[0] is data.x[0]


def test_outputs_without_a_loss_are_ignored():
    inputs = Input((2,))
    hidden = Dense(2, name="hidden")(inputs)
    model = Model(inputs, [hidden, Dense(1, name="out")(hidden), Dense(1, name="other")(inputs)])
    model.compile("sgd", [None, "mse", None])
    before = model.get_layer("other").get_weights()[0]
    y = [draw(6, 2), draw(6, 1), draw(6, 1)]
    history = model.fit(draw(6, 2), y, epochs=2).history
    assert set(history) == {"loss", "out_loss"}
    np.testing.assert_array_equal(model.get_layer("other").get_weights()[0], before)


def test_per_output_weights_of_rows():
    inputs = Input((1,))
    model = Model(inputs, [Dense(1, name="a")(inputs), Dense(1, name="b")(inputs)])
    model.compile(SGD(0.0), "mse")
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    ones = np.ones((4, 1))
    logs = model.train_on_batch(ones, [ones, ones], [np.zeros(4), np.full(4, 2.0)], return_dict=True)
    assert (logs["a_loss"], logs["b_loss"]) == (0, 2)


@pytest.mark.parametrize("labels", ["numbers", "column", "one-hot"])
def test_class_weights_are_sample_weights_by_class(labels):
    numbers = np.array([0, 1, 2, 2, 1, 0])
    y = {"numbers": numbers, "column": numbers[:, np.newaxis], "one-hot": np.eye(3)[numbers]}[labels]
    loss = "categorical_crossentropy" if labels == "one-hot" else "sparse_categorical_crossentropy"
    model = Sequential([Input((2,)), Dense(3, "softmax", kernel_initializer="ones")])
    model.compile(SGD(0.0), loss)
    x = draw(6, 2)
    by_class = model.train_on_batch(x, y, class_weight={1: 3.0, 2: 0.5})
    by_row = model.train_on_batch(x, y, sample_weight=np.array([1, 3, 0.5, 0.5, 3, 1]))
    assert by_class == by_row


def test_class_weights_need_one_output_and_no_other_weights():
    model = line()
    sequences = Sequential([Input((2, 1)), Dense(1)])
    sequences.compile("sgd", "mse")
    with pytest.raises(ValueError, match="class_weight requires a model with one output"):
        model.fit(draw(4, 1), draw(4, 1), class_weight={0: 1.0}, sample_weight=np.ones(4))
    with pytest.raises(ValueError, match="one class per row"):
        sequences.fit(draw(4, 2, 1), draw(4, 2, 1), class_weight={0: 1.0})


def test_weighted_metrics_use_sample_weights():
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="zeros")])
    model.compile(SGD(0.0), "mse", metrics=["mae"], weighted_metrics=["mae"])
    y = np.array([[1.0], [3.0]])
    logs = model.train_on_batch(np.ones((2, 1)), y, sample_weight=np.array([3.0, 1.0]), return_dict=True)
    assert (logs["mae"], logs["weighted_mae"]) == (2.0, 1.5)


def test_the_loss_of_an_output_excludes_loss_weights():
    inputs = Input((1,))
    model = Model(inputs, [Dense(1, name="a")(inputs), Dense(1, name="b")(inputs)])
    model.compile(SGD(0.0), "mse", loss_weights=[0.5, 10.0])
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    ones = np.ones((4, 1))
    assert model.evaluate(ones, [ones, ones], return_dict=True) == {"loss": 10.5, "a_loss": 1.0, "b_loss": 1.0}


def test_a_memory_mapped_float32_file_is_read_in_place(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, draw(64, 3))
    x = np.load(path, mmap_mode="r")
    model = Sequential([Input((3,)), Dense(3)])
    model.compile("sgd", "mse")
    assert np.shares_memory(model._as_inputs(x)[0], x)
    model.fit(x, x, epochs=1)


def test_training_with_the_same_seed_is_equal_bit_by_bit_in_float64():
    def run():
        set_random_seed(1)
        model = Sequential([Input((3,), dtype="float64"), Dense(3, "tanh", dtype="float64")])
        model.compile("rmsprop", "huber")
        model.fit(draw(33, 3), draw(33, 3, seed=1), batch_size=8, epochs=2)
        return model.parameters.copy()

    first = run()
    assert first.dtype == np.float64
    np.testing.assert_array_equal(first, run())
