"""Values of the steps of a segment that arrives in pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.covariance import WindowCovariance
from anomaly.detectors.sequence.windows.covering import Typical
from anomaly.detectors.sequence.windows.measures import Activity
from anomaly.detectors.sequence.windows.nearest import NearestWindows
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from anomaly.detectors.sequence.windows.recent import RecentSteps
from anomaly.detectors.sequence.windows.sampling import windows_of
from anomaly.detectors.sequence.windows.step_parts import StepParts
from anomaly.detectors.sequence.windows.stream import WindowStream, expected_steps
from anomaly.detectors.sequence.windows.views import VIEWS

WINDOW, TYPICAL = 6, 0.4
NORMAL = Typical(TYPICAL, certainty=0.5)
CAUSAL = pytest.mark.parametrize("causal", [False, True])


def steps(n=60, seed=1):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(n) / 4)[:, np.newaxis]
    return (wave + 0.3 * rng.normal(size=(n, 2))).astype(np.float32)


def holes(n=60, seed=1, share=0.15):
    missing = np.random.default_rng(seed).random((n, 2)) < share
    missing[n // 3 : n // 2, 0] = True
    return missing


OTHERS = {
    "covariance": lambda: WindowCovariance(WINDOW, 1e-2),
    "activity": lambda: QuietWindows(Activity(), WINDOW, WINDOW),
}


def of_kind(kind):
    member = NearestWindows(VIEWS[kind](), WINDOW) if kind in VIEWS else OTHERS[kind]()
    member.fit([windows_of(steps(200, seed=0), WINDOW)], np.random.default_rng(0))
    return member


MEMBERS = {kind: of_kind(kind) for kind in ("values", "shape", "statistics", "covariance", "activity")}
EACH_MEMBER = pytest.mark.parametrize("kind", MEMBERS)
DESCRIBED = pytest.mark.parametrize("kind", ["shape", "statistics"])
STEP_MEMBERS = pytest.mark.parametrize("kind", ["values", "covariance"])


def streamed(stream, series, missing, cuts=()):
    parts = [stream.push(*part) for part in zip(np.split(series, cuts), np.split(missing, cuts), strict=True)]
    return np.concatenate([*parts, stream.finish()])


class PartsOfSteps:
    """The parts of steps that a stream of values finds beside them."""

    def __init__(self, kind, causal):
        self.recent, self.parts = RecentSteps(WINDOW, causal), StepParts(WINDOW, causal)
        self.values = WindowStream(MEMBERS[kind], NORMAL, causal, self.recent)

    def push(self, series, missing):
        self.recent.push(series, missing)
        return self.values.take_with(self.parts)[1]

    def finish(self):
        return self.parts.finish(self.recent.seen)


def values(kind, causal, series, missing=None, cuts=()):
    gone = np.zeros(series.shape, np.bool_) if missing is None else missing
    return streamed(WindowStream(MEMBERS[kind], NORMAL, causal), series, gone, cuts)


@EACH_MEMBER
@CAUSAL
@settings(max_examples=25)
@given(
    n=st.integers(1, 60),
    cuts=st.lists(st.integers(0, 60), max_size=6).map(sorted),
    share=st.sampled_from([0, 0.1, 0.9]),
)
def test_values_do_not_depend_on_how_a_segment_is_cut(kind, causal, n, cuts, share):
    series, missing = steps(n), holes(n, share=share) if share else None
    inside = [min(cut, n) for cut in cuts if cut]
    whole = values(kind, causal, series, missing)
    assert whole.shape == (n, 2)
    np.testing.assert_allclose(values(kind, causal, series, missing, inside), whole, rtol=1e-5, atol=1e-9)


@EACH_MEMBER
def test_a_step_has_the_mean_of_the_windows_that_cover_it(kind):
    found = MEMBERS[kind].distances(windows_of(steps(), WINDOW), None)
    covering = [found[max(t - WINDOW + 1, 0) : t + 1] for t in range(60)]
    means = np.array([parts.mean(axis=0) for parts in covering])
    # A mean of fewer windows is nearer to the typical distance.
    doubt = np.array([0.5 * (WINDOW - len(parts)) / (WINDOW - 1) for parts in covering])[:, np.newaxis]
    expected = means * (TYPICAL / means.sum(axis=1, keepdims=True)) ** doubt
    np.testing.assert_allclose(values(kind, False, steps()), expected, rtol=1e-6)


@EACH_MEMBER
def test_a_causal_step_has_the_window_that_ends_with_it(kind):
    found = MEMBERS[kind].distances(windows_of(steps(), WINDOW), None)
    np.testing.assert_allclose(values(kind, True, steps())[WINDOW - 1 :], found, rtol=1e-4)


@EACH_MEMBER
@given(st.integers(1, 59))
def test_causal_values_do_not_depend_on_later_steps(kind, n):
    later = steps()
    later[n:] = 1000
    found = values(kind, True, later, holes())[:n]
    np.testing.assert_allclose(found, values(kind, True, steps(), holes())[:n], rtol=1e-6)
    stream = WindowStream(MEMBERS[kind], NORMAL, True)
    assert len(stream.push(steps()[:n], holes()[:n])) == n


@EACH_MEMBER
@CAUSAL
def test_missing_samples_have_no_part(kind, causal):
    other = np.where(holes(), np.float32(500), steps())
    # Steps before a segment are missing too, and have its first values.
    other[0] = steps()[0]
    np.testing.assert_allclose(
        values(kind, causal, other, holes()), values(kind, causal, steps(), holes()), rtol=1e-4, atol=1e-9
    )


def shorter(window):
    """Return a segment without its first two steps, as one of a window's length whose last steps are missing."""
    missing = np.zeros(window.shape, np.bool_)
    missing[-2:] = True
    return np.concatenate([window[2:], window[-1:], window[-1:]]), missing


