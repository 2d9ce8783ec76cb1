"""Drift of series: the promised rate of false alarms of autocorrelated series, and what is found."""

import numpy as np
import pytest

from anomaly import SequenceDetector, load_detector
from anomaly.detectors.series_drift import compare_blocks
from anomaly.errors import DataError
from anomaly.preprocessing.blocks import BlockSummary, block_length
from tests.anomaly.detectors.waves import QUICK, stamped, waves


def autoregressive(n, phi, seed):
    noise = np.random.default_rng(seed).normal(size=n + 1000)
    values = np.zeros(n + 1000)
    for i in range(1, n + 1000):
        values[i] = phi * values[i - 1] + noise[i]
    return values[1000:] * np.sqrt(1 - phi**2)


def periodic(n, period, seed):
    rng = np.random.default_rng(seed)
    return np.sin(2 * np.pi * (np.arange(n) + rng.integers(1000)) / period) + 0.1 * rng.normal(size=n)


def comparison(then, now, of_spread=False):
    length = block_length(len(then), 1)
    samples = []
    for seed, values in enumerate((then, now)):
        summary = BlockSummary(length, 1, seed)
        summary.push(values[:, np.newaxis])
        samples.append(summary.blocks())
    return compare_blocks(*samples, 0, of_spread)


@pytest.mark.parametrize("of_spread", [False, True])
@pytest.mark.parametrize(
    ("make", "setting"),
    [*((autoregressive, phi) for phi in (0.0, 0.9, 0.99)), *((periodic, period) for period in (7, 20, 100))],
)
def test_autocorrelated_series_are_no_drift(make, setting, of_spread):
    n_tests, alarms = 80, 0
    for seed in range(n_tests):
        found = comparison(make(3000, setting, seed), make(1500, setting, 1000 + seed), of_spread)
        alarms += found is not None and found.p_value <= 0.05
    # Of 80 tests at 5 %, more than 9 alarms have a probability of 0.6 %.
    assert alarms <= 9


def test_a_test_for_records_would_take_slow_movement_for_drift():
    from anomaly.drift import kolmogorov_smirnov

    alarms = sum(
        kolmogorov_smirnov(autoregressive(3000, 0.9, seed), autoregressive(1500, 0.9, 1000 + seed))[1] <= 0.05
        for seed in range(20)
    )
    assert alarms > 10


def test_a_walk_that_no_test_can_tell_from_drift_is_not_tested():
    walk = np.cumsum(np.random.default_rng(0).normal(size=4000))
    assert comparison(walk[:3000], walk[3000:]) is None


@pytest.mark.parametrize("period", [7, 20, 100])
def test_a_shift_less_than_the_swing_of_a_cycle_is_found(period):
    then, now = periodic(3000, period, 0), periodic(1500, period, 1)
    assert comparison(then, now + 0.3).p_value < 0.01
    now[750:] += 0.5  # half of the fresh steps
    assert comparison(then, now).p_value < 0.05
    assert comparison(then, periodic(1500, period, 2) * 1.5, of_spread=True).p_value < 0.001


# -- detectors ---------------------------------------------------------------------------------


def sensors(n, seed):
    return np.column_stack([periodic(n, 20, seed), autoregressive(n, 0.8, seed + 500)])


@pytest.fixture(scope="module")
def fitted():
    return SequenceDetector(**QUICK).fit(sensors(3000, 0))


def test_fresh_steps_like_those_of_training_are_no_drift(fitted):
    alarms = sum(fitted.drift(sensors(1500, 10 + seed), level=0.05).drifted for seed in range(20))
    assert alarms <= 3


def test_the_column_and_what_has_drifted_are_named(fitted):
    fresh = sensors(1500, 1)
    fresh[:, 0] += 0.4
    result = fitted.drift(fresh)
    assert result.drifted
    assert [(one.name, one.aspect) for one in result.columns] == [("x0", "level")]
    assert result.unit == "blocks"
    fresh = sensors(1500, 1)
    fresh[:, 1] *= 3
    assert "x1 (spread)" in [one.title for one in fitted.drift(fresh).columns]


def test_scores_that_rise_are_drift_and_the_fractions_above_the_threshold_are_told(fitted):
    fresh = sensors(1500, 1)
    fresh += 3 * np.random.default_rng(0).normal(size=fresh.shape)
    result = fitted.drift(fresh)
    assert result.scores_drifted
    assert result.share_now == pytest.approx(np.mean(fitted.decision_function(fresh) > fitted.threshold_))
    assert result.share_then == np.mean(fitted.calibration_scores_ > fitted.threshold_)


def test_chunks_a_list_and_a_file_give_the_same_result(fitted, tmp_path):
    fresh = sensors(1500, 1)
    whole = fitted.drift(fresh)
    pieces = fitted.drift(iter(np.split(fresh, [10, 11, 700])))
    assert [pieces.n_fresh, pieces.columns] == [whole.n_fresh, whole.columns]
    assert pieces.p_value == pytest.approx(whole.p_value, rel=1e-3)
    assert fitted.drift([fresh[:700], fresh[700:]]).n_fresh in (whole.n_fresh, whole.n_fresh - 1)
    fitted.save(tmp_path / "m.npz")
    assert load_detector(tmp_path / "m.npz").drift(fresh) == whole


def test_a_repair_may_be_left_out():
    series = stamped(1500)
    detector = SequenceDetector(**QUICK, time="time").fit(series)
    fresh = stamped(1500, "2024-02-01")
    fresh["a"][300:900] += 5
    assert detector.drift(fresh).drifted
    repair = [(fresh["time"][300], fresh["time"][899])]
    assert not detector.drift(fresh, exclude=repair).drifted
    assert not detector.drift(iter([fresh]), exclude=repair).drifted


def test_too_few_steps_are_an_error(fitted):
    with pytest.raises(DataError, match="too few to compare with those of training.*longer series"):
        fitted.drift(waves(8))
    with pytest.raises(ValueError, match="level must be a number above 0 and below 1"):
        fitted.drift(waves(200), level=1)


def test_a_file_of_an_earlier_version_has_nothing_to_compare_with():
    detector = SequenceDetector(**QUICK).fit(waves())
    detector.preprocessor_.reference_ = None
    config, arrays = detector.to_state()
    config["parameters"]["drift"] = config["parameters"].pop("drift_allowance")  # as it was called
    loaded = SequenceDetector.from_state(config, arrays, "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(waves()), detector.decision_function(waves()))
    with pytest.raises(DataError, match="made by an earlier version, which kept nothing to compare with: fit it anew"):
        loaded.drift(waves())
