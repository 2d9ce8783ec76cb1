"""The engine's random numbers are those of Philox, its noise is normal, and streams are independent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from nnlite.engine.kernels.noise import normal_pair, philox

# Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), table of Philox4x32's constants.
MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], np.uint64)
WEYL = np.array([0x9E3779B9, 0xBB67AE85], np.uint64)
LOW = np.uint64(0xFFFFFFFF)


def philox_by_the_paper(counter, key, rounds=10):
    """Return Philox4x32 of (..., 4) counters under (..., 2) keys, written down from section 3.3 of the paper."""
    counter, key = np.array(counter, np.uint64), np.array(key, np.uint64)
    for _ in range(rounds):
        high, low = np.divmod(counter[..., 0::2] * MULTIPLIERS, np.uint64(2**32))
        # The left and the right half of the network each: high(other) ^ key ^ own second word, and low(other).
        left = high[..., ::-1] ^ counter[..., 1::2] ^ key
        counter = np.stack([left[..., 0], low[..., 1], left[..., 1], low[..., 0]], axis=-1)
        key = (key + WEYL) & LOW
    return counter


@njit
def many(place, step, thread, seed, out):
    for i in range(place.size):
        out[i] = philox(place[i], step[i], thread[i], seed[i])


def engine_philox(place, step, thread, seed):
    """Return the engine's four words for each of the broadcast int64 arguments."""
    arguments = np.broadcast_arrays(*(np.asarray(a, np.int64) for a in (place, step, thread, seed)))
    out = np.empty((arguments[0].size, 4), np.uint64)
    many(*(np.ascontiguousarray(a).ravel() for a in arguments), out)
    return out


def signed(word):
    """Return the int64 of the same bits."""
    return int(np.uint64(word).astype(np.int64))


# The vectors that come with Random123, the authors' own library.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS, ids=["zeros", "ones", "pi"])
def test_philox_reproduces_the_published_answers(counter, key, answer):
    counter, key, answer = ([int(word, 16) for word in words.split()] for words in (counter, key, answer))
    assert philox_by_the_paper(counter, key).tolist() == answer
    # The counter's words are the index, the step's low half, the thread and the step's high half.
    place, low, thread, high = counter
    step, seed = signed(high << 32 | low), signed(key[1] << 32 | key[0])
    assert engine_philox(place, step, thread, seed).tolist() == [answer]


words = st.integers(-(2**63), 2**63 - 1)


@given(st.integers(0, 2**32 - 1), words, st.integers(0, 2**32 - 1), words)
@settings(max_examples=200, deadline=None)
def test_philox_agrees_with_the_paper_for_any_counter(place, step, thread, seed):
    low, high = (np.int64(step).astype(np.uint64) >> np.uint64(shift) & LOW for shift in (0, 32))
    key = [np.int64(seed).astype(np.uint64) >> np.uint64(shift) & LOW for shift in (0, 32)]
    expected = philox_by_the_paper([place, low, thread, high], key)
    np.testing.assert_array_equal(engine_philox(place, step, thread, seed)[0], expected)


def test_indices_steps_threads_and_seeds_give_distinct_numbers():
    axes = np.meshgrid(np.arange(16), np.arange(16), np.arange(8), np.arange(16), indexing="ij")
    rows = engine_philox(*axes)
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert len(np.unique(rows)) > 0.999 * rows.size


def test_bits_are_fair_and_uncorrelated():
    n = 1 << 16
    numbers = engine_philox(np.arange(n), 3, 0, 12345).astype(np.uint32)
    bits = np.unpackbits(numbers.view(np.uint8), axis=None).reshape(n, 128).astype(np.float64)
    # Of 128 means and 128 correlations of neighbours each, none is farther than 5 standard deviations off.
    assert np.abs(bits.mean(0) - 0.5).max() < 5 * 0.5 / np.sqrt(n)
    changes = bits[1:] != bits[:-1]
    assert np.abs(changes.mean(0) - 0.5).max() < 5 * 0.5 / np.sqrt(n)


