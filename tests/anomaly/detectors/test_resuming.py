"""Fits that are interrupted, and go on to the same detector."""

import numpy as np
import pytest

import anomaly
from anomaly import resumable
from anomaly.cli import main
from anomaly.detectors import resuming
from tests.anomaly.killed_fit import write_data

RNG = np.random.default_rng(0)
TABLE = np.where(RNG.random((90, 3)) < 0.1, np.nan, RNG.normal(size=(90, 3)))
SERIES = np.sin(np.arange(300)[:, np.newaxis] / np.array([3, 5])) + 0.1 * RNG.normal(size=(300, 2))
IMAGES = RNG.normal(size=(30, 8, 8, 1))
DETECTORS = {
    "table": (lambda **other: anomaly.TableDetector(hidden=(8,), epochs=12, **other), TABLE),
    "trimmed": (lambda **other: anomaly.TableDetector(hidden=(8,), epochs=12, trim=0.1, patience=3, **other), TABLE),
    "autoencoder": (lambda **other: anomaly.AutoencoderDetector(hidden=(8, 4, 8), epochs=12, **other), TABLE),
    "variational": (lambda **other: anomaly.VariationalDetector(hidden=(8,), epochs=12, warm_up=8, **other), TABLE),
    "series": (
        lambda **other: anomaly.SequenceDetector(window=8, network="dense", network_share=1.0, epochs=12, **other),
        SERIES,
    ),
    "images": (lambda **other: anomaly.ImageDetector(epochs=12, **other), IMAGES),
}


class Killed(BaseException):
    """Stands for a signal that ends the process."""


@pytest.fixture
def kill_after(monkeypatch):
    """Return a function: fits are to end after so many epochs of all trainings."""
    before = resuming._TimedBackup.on_epoch_begin

    def set_limit(epochs):
        seen = []

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(epoch)
            if len(seen) > epochs:
                raise Killed
            before(self, epoch, logs)

        monkeypatch.setattr(resuming._TimedBackup, "on_epoch_begin", on_epoch_begin)
        return seen

    return set_limit


@pytest.mark.parametrize("kind", DETECTORS)
def test_an_interrupted_fit_goes_on_to_the_same_detector(kind, kill_after, tmp_path):
    make, data = DETECTORS[kind]
    make(random_state=0).fit(data).save(tmp_path / "expected.npz")
    kill_after(9)
    with pytest.raises(Killed), resumable(tmp_path / "backup", seconds=0):
        make(random_state=0).fit(data)
    assert list((tmp_path / "backup").iterdir())
    seen = kill_after(1000)
    with resumable(tmp_path / "backup", seconds=0):
        make(random_state=0).fit(data).save(tmp_path / "found.npz")
    assert (tmp_path / "found.npz").read_bytes() == (tmp_path / "expected.npz").read_bytes()
    assert not (tmp_path / "backup").exists()
    # It went on, and did not begin anew.
    assert 0 not in seen[:1]


def test_a_training_that_has_ended_is_not_repeated(kill_after, tmp_path):
    make, data = DETECTORS["autoencoder"]
    seen = kill_after(1000)
    # The block ends with an error of its own, as when the file cannot be written.
    with pytest.raises(FileNotFoundError), resumable(tmp_path, seconds=0):
        make(random_state=0).fit(data).save(tmp_path / "no folder" / "m.npz")
    epochs = len(seen)
    assert epochs >= 12
    with resumable(tmp_path):
        make(random_state=0).fit(data)
    assert len(seen) == epochs


def test_checkpoints_of_another_fit_are_not_used_and_not_deleted(kill_after, tmp_path):
    make, data = DETECTORS["autoencoder"]
    expected = make(random_state=1).fit(data).threshold_
    kill_after(5)
    with pytest.raises(Killed), resumable(tmp_path, seconds=0):
        make(random_state=0).fit(data)
    kill_after(1000)
    with pytest.warns(UserWarning, match="another fit"), resumable(tmp_path):
        found = make(random_state=1).fit(data)
    assert found.threshold_ == expected
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command(kill_after, tmp_path, capsys):
    write_data(tmp_path / "data.csv")
    fit = ["fit", str(tmp_path / "data.csv"), "--epochs", "12", "--hidden", "8"]
    assert main([*fit, "-m", str(tmp_path / "expected.npz")]) == 0
    kill_after(9)
    backup = ["--checkpoint", str(tmp_path / "backup")]
    with pytest.raises(Killed):
        main([*fit, "-m", str(tmp_path / "m.npz"), *backup])
    kill_after(1000)
    assert main([*fit, "-m", str(tmp_path / "m.npz"), *backup]) == 0
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "expected.npz").read_bytes()
    assert not (tmp_path / "backup").exists()
    capsys.readouterr()
    assert main([*fit, "-m", str(tmp_path / "m.npz"), "--checkpoint", str(tmp_path / "data.csv")]) == 2
    assert "name a folder" in capsys.readouterr().err
