import io

import numpy as np
import pytest

from nnlite.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgressBar,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from nnlite.layers import Dense, Input
from nnlite.models import Sequential, load_model
from nnlite.optimizers import SGD
from nnlite.progress import Progress


class FakeOptimizer:
    learning_rate = 1.0


class FakeModel:
    def __init__(self):
        self.optimizer = FakeOptimizer()
        self.stop_training = False
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return [np.array(self.weights)]

    def set_weights(self, weights):
        self.weights = int(weights[0])

    def save(self, path):
        self.saved.append(path)

    save_weights = save


def run(callback, values, name="val_loss"):
    """Send a callback through epochs with these figures; return the model and the epochs run."""
    model = FakeModel()
    callback.set_model(model)
    callback.on_train_begin()
    epochs = 0
    for epoch, value in enumerate(values):
        model.weights = epoch
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {name: value})
        epochs += 1
        if model.stop_training:
            break
    callback.on_train_end()
    return model, epochs


def test_early_stopping_waits_for_patience_and_restores():
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    model, epochs = run(stop, [3, 2, 1, 5, 5, 5])
    assert (epochs, model.weights, stop.best) == (5, 2, 1)


def test_early_stopping_maximizes_accuracy(capsys):
    stop = EarlyStopping("val_accuracy", patience=1, verbose=1, restore_best_weights=True)
    model, epochs = run(stop, [0.1, 0.5, 0.4], name="val_accuracy")
    assert (epochs, model.weights) == (3, 1)
    assert "early stopping" in capsys.readouterr().out


def test_early_stopping_options():
    assert run(EarlyStopping(patience=1, min_delta=0.5), [3, 2.8, 2.7])[1] == 2
    assert run(EarlyStopping(patience=1, start_from_epoch=3), [1, 2, 3, 4, 5, 6])[1] == 5
    # An improvement that does not reach the baseline does not buy new patience.
    assert run(EarlyStopping(patience=2), [3, 2, 2, 2, 2])[1] == 4
    assert run(EarlyStopping(patience=2, baseline=0.5), [3, 2, 2, 2, 2])[1] == 3
    assert run(EarlyStopping(mode="max", patience=1), [1, 2, 1])[1] == 3


def test_a_missing_value_warns_once():
    stop = EarlyStopping()
    stop.set_model(FakeModel())
    stop.on_train_begin()
    with pytest.warns(UserWarning, match="monitors 'val_loss', which is not in the logs of training: loss"):
        stop.on_epoch_end(0, {"loss": 1.0})
    # Warnings are errors in these tests: a second one would be raised here.
    stop.on_epoch_end(1, {"loss": 1.0})


def test_plateau_reduces_the_rate():
    model, _ = run(ReduceLROnPlateau(factor=0.5, patience=2, verbose=1), [1, 1, 1, 1, 1])
    assert model.optimizer.learning_rate == 0.25
    model, _ = run(ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2, min_lr=0.4), [1] * 8)
    assert model.optimizer.learning_rate == 0.4


def test_checkpoints(capsys):
    model, _ = run(ModelCheckpoint("m-{epoch:02d}-{val_loss:.1f}", save_best_only=True, verbose=1), [3, 4, 1])
    assert model.saved == ["m-01-3.0", "m-03-1.0"]
    assert "saving the model to m-01-3.0" in capsys.readouterr().out
    model, _ = run(ModelCheckpoint("w", save_weights_only=True, initial_value_threshold=2, save_best_only=True), [3, 1])
    assert model.saved == ["w"]
    every = ModelCheckpoint("b", save_freq=2)
    every.set_model(FakeModel())
    every.on_epoch_begin(0)
    for batch in range(5):
        every.on_train_batch_end(batch, {"loss": 1.0})
    assert len(every.model.saved) == 2
    with pytest.raises(ValueError, match="contains 'nope', which is not in the logs"):
        run(ModelCheckpoint("{nope}"), [1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(mode="up"), "mode must be"),
        (lambda: ReduceLROnPlateau(factor=2), "factor must be a number above 0 and below 1"),
        (lambda: ModelCheckpoint("m", save_freq=0), "save_freq must be"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_scheduler_sets_the_rate(capsys):
    model, _ = run(LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1), [1, 1])
    assert model.optimizer.learning_rate == 0.25
    assert "learning rate 0.25" in capsys.readouterr().out
    with pytest.raises(TypeError, match="must return a number"):
        run(LearningRateScheduler(lambda epoch, rate: None), [1])


def test_csv_logger_writes_and_appends(tmp_path):
    path = tmp_path / "log.csv"
    run(CSVLogger(path), [3, 2])
    run(CSVLogger(path, append=True), [1])
    assert path.read_text() == "epoch,val_loss\n0,3\n1,2\n0,1\n"
    run(CSVLogger(path, separator=";"), [1])
    assert path.read_text() == "epoch;val_loss\n0;1\n"


def test_csv_logger_has_columns_for_later_validation(tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    logger.on_train_begin()
    logger.on_epoch_end(0, {"mae": 2, "loss": 1})
    logger.on_epoch_end(1, {"mae": 4, "loss": 3, "val_loss": 5, "val_mae": 6})
    logger.on_train_end()
    lines = ["epoch,loss,mae,val_loss,val_mae", "0,1,2,NA,NA", "1,3,4,5,6"]
    assert (tmp_path / "log.csv").read_text().splitlines() == lines


def test_nan_stops_training(capsys):
    stop = TerminateOnNaN()
    stop.set_model(FakeModel())
    stop.on_train_batch_end(0, {"loss": 1.0})
    assert not stop.model.stop_training
    stop.on_train_batch_end(1, {"loss": float("nan")})
    assert stop.model.stop_training
    assert "nan" in capsys.readouterr().out


def test_only_callbacks_are_accepted():
    with pytest.raises(TypeError, match="must be instances of Callback"):
        CallbackList([print], FakeModel(), {})


def test_one_callback_needs_no_list():
    heard = []

    class Spy(Callback):
        def on_epoch_end(self, epoch, logs=None):
            heard.append("fit")

        def on_test_end(self, logs=None):
            heard.append("evaluate")

        def on_predict_end(self, logs=None):
            heard.append("predict")

    model, x = Sequential([Input((2,)), Dense(1)]), np.zeros((3, 2))
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], callbacks=Spy())
    model.evaluate(x, x[:, :1], callbacks=Spy())
    model.predict(x, callbacks=Spy())
    assert heard == ["fit", "evaluate", "predict"]
    with pytest.raises(TypeError, match="callbacks must be a Callback or a list of them; found 3"):
        model.fit(x, x[:, :1], callbacks=3)