@STEP_MEMBERS
def test_the_fewer_samples_are_known_the_nearer_is_a_distance_to_the_typical_one(kind):
    window = steps(WINDOW) + 5
    missing = np.zeros((WINDOW, 2), np.bool_)
    missing[:2] = True
    found = MEMBERS[kind].distances(windows_of(window, WINDOW), windows_of(missing, WINDOW)).sum()
    drawn = found ** (2 / 3) * TYPICAL ** (1 / 3)
    np.testing.assert_allclose(values(kind, True, window, missing)[-1].sum(), drawn, rtol=1e-6)
    # A step with a single window is half as certain.
    halfway = np.sqrt(drawn * TYPICAL)
    np.testing.assert_allclose(values(kind, False, window, missing).sum(axis=1), halfway, rtol=1e-6)
    in_short = values(kind, False, window[2:]).sum(axis=1)
    np.testing.assert_allclose(in_short, values(kind, False, *shorter(window)).sum(axis=1)[:4], rtol=1e-6)


@EACH_MEMBER
@CAUSAL
def test_where_nothing_is_known_a_value_is_typical(kind, causal):
    found = values(kind, causal, steps(), np.ones((60, 2), np.bool_))
    np.testing.assert_allclose(found, TYPICAL / 2, rtol=1e-6)


@CAUSAL
@DESCRIBED
def test_shape_and_statistics_of_too_few_samples_are_typical(kind, causal):
    # A statistic needs half of the samples: of fewer, nothing is known.
    missing = np.ones((60, 2), np.bool_)
    missing[::3] = False
    np.testing.assert_allclose(values(kind, causal, steps(), missing).sum(axis=1), TYPICAL, rtol=1e-6)


@CAUSAL
@DESCRIBED
def test_at_the_start_of_a_segment_shape_and_statistics_are_typical(kind, causal):
    found = values(kind, causal, steps(WINDOW if causal else WINDOW - 2)).sum(axis=1)
    np.testing.assert_allclose(found[: WINDOW - 2], TYPICAL, rtol=1e-6)


@EACH_MEMBER
@CAUSAL
def test_a_dead_sensor_has_no_part(kind, causal):
    missing = np.zeros((60, 2), np.bool_)
    missing[:, 0] = True
    found = values(kind, causal, steps(), missing)
    np.testing.assert_allclose(found[WINDOW:, 0], 0, atol=1e-12)
    assert (found[WINDOW:, 1] > 0).all()


@STEP_MEMBERS
@CAUSAL
@settings(max_examples=25)
@given(n=st.integers(1, 60), cuts=st.lists(st.integers(0, 60), max_size=6).map(sorted))
def test_parts_of_steps_do_not_depend_on_how_a_segment_is_cut(kind, causal, n, cuts):
    inside = [min(cut, n) for cut in cuts if cut]
    whole, cut = (streamed(PartsOfSteps(kind, causal), steps(n), holes(n), where) for where in ((), inside))
    assert whole.shape == (n,)
    np.testing.assert_allclose(cut, whole, rtol=1e-5, atol=1e-9)


@STEP_MEMBERS
@CAUSAL
def test_an_odd_step_has_the_largest_part(kind, causal):
    odd, none = steps(), np.zeros((60, 2), np.bool_)
    odd[30] += 5
    parts = streamed(PartsOfSteps(kind, causal), odd, none)
    assert parts.argmax() == 30
    assert np.delete(parts, 30).max() < 0.5 * parts[30]


@STEP_MEMBERS
@CAUSAL
def test_expected_values_are_those_of_normal_windows(kind, causal):
    odd, none = steps(), np.zeros((60, 2), np.bool_)
    odd[30, 0] += 5
    none[40:43] = True
    odd[40:43] = 100
    found = expected_steps(MEMBERS[kind], odd, none, causal)
    assert found.shape == odd.shape
    assert np.abs(found[40:43] - steps()[40:43]).max() < 1.5
    assert abs(found[30, 0] - steps()[30, 0]) < 2


@STEP_MEMBERS
@CAUSAL
def test_expected_values_of_a_segment_shorter_than_a_window(kind, causal):
    found = expected_steps(MEMBERS[kind], steps(3), np.zeros((3, 2), np.bool_), causal)
    assert found.shape == (3, 2)
    assert np.abs(found - steps(3)).max() < 1.5
