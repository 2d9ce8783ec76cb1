import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.causes import CausalCauseStream, CauseStream, NormalParts, alarm_labels, causes_of


def slow(own, width, reach):
    """The definition, step by step."""
    n, half = len(own), max(width // 16, int(width >= 8))
    smooth = [np.mean(own[max(t - half, 0) : t + half + 1]) for t in range(n)]
    return [smooth[t] >= 0.1 * max(smooth[max(t - reach + 1, 0) : t + reach]) * (1 - 1e-9) for t in range(n)]


@pytest.mark.parametrize("width", [1, 2, 7, 8, 15, 16, 33, 100])
@pytest.mark.parametrize("n", [1, 5, 60, 300])
def test_the_definition(n, width):
    own = np.random.default_rng(n + width).exponential(size=n) ** 2
    np.testing.assert_array_equal(causes_of(own, width), slow(own, width, width))
    np.testing.assert_array_equal(causes_of(own, width, 40), slow(own, width, 40))


@given(
    cuts=st.lists(st.integers(0, 250), max_size=6),
    width=st.sampled_from([1, 4, 8, 20, 64, 150]),
    reach=st.sampled_from([None, 1, 30, 100]),
    normal=st.sampled_from([None, NormalParts(1, 2.0), NormalParts(12, 0.7)]),
)
def test_a_stream_gives_the_same_answers(cuts, width, reach, normal):
    own = np.random.default_rng(width).exponential(size=250) ** 2
    stream = CauseStream(width, reach, normal=normal)
    answers = np.zeros(0, bool)
    for piece in np.split(own, sorted(cuts)):
        answers = np.r_[answers, stream.push(piece)]
        assert len(answers) == 0 or len(answers) <= 250 - stream.delay
    expected = causes_of(own, width, reach, normal=normal)
    np.testing.assert_array_equal(np.r_[answers, stream.finish()], expected)
    # A finished stream begins anew.
    expected = causes_of(own[:99], width, reach, normal=normal)
    np.testing.assert_array_equal(np.r_[stream.push(own[:99]), stream.finish()], expected)


def test_normal_steps_beside_clearly_odd_ones_are_no_causes():
    rng = np.random.default_rng(0)
    own = rng.exponential(size=2000) ** 2
    normal = NormalParts.of(own[:1000], 80)
    own[1500:1530] += 60.0
    without, found = causes_of(own, 4, 200), causes_of(own, 4, 200, normal=normal)
    assert without[1310:1495].any()
    assert not found[1310:1490].any()
    assert not found[1540:1690].any()
    assert found[1500:1530].all()
    # Where nothing is clearly odd, as for a sensor that is too quiet, nothing changes.
    quiet = own[:1000] * np.where(np.abs(np.arange(1000) - 500) < 50, 0.01, 1.0)
    np.testing.assert_array_equal(causes_of(quiet, 4, 200, normal=normal), causes_of(quiet, 4, 200))


def nearest_windows(series, width, n_train):
    """Return the scores of the steps and their own parts by the nearest training window."""
    windows = np.lib.stride_tricks.sliding_window_view(series, width)
    known, fresh = windows[: n_train - width + 1], windows[n_train:]
    nearest = [known[np.argmin(((known - window) ** 2).sum(axis=1))] for window in fresh]
    squares = (fresh - nearest) ** 2
    scores, own, counts = (np.zeros(len(series) - n_train) for _ in range(3))
    for start, square in enumerate(squares):
        steps = slice(start, start + width)
        scores[steps] += np.sqrt(square.sum())
        own[steps] += square
        counts[steps] += 1
    return scores / counts, own / counts


def wave_with(change, seed=0):
    rng = np.random.default_rng(seed)
    series = np.sin(np.arange(1500) / 8) + 0.1 * rng.normal(size=1500)
    change(series)
    scores, own = nearest_windows(series, 50, 1000)
    high = scores > 1.2 * np.quantile(scores[:150], 0.99)
    return np.flatnonzero(high), np.flatnonzero(alarm_labels(high, causes_of(own, 50), 50))


def test_one_odd_sample_makes_a_short_alarm():
    def spike(series):
        series[1250] += 100

    high, alarm = wave_with(spike)
    assert len(high) >= 80
    assert alarm.tolist() == list(range(247, 254))


def test_a_long_anomaly_stays_whole():
    def still(series):
        series[1200:1320] = 0.0

    _, alarm = wave_with(still)
    assert 160 <= alarm[0] <= 205
    assert 315 <= alarm[-1] <= 360
    assert len(alarm) == alarm[-1] - alarm[0] + 1


def test_alarms_of_one_event_are_joined_before_and_after_the_restriction():
    high = np.zeros(40, bool)
    high[[5, 10, 30]] = True
    assert np.flatnonzero(alarm_labels(high, np.ones(40), 4)).tolist() == [5, 6, 7, 8, 9, 10, 30]
    assert np.flatnonzero(alarm_labels(high, np.ones(40), 3)).tolist() == [5, 10, 30]
    cause = np.zeros(40, bool)
    cause[[6, 9, 20]] = True
    assert np.flatnonzero(alarm_labels(high, cause, 4)).tolist() == [6, 7, 8, 9]


def test_no_steps():
    assert causes_of([], 5).shape == (0,)
    assert alarm_labels([], [], 5).shape == (0,)


def test_the_width_is_checked():
    with pytest.raises(ValueError, match="width must be"):
        causes_of([1.0], 0)
    with pytest.raises(ValueError, match="width must be"):
        CauseStream(0)
    with pytest.raises(ValueError, match="reach must be"):
        CauseStream(5, 0)


@given(
    cuts=st.lists(st.integers(0, 250), max_size=6),
    width=st.sampled_from([1, 8, 40]),
    reach=st.sampled_from([1, 30, 90]),
)
def test_causal_answers_do_not_depend_on_later_steps_or_on_the_cut(cuts, width, reach):
    own = np.random.default_rng(width).exponential(size=250) ** 3
    whole = CausalCauseStream(width, reach).push(own)
    stream = CausalCauseStream(width, reach)
    np.testing.assert_array_equal(np.concatenate([stream.push(piece) for piece in np.split(own, sorted(cuts))]), whole)
    np.testing.assert_array_equal(CausalCauseStream(width, reach).push(own[:100]), whole[:100])


def test_the_largest_part_so_far_is_a_cause():
    own = np.random.default_rng(0).exponential(size=500)
    own[300] = 1000.0
    causes = CausalCauseStream(16, 100).push(own)
    assert causes[300]
    assert not causes[303:390].any()