def test_every_hook_of_the_base_may_be_called():
    names = [name for name in dir(Callback) if name.startswith("on_")]
    assert len(names) == 16
    several = CallbackList([Callback()], FakeModel(), {})
    for name in names:
        assert getattr(several, name)(*([0] if "epoch" in name or "batch" in name else [])) is None


def test_callbacks_in_a_real_fit(tmp_path):
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(20, 2))
    path = tmp_path / "best.npz"
    model.fit(
        x,
        x[:, :1],
        epochs=4,
        validation_split=0.2,
        callbacks=[ModelCheckpoint(path, save_best_only=True), ReduceLROnPlateau(), EarlyStopping(patience=2)],
    )
    assert load_model(path).output_shape == (None, 1)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_the_bar_is_redrawn_in_a_terminal(monkeypatch):
    monkeypatch.setattr("nnlite.progress._SECONDS_BETWEEN_DRAWINGS", 0)
    stream = Terminal()
    bar = Progress(10, stream=stream)
    bar.update(5, {"loss": 0.12345})
    bar.finish({"loss": 1e-5})
    text = stream.getvalue()
    assert "\r 5/10 ━━━━━━━━━━ " in text
    assert "loss: 0.1235" in text
    assert "loss: 1.0000e-05" in text
    assert text.endswith("\n")


def test_the_bar_is_ascii_if_the_encoding_requires_it():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Progress(4, stream=stream).finish({})
    stream.seek(0)
    assert "4/4 ====================" in stream.read()


def test_a_bar_needs_no_batches(capsys):
    bar = ProgressBar(2)
    bar.set_params({"epochs": 1, "steps": 3})
    bar.on_epoch_begin(0)
    bar.on_epoch_end(0, {"loss": 1.0})
    assert "Epoch 1/1\n3/3 - 0s" in capsys.readouterr().out


def test_short_names_of_batch_hooks_are_called():
    class Finder(Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_batch_begin(self, batch, logs=None):
            self.seen.append(-batch)

        def on_batch_end(self, batch, logs=None):
            self.seen.append(batch)

    for backend in ("numpy", "numba"):
        model = Sequential([Input((2,)), Dense(1)])
        model.compile("sgd", "mse")
        finder = Finder()
        model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, verbose=0, callbacks=[finder], backend=backend)
        assert finder.seen == [0, 0, -1, 1, -2, 2, -3, 3]


def test_lambda_callbacks_take_every_hook():
    heard = []
    hooks = {
        name: lambda *a, name=name: heard.append(name)
        for name in ("on_test_begin", "on_test_batch_end", "on_predict_end", "on_batch_end")
    }
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((2, 2))
    callback = LambdaCallback(**hooks)
    model.fit(x, x[:, :1], verbose=0, callbacks=callback)
    model.evaluate(x, x[:, :1], verbose=0, callbacks=callback)
    model.predict(x, callbacks=callback)
    assert heard == ["on_batch_end", "on_test_begin", "on_test_batch_end", "on_predict_end"]
    with pytest.raises(TypeError, match="a callback has no 'on_fit_begin'"):
        LambdaCallback(on_fit_begin=print)


def test_schedules_take_one_argument_or_two():
    for schedule in (lambda epoch: 0.5**epoch, lambda epoch, rate: 0.5**epoch if epoch else rate):
        model = Sequential([Input((2,)), Dense(1)])
        model.compile(SGD(1.0), "mse")
        x = np.zeros((2, 2))
        history = model.fit(x, x[:, :1], epochs=3, verbose=0, callbacks=LearningRateScheduler(schedule))
        assert history.history["learning_rate"] == [1.0, 0.5, 0.25]


def test_checkpoints_make_their_folder(tmp_path):
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((2, 2))
    model.fit(x, x[:, :1], verbose=0, callbacks=ModelCheckpoint(str(tmp_path / "new" / "er" / "{epoch}.npz")))
    assert (tmp_path / "new" / "er" / "1.npz").exists()
