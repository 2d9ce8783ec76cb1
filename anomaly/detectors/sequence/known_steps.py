r"""Steps of training, recognized when they are scored again.

A step of training is near to itself: a comparison with remembered windows finds nothing odd in it, and `fit` compares
it with others instead. Whoever scores the training series, to find the anomalies in it or to see that there are none,
wants those scores. So steps are recognized by the bits of the features of L = 16 steps: by the hash

.. math:: H_k = \sum_{i=0}^{L-1} r^i \sum_j c_j\, b_{k+i,j} \mod 2^{64}

of the bits b, with odd constants. A sequence that training has more than once is no sign of a place in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnlite.types import Array

LENGTH = 16
"""Number of consecutive steps that are recognized."""

UNKNOWN = -1

_BASE = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0xD1B54A32D192ED03)


class KnownSteps:
    """Places of sequences of training.

    Attributes
    ----------
    hashes_ : ndarray of uint64 of shape (n_sequences,)
        Hashes of the sequences that training has once, sorted.
    places_ : ndarray of int64 of shape (n_sequences,)
        The first step of each, counted over all segments of training.

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

    hashes_: Array
    places_: Array

    def fit(self, segments: Sequence[Array]) -> KnownSteps:
        """Remember the sequences of segments of shape (n_steps, n_features), float32."""
        hashes, places, start = [], [], 0
        for steps in segments:
            found = _sequence_hashes(_step_hashes(steps))
            hashes.append(found)
            places.append(start + np.arange(len(found)))
            start += len(steps)
        every, place = np.concatenate(hashes), np.concatenate(places)
        self.hashes_, first, counts = np.unique(every, return_index=True, return_counts=True)
        once = counts == 1
        self.hashes_, self.places_ = self.hashes_[once], place[first[once]]
        return self

    def stream(self, causal: bool) -> KnownStream:
        """Return a stream at the start of a segment."""
        return KnownStream(self, causal)

    def find(self, hashes: Array) -> Array:
        """Return the place of each sequence, or UNKNOWN."""
        if not len(self.hashes_):
            return np.full(len(hashes), UNKNOWN)
        nearest = np.minimum(np.searchsorted(self.hashes_, hashes), len(self.hashes_) - 1)
        return np.where(self.hashes_[nearest] == hashes, self.places_[nearest], UNKNOWN)

    def get_state(self) -> dict[str, Array]:
        """Return hashes, as signed integers of the same bits, and places."""
        return {"hashes": self.hashes_.view(np.int64), "places": self.places_}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], n_steps: int) -> KnownSteps:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        known = cls()
        hashes, known.places_ = arrays["hashes"], arrays["places"]
        valid = hashes.dtype == known.places_.dtype == np.int64
        if not (valid and hashes.ndim == 1 and hashes.shape == known.places_.shape):
            raise ValueError("expected a place for each hash of a sequence")
        known.hashes_ = hashes.view(np.uint64)
        if not ((known.places_ >= 0) & (known.places_ <= n_steps - LENGTH)).all():
            raise ValueError("expected places among the steps of training")
        return known


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
        self._hashes = np.zeros(0, np.uint64)  # of the last steps, which later sequences begin with
        self._last = (UNKNOWN, 0)  # the place of the last sequence found, and its first step in this segment
        self._next = 0  # the first step of the next sequence

    def push(self, steps: Array) -> Array:
        """Take the next steps, float32; return the places of those that are final, or UNKNOWN."""
        hashes = np.concatenate([self._hashes, _step_hashes(steps)])
        before = LENGTH - 1 - len(self._hashes) if self._next == 0 else 0
        found = self._known.find(_sequence_hashes(hashes))
        self._hashes = hashes[max(len(hashes) - LENGTH + 1, 0) :]
        if self._causal:
            # In the first steps of a segment no sequence has ended.
            early = min(before, len(steps))
            self._next += len(found)
            ended = np.where(found >= 0, found + LENGTH - 1, UNKNOWN)
            return np.concatenate([np.full(early, UNKNOWN), ended]) if early else ended
        first = self._next
        self._next += len(found)
        return self._places(found, first)

    def finish(self) -> Array:
        """Return the remaining places: the segment ends here."""
        if self._causal:
            return np.zeros(0, np.int64)
        return self._places(np.full(len(self._hashes), UNKNOWN), self._next)

    def _places(self, found: Array, first: int) -> Array:
        """Return the place of the steps at which sequences begin: that in the last sequence known to hold them."""
        steps = first + np.arange(len(found))
        # A step before the segment stands for the sequence that the last piece ended in.
        place = np.concatenate([[self._last[0]], found])
        start = np.concatenate([[self._last[1]], steps])
        last = np.maximum.accumulate(np.where(place >= 0, np.arange(len(place)), 0))
        self._last = (int(place[last[-1]]), int(start[last[-1]]))
        place, start = place[last[1:]], start[last[1:]]
        inside = (place >= 0) & (steps - start < LENGTH)
        return np.where(inside, place + steps - start, UNKNOWN)


def _step_hashes(steps: Array) -> Array:
    """Return a hash of the bits of each step; -0.0 is 0.0."""
    bits = (np.ascontiguousarray(steps, np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    odd = np.arange(1, 2 * bits.shape[1], 2, dtype=np.uint64) * _BASE
    mixed = bits * odd
    mixed ^= mixed >> np.uint64(29)
    hashes: Array = mixed.sum(axis=1, dtype=np.uint64)
    return hashes


def _sequence_hashes(hashes: Array) -> Array:
    """Return the hash of each sequence of LENGTH steps."""
    n = len(hashes) - LENGTH + 1
    total = np.zeros(max(n, 0), np.uint64)
    for i in range(LENGTH if n > 0 else 0):
        total = total * _STEP + hashes[i : i + n]
    return total
