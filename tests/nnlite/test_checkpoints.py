"""A fit that is killed goes on to the same weights, bit by bit."""

import numpy as np
import pytest

from nnlite.archive import FileFormatError, dump_archive, read_archive
from nnlite.callbacks import BackupAndRestore, Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from nnlite.layers import GRU, Dense, Dropout, GaussianLatent, GaussianNoise, Input, RepeatVector, SpatialDropout1D
from nnlite.models import Sequential
from nnlite.utils import set_random_seed
from tests.nnlite.arrays import draw_single as draw
from tests.nnlite.killed_training import EPOCHS, killed_and_resumed

BACKENDS = ("numpy", "numba")
X = draw(150, 4)
NETWORKS = {
    "dropout": lambda: [Input((4,)), Dense(8, "relu"), Dropout(0.3), GaussianNoise(0.1), Dense(4)],
    "variational": lambda: [Input((4,)), Dense(6), GaussianLatent(), Dense(4)],
    "recurrent": lambda: [
        Input((4,)),
        RepeatVector(3),
        GRU(5, dropout=0.2, recurrent_dropout=0.2, return_sequences=True),
        SpatialDropout1D(0.2),
        GRU(4),
    ],
}


class Interrupt(Callback):
    """Interrupts training after so many epochs."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epochs:
            raise KeyboardInterrupt


def train(kind, backend, callbacks=(), seed=5, x=X, epochs=7, optimizer="adam", **arguments):
    set_random_seed(seed)
    model = Sequential(NETWORKS[kind]())
    model.compile(optimizer, "mse")
    history = model.fit(x, x, epochs=epochs, backend=backend, callbacks=list(callbacks), threads=1, **arguments)
    return model.parameters.tobytes(), history.history


def interrupted(kind, backend, folder, epochs=3, others=(), **arguments):
    with pytest.raises(KeyboardInterrupt):
        train(kind, backend, [*others, BackupAndRestore(folder), Interrupt(epochs)], **arguments)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_fit_goes_on_to_the_same_weights(kind, backend, tmp_path):
    expected = train(kind, backend)
    interrupted(kind, backend, tmp_path)
    # Another seed: everything random comes from the checkpoint.
    assert train(kind, backend, [BackupAndRestore(tmp_path)], seed=99) == expected
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", BACKENDS)
def test_resume_needs_no_callback(backend, tmp_path):
    expected = train("dropout", backend)
    interrupted("dropout", backend, tmp_path)
    assert train("dropout", backend, seed=99, resume=tmp_path) == expected
    assert train("dropout", backend, seed=99, resume=tmp_path / "checkpoint.npz") == expected
    with pytest.raises(FileNotFoundError):
        train("dropout", backend, resume=tmp_path / "other.npz")


@pytest.mark.parametrize(
    "make",
    [
        lambda: [EarlyStopping("loss", patience=1, min_delta=0.05, restore_best_weights=True)],
        lambda: [ReduceLROnPlateau("loss", patience=1, min_delta=0.1)],
        lambda: [LearningRateScheduler(lambda epoch, rate: rate * 0.7)],
    ],
)
def test_callbacks_go_on_as_well(make, tmp_path):
    expected = train("dropout", "numpy", make(), epochs=12)
    interrupted("dropout", "numpy", tmp_path, others=make(), epochs=3)
    assert train("dropout", "numpy", [*make(), BackupAndRestore(tmp_path)], seed=99, epochs=12) == expected


def test_training_that_was_stopped_early_stays_so(tmp_path):
    def stopping():
        return [
            EarlyStopping("loss", patience=1, min_delta=10.0),
            BackupAndRestore(tmp_path, delete_checkpoint=False),
        ]

    expected = train("dropout", "numpy", stopping(), epochs=12)
    assert len(expected[1]["loss"]) < 12
    assert train("dropout", "numpy", stopping(), seed=99, epochs=12) == expected


def test_every_so_many_epochs(tmp_path):
    expected = train("dropout", "numpy")
    with pytest.raises(KeyboardInterrupt):
        train("dropout", "numpy", [BackupAndRestore(tmp_path, save_freq=2), Interrupt(3)])
    assert train("dropout", "numpy", [BackupAndRestore(tmp_path)], seed=99) == expected
    with pytest.raises(ValueError, match="save_freq"):
        BackupAndRestore(tmp_path, save_freq=0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"x": X + 1}, "checksum of the data"),
        ({"x": X[:100]}, "records"),
        ({"batch_size": 10}, "batch size"),
        ({"kind": "variational"}, "layers"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"backend": "numba"}, "backend"),
        ({"shuffle": False}, "shuffling"),
        ({"callbacks": [EarlyStopping("loss")]}, "list of callbacks"),
    ],
)
def test_the_checkpoint_of_another_fit_is_refused(change, named, tmp_path):
    interrupted("dropout", "numpy", tmp_path)
    with pytest.raises(FileFormatError, match=f"another fit: its {named}"):
        train(**{"kind": "dropout", "backend": "numpy", "resume": tmp_path, **change})


def test_broken_checkpoints_are_refused(tmp_path):
    interrupted("dropout", "numpy", tmp_path)
    path = tmp_path / "checkpoint.npz"
    content, refused = path.read_bytes(), 0
    for position in np.linspace(0, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :])
        try:
            train("dropout", "numpy", resume=path)
        except FileFormatError:
            refused += 1
    # Some bytes of the zip format have no meaning.
    assert refused >= 30


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [(0, "best", None), (0, "wait", "x"), (1, "epoch", [None]), (1, "history", {"loss": 1.0}), (1, "history", [])],
)
def test_states_of_another_kind_are_refused(tmp_path, number, name, value):
    def callbacks():
        return [ReduceLROnPlateau("loss")]

    interrupted("dropout", "numpy", tmp_path, others=callbacks())
    config, arrays = read_archive(tmp_path / "checkpoint.npz", "checkpoint")
    config["callbacks"][number]["state"][name] = value
    (tmp_path / "checkpoint.npz").write_bytes(dump_archive("checkpoint", config, arrays))
    with pytest.raises(FileFormatError, match="does not describe the state of this fit"):
        train("dropout", "numpy", callbacks(), resume=tmp_path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_at_random_moments(backend):
    results = list(killed_and_resumed(1, backend))
    assert results[-1][0] == EPOCHS
    assert not [wrong for _, _, wrong in results if wrong]
