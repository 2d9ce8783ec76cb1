"""Windows over series and images, as matrix products of segments of rows.

A record of shape (T, C) is T C features, stored consecutively. So the input of a window of K steps is K C rows of the
batch, without a copy; and Keras's kernel (K, C, F), read as a matrix of K C rows and F columns, is the other factor. A
convolution is a dense layer at every position, whose input advances by less than its own length. In an image, every row
of the kernel has such a segment; the products of the rows are summed.

A window at the edge uses the taps of the kernel inside the input: zeros are neither stored nor multiplied. If the taps
of a window are not neighbors (dilation), or use some channels only (groups), every tap of the kernel is a segment of
its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nnlite.engine.gemm.gemm_sizes import ADD, BIAS, LARGEST_UNPACKED, NN, NT, TN, ZERO
from nnlite.engine.lowering.products import Matrix, emit_product
from nnlite.engine.program import Location, Program

_FEW_FILTERS = 48
"""Most filters for which reading a window in place is faster than packing it."""


@dataclass(frozen=True)
class WindowSegment:
    """Consecutive windows, and the consecutive taps of the kernel that all of them use.

    Attributes
    ----------
    window, count : int
        The first window, and the number of windows.
    position : int
        The position in the input of the first tap of the first window.
    tap, taps : int
        The first tap of the kernel, and the number of taps.
    group : int
        The group of channels.
    first : bool
        Whether no earlier segment contributes to these windows.
    """

    window: int
    count: int
    position: int
    tap: int
    taps: int
    group: int
    first: bool


@dataclass(frozen=True)
class WindowGeometry:
    """All windows over one record. Every pair is (height, width); a series has height 1.

    Attributes
    ----------
    input_size : tuple of int
        Positions of the input.
    channels : int
        Channels of the input.
    windows : tuple of int
        Number of windows.
    filters : int
        Values of a window.
    kernel_size, strides, dilation : tuple of int
        Of the kernel.
    padding : tuple of int
        Padding before the first position.
    groups : int
        Number of groups of channels and filters.
    """

    input_size: tuple[int, int]
    channels: int
    windows: tuple[int, int]
    filters: int
    kernel_size: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int]
    groups: int = 1

    @property
    def separate_taps(self) -> bool:
        """Whether every tap of the kernel is a segment of its own."""
        return self.groups > 1 or (self.dilation[1] > 1 and self.kernel_size[1] > 1)

    def segments(self) -> Iterator[WindowSegment]:
        """Yield the segments; the initial ones of some windows before the others of these windows."""
        for row in range(self.windows[0]):
            started = False
            for i in range(self.kernel_size[0]):
                y = row * self.strides[0] - self.padding[0] + i * self.dilation[0]
                if 0 <= y < self.input_size[0]:
                    row_segments = self._tap_segments if self.separate_taps else self._row_segments
                    for first, count, x, tap, taps, group in row_segments():
                        yield WindowSegment(
                            row * self.windows[1] + first,
                            count,
                            y * self.input_size[1] + x,
                            i * self.kernel_size[1] + tap,
                            taps,
                            group,
                            not started and not self.separate_taps,
                        )
                    started = True

    def _row_segments(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Yield (first window, count, position, tap, taps, 0) for the windows along a row."""
        length, count, size = self.input_size[1], self.windows[1], self.kernel_size[1]
        stride, padding = self.strides[1], self.padding[1]
        # The windows from `first_inside` up to `end_inside` need no padding.
        first_inside = min(-(-padding // stride), count)
        end_inside = max(min((length + padding - size) // stride + 1, count), first_inside)
        if end_inside > first_inside:
            yield first_inside, end_inside - first_inside, first_inside * stride - padding, 0, size, 0
        for window in (*range(first_inside), *range(end_inside, count)):
            start = window * stride - padding
            first_tap, end_tap = max(-start, 0), min(length - start, size)
            yield window, 1, start + first_tap, first_tap, end_tap - first_tap, 0

    def _tap_segments(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        length, stride = self.input_size[1], self.strides[1]
        for tap in range(self.kernel_size[1]):
            offset = tap * self.dilation[1] - self.padding[1]
            first_window = max(-(offset // stride), 0)
            end_window = min((length - 1 - offset) // stride + 1, self.windows[1])
            if end_window > first_window:
                for group in range(self.groups):
                    yield first_window, end_window - first_window, first_window * stride + offset, tap, 1, group

    @property
    def all_windows_start(self) -> bool:
        """Whether every window has an initial segment."""
        if self.separate_taps:
            return False
        rows = {segment.window // self.windows[1] for segment in self.segments()}
        return len(rows) == self.windows[0]


class WindowProducts:
    """The three matrix products of windows: the parts of a convolution and of its transpose.

    Parameters
    ----------
    program : Program
        The program.
    geometry : WindowGeometry
        The windows.
    """

    def __init__(self, program: Program, geometry: WindowGeometry) -> None:
        self._program, self._geometry = program, geometry
        self._channels, self._filters = geometry.channels // geometry.groups, geometry.filters // geometry.groups
        self._workspace = program.product_workspace(math.prod(geometry.kernel_size) * self._channels, self._filters)

    def convolve(self, kernel: Location, x: Location, z: Location, bias: Location | None) -> None:
        """Write the product of each window's input and the kernel, plus the bias."""
        program, geometry = self._program, self._geometry
        all_windows_start = geometry.all_windows_start
        if not all_windows_start:
            fill(program, z, bias, geometry.filters, math.prod(geometry.windows))
        for segment in geometry.segments():
            start = (ZERO if bias is None else BIAS) if segment.first and all_windows_start else ADD
            for part in self._subsegments(segment):
                matrices = (
                    self._kernel_matrix(kernel, part),
                    self._input_matrix(x, part),
                    self._window_matrix(z, part),
                )
                sizes = (self._filters, program.ld, part.taps * self._channels)
                emit_product(program, TN, *matrices, sizes, self._workspace, start, bias, part.count)
                start = ADD

    def _subsegments(self, segment: WindowSegment) -> Iterator[WindowSegment]:
        """Split a segment whose product would otherwise pack an input that few filters use."""
        max_taps = segment.taps
        if self._filters <= _FEW_FILTERS:
            max_taps = max(1, LARGEST_UNPACKED // (self._program.ld * self._channels))
        parts = -(-segment.taps // max_taps)
        for i in range(parts):
            first, last = segment.taps * i // parts, segment.taps * (i + 1) // parts
            yield replace(segment, tap=segment.tap + first, position=segment.position + first, taps=last - first)

    def convolve_transposed(self, kernel: Location, z: Location, x: Location) -> None:
        """Add the product of each window's values and the kernel to its input."""
        program = self._program
        for s in self._geometry.segments():
            matrices = (self._kernel_matrix(kernel, s), self._window_matrix(z, s), self._input_matrix(x, s))
            sizes = (s.taps * self._channels, program.ld, self._filters)
            emit_product(program, NN, *matrices, sizes, self._workspace, ADD, positions=s.count)

    def kernel_gradient(self, x: Location, z: Location, dkernel: Location) -> None:
        """Write the kernel's gradient: products of inputs and values, summed over all windows and records."""
        program, geometry = self._program, self._geometry
        program.emit("data.clear", dkernel, math.prod(geometry.kernel_size) * self._channels * geometry.filters)
        for s in geometry.segments():
            matrices = (self._input_matrix(x, s), self._window_matrix(z, s), self._kernel_matrix(dkernel, s))
            sizes = (s.taps * self._channels, self._filters, program.ld)
            emit_product(program, NT, *matrices, sizes, self._workspace, ADD, positions=s.count)

    def _kernel_matrix(self, kernel: Location, segment: WindowSegment) -> Matrix:
        filters = self._geometry.filters
        start = segment.tap * self._channels * filters + segment.group * self._filters
        return Matrix(kernel.offset_by(start), filters)

    def _input_matrix(self, x: Location, segment: WindowSegment) -> Matrix:
        channels, ld = self._geometry.channels, self._program.ld
        start = segment.position * channels + segment.group * self._channels
        return Matrix(x.offset_by(start * ld), ld, self._geometry.strides[1] * channels * ld)

    def _window_matrix(self, z: Location, segment: WindowSegment) -> Matrix:
        filters, ld = self._geometry.filters, self._program.ld
        start = segment.window * filters + segment.group * self._filters
        return Matrix(z.offset_by(start * ld), ld, filters * ld)


def fill(program: Program, location: Location, bias: Location | None, features: int, positions: int) -> None:
    """Write the bias, or zeros, at every position."""
    if bias is None:
        program.emit("data.clear", location, features * positions * program.ld)
    else:
        program.emit("convolution.fill", location, bias, features, positions, program.ld)


def pair(values: Sequence[int], alone: int = 1) -> tuple[int, int]:
    """Return (height, width) for the one or two axes of a layer."""
    return (alone, values[0]) if len(values) == 1 else (values[0], values[1])
