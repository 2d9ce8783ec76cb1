"""Windows over series and images, as matrix products of stretches of rows.

A record of shape (T, C) is T C features, stored one behind the other. So what a window of K steps sees are K C rows
of the batch, without anything being copied; and Keras's kernel (K, C, F), read as a matrix of K C rows and F columns,
is what they are multiplied with. A convolution is a dense layer at every position, whose input moves on by less than
its own length. Of an image, every row of the kernel sees such a stretch; the products of the rows add up.

A window that hangs over the edge sees the part of the kernel that is within: zeros are neither stored nor multiplied.
Where the places within a window are not neighbours (dilation), or only some channels are seen (groups), every place
of the kernel is a stretch of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, NN, NT, TN, UNPACKED, ZERO
from nnlite.engine.program import Place, Program

_FEW = 48
"""Filters up to which reading a window where it lies is faster than packing it for them."""


@dataclass(frozen=True)
class Stretch:
    """Neighbouring windows, and the part of the kernel through which all of them see.

    Attributes
    ----------
    window, count : int
        The first window, and how many.
    position : int
        The first position that the first of them sees by this part.
    place, places : int
        The first place of the kernel, and how many.
    group : int
        Which part of the channels is seen.
    first : bool
        Whether the windows have seen nothing before.
    """

    window: int
    count: int
    position: int
    place: int
    places: int
    group: int
    first: bool


@dataclass(frozen=True)
class Frame:
    """All windows over one record. Every pair is (height, width); a series has height 1.

    Attributes
    ----------
    lengths : tuple of int
        Positions of what is looked at.
    channels : int
        How many it has at each position.
    windows : tuple of int
        Number of windows.
    filters : int
        Values that belong to a window.
    size, strides, dilation : tuple of int
        Of the kernel.
    before : tuple of int
        By how much the first window hangs over.
    groups : int
        Into how many parts channels and filters are dealt.
    """

    lengths: tuple[int, int]
    channels: int
    windows: tuple[int, int]
    filters: int
    size: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    groups: int = 1

    @property
    def apart(self) -> bool:
        """Whether every place of the kernel is a stretch of its own."""
        return self.groups > 1 or (self.dilation[1] > 1 and self.size[1] > 1)

    def stretches(self) -> Iterator[Stretch]:
        """Go over the stretches; those that come first for their windows before the others of these windows."""
        for row in range(self.windows[0]):
            seen = False
            for i in range(self.size[0]):
                y = row * self.strides[0] - self.before[0] + i * self.dilation[0]
                if 0 <= y < self.lengths[0]:
                    of_row = self._apart if self.apart else self._together
                    for first, count, x, place, places, group in of_row():
                        yield Stretch(
                            row * self.windows[1] + first,
                            count,
                            y * self.lengths[1] + x,
                            i * self.size[1] + place,
                            places,
                            group,
                            not seen and not self.apart,
                        )
                    seen = True

    def _together(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Give (first window, count, position, place, places, 0) for the windows along a row."""
        length, count, size = self.lengths[1], self.windows[1], self.size[1]
        stride, before = self.strides[1], self.before[1]
        # Those from `inner` up to `outer` lie within.
        inner = min(-(-before // stride), count)
        outer = max(min((length + before - size) // stride + 1, count), inner)
        if outer > inner:
            yield inner, outer - inner, inner * stride - before, 0, size, 0
        for window in (*range(inner), *range(outer, count)):
            start = window * stride - before
            low, high = max(-start, 0), min(length - start, size)
            yield window, 1, start + low, low, high - low, 0

    def _apart(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        length, stride = self.lengths[1], self.strides[1]
        for place in range(self.size[1]):
            offset = place * self.dilation[1] - self.before[1]
            low = max(-(offset // stride), 0)
            high = min((length - 1 - offset) // stride + 1, self.windows[1])
            if high > low:
                for group in range(self.groups):
                    yield low, high - low, low * stride + offset, place, 1, group

    @property
    def all_see(self) -> bool:
        """Whether every window begins with a stretch that is its first."""
        if self.apart:
            return False
        rows = {s.window // self.windows[1] for s in self.stretches()}
        return len(rows) == self.windows[0]


class WindowProducts:
    """The three products of windows, of which a convolution and its transpose are made.

    Parameters
    ----------
    program : Program
        Where to.
    frame : Frame
        The windows.
    """

    def __init__(self, program: Program, frame: Frame) -> None:
        self._program, self._frame = program, frame
        self._channels, self._filters = frame.channels // frame.groups, frame.filters // frame.groups
        self._work = program.product_memory(math.prod(frame.size) * self._channels, self._filters)

    def look(self, kernel: Place, seen: Place, windows: Place, bias: Place | None) -> None:
        """Write each window's sum of what it sees times the kernel, plus the bias."""
        program, frame = self._program, self._frame
        all_see = frame.all_see
        if not all_see:
            fill(program, windows, bias, frame.filters, math.prod(frame.windows))
        for s in frame.stretches():
            start = (ZERO if bias is None else BIAS) if s.first and all_see else ADD
            for part in self._parts(s):
                program.emit(
                    *("dense.product", TN, *self._kernel(kernel, part), *self._seen(seen, part)),
                    *(*self._windows(windows, part), self._filters, program.ld, part.places * self._channels),
                    *(start, bias, part.count, self._work),
                )
                start = ADD

    def _parts(self, s: Stretch) -> Iterator[Stretch]:
        """Cut a stretch up, where the product would else pack what few filters read."""
        most = max(1, UNPACKED // (self._program.ld * self._channels)) if self._filters <= _FEW else s.places
        parts = -(-s.places // most)
        for i in range(parts):
            first, last = s.places * i // parts, s.places * (i + 1) // parts
            yield replace(s, place=s.place + first, position=s.position + first, places=last - first)

    def give(self, kernel: Place, windows: Place, seen: Place) -> None:
        """Add each window's values times the kernel to what it sees."""
        program = self._program
        for s in self._frame.stretches():
            program.emit(
                *("dense.product", NN, *self._kernel(kernel, s), *self._windows(windows, s), *self._seen(seen, s)),
                *(s.places * self._channels, program.ld, self._filters, ADD, None, s.count, self._work),
            )

    def compare(self, seen: Place, windows: Place, kernel: Place) -> None:
        """Write the kernel's gradient: what the windows see times their values, over all windows and records."""
        program, frame = self._program, self._frame
        program.emit("data.clear", kernel, math.prod(frame.size) * self._channels * frame.filters)
        for s in frame.stretches():
            program.emit(
                *("dense.product", NT, *self._seen(seen, s), *self._windows(windows, s), *self._kernel(kernel, s)),
                *(s.places * self._channels, self._filters, program.ld, ADD, None, s.count, self._work),
            )

    def _kernel(self, place: Place, s: Stretch) -> tuple[Place, int, int]:
        row = s.place * self._channels
        return place.after(row * self._frame.filters + s.group * self._filters), self._frame.filters, 0

    def _seen(self, place: Place, s: Stretch) -> tuple[Place, int, int]:
        channels, ld = self._frame.channels, self._program.ld
        start = s.position * channels + s.group * self._channels
        return place.after(start * ld), ld, self._frame.strides[1] * channels * ld

    def _windows(self, place: Place, s: Stretch) -> tuple[Place, int, int]:
        filters, ld = self._frame.filters, self._program.ld
        return place.after((s.window * filters + s.group * self._filters) * ld), ld, filters * ld


def fill(program: Program, place: Place, bias: Place | None, features: int, positions: int) -> None:
    """Write the bias, or zeros, at every position."""
    if bias is None:
        program.emit("data.clear", place, features * positions * program.ld)
    else:
        program.emit("convolution.fill", place, bias, features, positions, program.ld)


def pair(values: Sequence[int], alone: int = 1) -> tuple[int, int]:
    """Return (height, width) for the one or two axes of a layer."""
    return (alone, values[0]) if len(values) == 1 else (values[0], values[1])
