"""Folds of a series, and the windows that networks are trained on."""

import numpy as np
import pytest

from anomaly.detectors.network_training import FitSettings
from anomaly.detectors.sequence import training
from anomaly.detectors.sequence.training import (
    WindowSettings,
    candidate_folds,
    check_windows,
    fold_of_steps,
    folds_of_networks,
    has_enough_windows,
    train_folds,
)

SERIES = np.arange(40, dtype=np.float32).reshape(20, 2)


def settings(**changes):
    default = {
        "window": 3,
        "stride": 1,
        "network": "dense",
        "method": "reconstruction",
        "relative": False,
        "hidden": (2,),
        "noise": 0.0,
        "learning_rate": 0.001,
        "fit": FitSettings(1, 64),
    }
    return WindowSettings(**{**default, **changes})


@pytest.fixture
def examples(monkeypatch):
    """The inputs and targets that the networks are trained on."""
    seen = []
    monkeypatch.setattr(
        training, "fit_network", lambda model, x, y, settings, steps: seen.append((x, y)) or {"loss": [0.0]}
    )
    return seen


def test_no_window_holds_a_step_of_the_fold(examples):
    folds_of = [fold_of_steps(20, 4, 0.25)]
    networks, history = train_folds(settings(), [[SERIES]], folds_of, folds=4, members=2)
    assert len(networks) == len(examples) == 8
    assert history == {"loss": [0.0]}
    for fold, (inputs, targets) in enumerate(examples[::2], start=1):
        held_out = SERIES[folds_of[0] == fold, 0]
        assert not np.isin(inputs[..., 0], held_out).any()
        assert np.isin(SERIES[folds_of[0] != fold, 0], inputs[..., 0]).all()
        np.testing.assert_array_equal(inputs, targets)


def test_no_window_crosses_segments(examples):
    train_folds(settings(), [[SERIES[:5], SERIES[5:9]], [SERIES[9:]]], [np.zeros(9), np.zeros(11)], 1, 1)
    starts = examples[0][0][:, 0, 0] // 2
    assert starts.tolist() == [0, 1, 2, 5, 6, *range(9, 18)]


@pytest.mark.parametrize(("relative", "first", "target"), [(False, 0.0, 6.0), (True, -4.0, 2.0)])
def test_the_target_of_a_forecast_is_the_next_step(examples, relative, first, target):
    train_folds(settings(method="forecast", relative=relative), [[SERIES]], [np.zeros(20)], 1, 1)
    inputs, targets = examples[0]
    assert inputs.shape == (17, 3, 2)
    assert (inputs[0, 0, 0], targets[0, 0]) == (first, target)


def test_a_segment_shorter_than_a_window_is_an_error():
    with pytest.raises(ValueError, match="at least 3 steps.*the longest has 2.*n_samples = 20"):
        train_folds(settings(), [[SERIES[k : k + 2] for k in range(0, 20, 2)]], [np.zeros(20)], 1, 1)


def test_there_must_be_as_many_windows_as_a_window_has_steps():
    folds_of = [fold_of_steps(20, 4, 0.25)]
    assert has_enough_windows(settings(window=5), [[SERIES]], folds_of, 4)
    assert not has_enough_windows(settings(window=9), [[SERIES]], folds_of, 4)


def test_folds_are_of_equal_length():
    assert np.bincount(fold_of_steps(103, 4, 0.25))[1:].tolist() == [26, 26, 26, 25]
    assert fold_of_steps(100, 1, 0.0).sum() == 0
    assert candidate_folds("auto", 0.0, 20, 100) == [1]
    assert candidate_folds(3, 0.25, 20, 100) == [3]


def test_the_number_of_networks_gives_the_folds():
    assert folds_of_networks([None] * 8, "auto", 2) == 4
    assert folds_of_networks([None] * 2, "auto", 2) == 1
    with pytest.raises(ValueError, match=r"it must hold 2 or 8 network\(s\)"):
        folds_of_networks([None] * 4, "auto", 2)
    with pytest.raises(ValueError, match=r"it must hold 3 network\(s\)"):
        folds_of_networks("abc", 3, 1)


def test_windows_that_cannot_be_used():
    check_windows("forecast", 1, 1)
    with pytest.raises(ValueError, match="window must be at least 2 to be reconstructed"):
        check_windows("reconstruction", 1, 1)
    with pytest.raises(ValueError, match=r"stride must be at most window \(4\).*found 5"):
        check_windows("reconstruction", 4, 5)
