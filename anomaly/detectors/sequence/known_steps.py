r"""Steps of training, recognized when they are scored again.

A step of training is near to itself: a comparison with remembered windows finds nothing odd in it, and `fit` compares
it with others instead. Whoever scores the training series, to find the anomalies in it or to see that there are none,
wants those scores. So steps are recognized by the bits of the features of L = 16 steps: by the hash

.. math:: H_k = \sum_{i=0}^{L-1} r^i \sum_j c_j\, b_{k+i,j} \mod 2^{64}

of the bits b, with odd constants. A sequence that training has more than once is no sign of a place in it, as where a
sensor stands still. But the steps that follow a known one are known as long as they are those of training, and so are
those that a segment begins with, if a segment of training begins so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from nnlite.types import Array

LENGTH = 16
"""Number of consecutive steps that are recognized."""

UNKNOWN = -1

_BASE = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0xD1B54A32D192ED03)
_POWERS = np.array([pow(int(_STEP), LENGTH - 1 - i, 1 << 64) for i in range(LENGTH)], np.uint64)


class KnownSteps:
    """Places of sequences of training.

    Attributes
    ----------
    steps_ : ndarray of uint64 of shape (n_steps of all segments,)
        Hashes of the steps of training.
    starts_ : ndarray of int64 of shape (n_segments,)
        First step of each segment, counted over all.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    >>> known = KnownSteps().fit([noise])
    >>> stream = known.stream(causal=False)
    >>> places = np.concatenate([stream.push(np.concatenate([noise[30:50], -noise[:20]])), stream.finish()])
    >>> places[[0, 19, 20]].tolist()
    [30, 49, -1]
    """

    steps_: Array
    starts_: Array

    def fit(self, segments: Sequence[Array]) -> KnownSteps:
        """Remember the sequences of segments of shape (n_steps, n_features), float32."""
        ends = np.cumsum([len(steps) for steps in segments])
        return self._remember(np.concatenate([_step_hashes(steps) for steps in segments]), np.append(0, ends[:-1]))

    def stream(self, causal: bool) -> KnownStream:
        """Return a stream at the start of a segment."""
        return KnownStream(self, causal)

    def find(self, hashes: Array) -> Array:
        """Return the place of each sequence that training has once, or UNKNOWN."""
        if not len(self._hashes):
            return np.full(len(hashes), UNKNOWN)
        nearest = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return np.where(self._hashes[nearest] == hashes, self._places[nearest], UNKNOWN)

    def find_start(self, steps: Array, whole: bool = False) -> int:
        """Return the place of the first segment that begins with at most LENGTH steps, or is them; or UNKNOWN."""
        n, lengths = len(steps), self._ends - self.starts_
        is_long = lengths == n if whole else lengths >= n
        found = np.flatnonzero(is_long & (self._beginnings[:, :n] == steps).all(axis=1))
        return int(self.starts_[found[0]]) if len(found) else UNKNOWN

    def are_at(self, steps: Array, places: Array, first: Array) -> Array:
        """Return which steps are those of training at places, in the segments that other places are in."""
        last = self._ends[np.searchsorted(self.starts_, np.maximum(first, 0), side="right") - 1] - 1
        is_inside = (first >= 0) & (places <= last)
        return np.asarray(is_inside & (self.steps_[np.where(is_inside, places, 0)] == steps))

    def _remember(self, steps: Array, starts: Array) -> KnownSteps:
        self.steps_, self.starts_ = steps, starts.astype(np.int64)
        self._ends = np.append(self.starts_[1:], len(steps))
        inside = np.minimum(self.starts_[:, np.newaxis] + np.arange(LENGTH), len(steps) - 1)
        self._beginnings = steps[inside]  # of shorter segments, more than those
        pairs = list(zip(self.starts_, self._ends, strict=True))
        every = np.concatenate([_sequence_hashes(steps[start:end]) for start, end in pairs])
        places = np.concatenate([np.arange(start, max(end - LENGTH + 1, start)) for start, end in pairs])
        hashes, first, counts = np.unique(every, return_index=True, return_counts=True)
        self._hashes, self._places = hashes[counts == 1], places[first[counts == 1]]
        return self

    def get_state(self) -> dict[str, Array]:
        """Return the hashes of the steps, as the signed integers that files have, and where segments start."""
        return {"steps": self.steps_.view(np.int64), "starts": self.starts_}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], n_steps: int) -> KnownSteps:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        steps, starts = arrays["steps"], arrays["starts"]
        if steps.dtype != np.int64 or steps.shape != (n_steps,):
            raise ValueError("expected a hash of each step of training")
        if starts.dtype != np.int64 or starts.ndim != 1 or not len(starts):
            raise ValueError("expected the first step of each segment of training")
        if starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= n_steps:
            raise ValueError("expected segments of training one after the other")
        return cls()._remember(np.ascontiguousarray(steps).view(np.uint64), starts)


class KnownStream:
    """Places of the steps of one segment that arrives in pieces.

    Parameters
    ----------
    known : KnownSteps
        The sequences of training.
    causal : bool
        Whether a step is recognized by the sequence that ends with it alone, without later steps.
    """

    def __init__(self, known: KnownSteps, causal: bool) -> None:
        self._known, self._causal = known, causal
        self._hashes = np.zeros(0, np.uint64)  # of the last steps, which later sequences hold
        self._last = (UNKNOWN, 0)  # a place that is followed, and its step in this segment
        self._seen = self._answered = 0

    def push(self, steps: Array) -> Array:
        """Take the next steps, float32; return the places of those that are final, or UNKNOWN."""
        new = _step_hashes(steps)
        hashes = np.concatenate([self._hashes, new])
        found = self._known.find(_sequence_hashes(hashes))
        if len(found) and self._seen < LENGTH and found[0] == UNKNOWN:
            found[0] = self._known.find_start(hashes[:LENGTH])
        if self._causal:
            ended = np.where(found >= 0, found + LENGTH - 1, UNKNOWN)
            found, hashes_of_found = np.concatenate([self._places_of_first(hashes, len(new)), ended]), new
        else:
            hashes_of_found = hashes[: len(found)]
        self._seen += len(new)
        self._hashes = hashes[max(len(hashes) - LENGTH + 1, 0) :]
        return self._followed(found, hashes_of_found)

    def finish(self) -> Array:
        """Return the remaining places: the segment ends here."""
        if self._causal:
            return np.zeros(0, np.int64)
        found = np.full(len(self._hashes), UNKNOWN)
        if 0 < self._seen < LENGTH:
            found[0] = self._known.find_start(self._hashes, whole=True)
        return self._followed(found, self._hashes)

    def _places_of_first(self, hashes: Array, n_new: int) -> Array:
        """Return the places of the new steps of a segment with which no sequence has ended."""
        ends = range(self._seen, min(self._seen + n_new, LENGTH - 1))
        starts = [self._known.find_start(hashes[: end + 1]) for end in ends]
        return np.array([UNKNOWN if start < 0 else start + end for start, end in zip(starts, ends, strict=True)], int)

    def _followed(self, found: Array, hashes: Array) -> Array:
        """Return the places of the next steps: those that are found, and those that follow them as in training."""
        steps = self._answered + np.arange(len(found))
        self._answered += len(found)
        if self._last[0] < 0 and (found < 0).all():
            return found
        # A step before these stands for the place that is followed.
        place = np.concatenate([[self._last[0]], found])
        start = np.concatenate([[self._last[1]], steps])
        last = np.maximum.accumulate(np.where(place >= 0, np.arange(len(place)), 0))[1:]
        first, since = place[last], start[last]
        followed = first + steps - since
        is_known = self._known.are_at(hashes, followed, first)
        lost = np.maximum.accumulate(np.where(is_known, -1, steps))
        places = np.where(lost < since, followed, UNKNOWN)
        if len(places):
            self._last = (int(places[-1]), int(steps[-1]))
        return places


@cache
def _constants(n_features: int) -> Array:
    """Return an odd constant for each feature."""
    return np.arange(1, 2 * n_features, 2, dtype=np.uint64) * _BASE


def _step_hashes(steps: Array) -> Array:
    """Return a hash of the bits of each step; -0.0 is 0.0."""
    bits = (np.ascontiguousarray(steps, np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    mixed = bits * _constants(bits.shape[1])
    mixed ^= mixed >> np.uint64(29)
    hashes: Array = mixed.sum(axis=1, dtype=np.uint64)
    return hashes


def _sequence_hashes(hashes: Array) -> Array:
    """Return the hash of each sequence of LENGTH steps."""
    n = len(hashes) - LENGTH + 1
    if n == 1:
        return np.add.reduce(hashes * _POWERS, keepdims=True)
    total = np.zeros(max(n, 0), np.uint64)
    for i in range(LENGTH if n > 0 else 0):
        total = total * _STEP + hashes[i : i + n]
    return total