@pytest.mark.parametrize("argument", ["place", "step", "thread", "seed"])
def test_one_bit_of_an_argument_changes_half_of_the_result(argument):
    base = {"place": 1000, "step": 17, "thread": 1, "seed": 987654321}
    others = {**base, argument: base[argument] ^ (1 << np.arange(32))}
    difference = engine_philox(**others) ^ engine_philox(**base)
    changed = np.unpackbits(difference.astype(np.uint32).view(np.uint8)).mean()
    assert changed == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(32 * 128))


# -- normal numbers --------------------------------------------------------------------------------


@njit
def normals(step, seed, zero, out):
    for i in range(out.shape[0]):
        a, b, c, d = philox(i, step, 0, seed)
        out[i, 0], out[i, 1] = normal_pair(a, b, zero)
        out[i, 2], out[i, 3] = normal_pair(c, d, zero)


def draw_normals(n, dtype, step=0, seed=1):
    out = np.empty((n, 4), dtype)
    normals(step, seed, dtype(0), out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_is_normal(dtype):
    n = 250_000
    z = draw_normals(n, dtype)
    assert z.dtype == dtype
    for column in z.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    z = z.ravel().astype(np.float64)
    deviations = np.sqrt(np.array([1, 2, 15, 96, 10170]) / z.size)
    moments = [(z**k).mean() for k in range(1, 5)] + [(z**6).mean()]
    off = np.abs(np.array(moments) - [0, 1, 0, 3, 15]) / deviations
    assert off.max() < 5, moments
    for limit in (2, 3, 4):
        share = stats.norm.sf(limit)
        for tail in (z > limit, z < -limit):
            assert abs(tail.mean() - share) < 5 * np.sqrt(share / z.size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_is_uncorrelated(dtype):
    n = 100_000
    first, later, other = (
        draw_normals(n, dtype, step, seed).astype(np.float64) for step, seed in [(0, 1), (1, 1), (0, 2)]
    )
    columns = np.hstack([first, later, other, np.roll(first, 1, axis=0)])
    for values in (columns, columns**2):
        correlations = np.corrcoef(values.T) - np.eye(16)
        assert np.abs(correlations).max() < 5 / np.sqrt(n)
    # The two of a pair lie anywhere on a circle: octants are equally likely.
    angle = np.arctan2(first[:, 1], first[:, 0])
    counts = np.histogram(angle, 16, (-np.pi, np.pi))[0]
    assert stats.chisquare(counts).pvalue > 1e-3


@njit
def pairs(bits, angles, zero, out):
    for i in range(bits.size):
        out[i, 0], out[i, 1] = normal_pair(bits[i], angles[i], zero)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-7), (np.float64, 1e-10)])
def test_normal_pairs_have_the_radius_of_box_and_muller(dtype, tolerance):
    rng = np.random.default_rng(0)
    edges = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]
    bits = np.concatenate([edges, rng.integers(0, 2**32, 10_000)]).astype(np.uint64)
    angles = np.concatenate([edges[::-1], rng.integers(0, 2**32, 10_000)]).astype(np.uint64)
    out = np.empty((bits.size, 2), dtype)
    pairs(bits, angles, dtype(0), out)
    assert np.isfinite(out).all()
    # In float32 a number that rounds to 1 has radius 0.
    u = ((bits.astype(dtype) + dtype(0.5)) * dtype(2.0**-32)).astype(np.float64)
    radius = np.sqrt(-2 * np.log(u))
    np.testing.assert_allclose(np.hypot(*out.T.astype(np.float64)), radius, rtol=tolerance, atol=tolerance)
    # The largest possible deviation.
    assert np.abs(out).max() <= np.sqrt(-2 * np.log(2.0**-33)) * (1 + 1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_angles_of_normal_pairs_are_uniform(dtype):
    # An odd step, so that the bits which choose the octant change.
    angles = np.arange(0, 2**32, 107_351, dtype=np.uint64)
    out = np.empty((angles.size, 2), dtype)
    pairs(np.full(angles.size, 2**30, np.uint64), angles, dtype(0), out)
    assert np.abs(out.astype(np.float64).mean(0)).max() < 0.02
    eighths = np.histogram(np.arctan2(out[:, 1], out[:, 0]), 8, (-np.pi, np.pi))[0]
    assert eighths == pytest.approx(angles.size / 8, rel=0.02)
