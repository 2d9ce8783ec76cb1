"""Places of buffers in one array: those that live at the same time do not overlap."""

from __future__ import annotations

from collections.abc import Sequence

from nnlite.export.c.program import BUFFER, Step


def lifetimes(steps: Sequence[Step]) -> dict[str, tuple[int, int]]:
    """Return the first and the last step that names each buffer."""
    found: dict[str, tuple[int, int]] = {}
    for place, step in enumerate(steps):
        for name in BUFFER.findall(step.text):
            found[name] = (found.get(name, (place, place))[0], place)
    return found


def places(sizes: dict[str, int], lives: dict[str, tuple[int, int]]) -> tuple[dict[str, int], int]:
    """Return the offset of each buffer and the length of the array: the largest first, each as low as it fits.

    Examples
    --------
    >>> places({"t0": 4, "t1": 8, "t2": 2}, {"t0": (0, 1), "t1": (1, 2), "t2": (2, 3)})
    ({'t1': 0, 't0': 8, 't2': 8}, 12)
    """
    offsets: dict[str, int] = {}
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        first, last = lives[name]
        offset = 0
        for other in sorted(offsets, key=lambda one: offsets[one]):
            together = first <= lives[other][1] and lives[other][0] <= last
            if together and offset < offsets[other] + sizes[other] and offsets[other] < offset + sizes[name]:
                offset = offsets[other] + sizes[other]
        offsets[name] = offset
    return offsets, max((offsets[name] + sizes[name] for name in sizes), default=0)
