"""Draw ``docs/architecture.png``: the rooms of the two packages and the imports between them, read from the sources.

Run it from the top of the repository (some seconds)::

    python -m docs.make_architecture_picture
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from benchmarks.house.imports import all_imports, graph_of, reachable
from benchmarks.house.sources import Source, read_sources

ROOT = Path(__file__).parents[1]
BASICS = {"nnlite basics", "anomaly basics"}
_WIDTH, _HEIGHT = 1.9, 0.62
_ACROSS, _DOWN, _TOP = 2.25, 1.2, 7
_COLORS = {"nnlite": "#d9e8f5", "anomaly": "#fbe6cf"}


def rooms(sources: dict[str, Source]) -> dict[str, str]:
    """Return the room of each module: its folder; single files of a package's top are its basics.

    Files at the top of `nnlite` that build on the layers make two rooms: networks, which the engine reads, and models,
    which ask the engine. Packages' ``__init__`` files only name what is in the rooms, and belong to none.
    """
    closure = reachable(graph_of(all_imports(sources)))
    found = {}
    for name, source in sources.items():
        if source.is_package or name.endswith("__main__"):
            continue
        folder = name.rpartition(".")[0]
        if folder == "nnlite":
            folder = _room_at_the_top(closure.get(name, set()))
        elif folder == "anomaly":
            folder = "anomaly basics"
        found[name] = folder.replace(".", "/")
    return found


def _room_at_the_top(imported: set[str]) -> str:
    if any(name.startswith("nnlite.engine") for name in imported):
        return "nnlite models"
    return "nnlite networks" if "nnlite.layers.base" in imported else "nnlite basics"


def arrows() -> Counter[tuple[str, str]]:
    """Count the imports from room to room, those of the basics left out."""
    sources = read_sources(ROOT)
    room = rooms(sources)
    pairs = Counter(
        (room[one.importer], room[one.imported])
        for one in all_imports(sources)
        if one.importer in room and one.imported in room
    )
    return Counter({(a, b): count for (a, b), count in pairs.items() if a != b and b not in BASICS})


def levels(pairs: Counter[tuple[str, str]]) -> dict[str, int]:
    """Return the depth of each room: 0 for rooms that import no others, else one above the highest it imports."""
    depth: dict[str, int] = {}

    def measure(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise ValueError(f"rooms import each other in a circle: {' -> '.join([*above, room])}")
        if room not in depth:
            below = [measure(imported, (*above, room)) for importer, imported in pairs if importer == room]
            depth[room] = 1 + max(below, default=-1)
        return depth[room]

    for pair in pairs:
        for room in pair:
            measure(room)
    return depth


def places(pairs: Counter[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Return the center of each room: `anomaly` left, `nnlite` right, each room above those that it imports."""
    found: dict[str, tuple[float, float]] = {}
    for package, center in (("anomaly", -4.6), ("nnlite", 4.6)):
        depth = levels(Counter({pair: n for pair, n in pairs.items() if all(one.startswith(package) for one in pair)}))
        top = max(depth.values())
        for level in range(top + 1):
            row = sorted(room for room in depth if depth[room] == level)
            for i, room in enumerate(row):
                across = _ACROSS * (i - (len(row) - 1) / 2)
                # A room alone in its row steps aside, so that arrows pass it.
                found[room] = (center + across + 0.5 * (level % 2), _DOWN * level * _TOP / top)
    return found


def draw(path: Path) -> None:
    """Draw the picture into a file."""
    pairs = arrows()
    levels(pairs)  # raises if rooms import each other in a circle
    centers = places(pairs)
    figure, axes = plt.subplots(figsize=(12, 9))
    for (importer, imported), count in pairs.items():
        if importer in centers and imported in centers:
            across = importer.split("/")[0].split()[0] != imported.split("/")[0].split()[0]
            _draw_arrow(axes, centers[importer], centers[imported], count, across)
    for room, (x, y) in centers.items():
        _draw_room(axes, room, x, y)
    horizontal = [x for x, _ in centers.values()]
    axes.set_xlim(min(horizontal) - 1.3, max(horizontal) + 1.3)
    axes.set_ylim(-0.6, _DOWN * _TOP + 0.7)
    axes.axis("off")
    axes.set_title(
        "Rooms of anomaly (left) and nnlite (right), and the imports between them. Arrows point to the imported room;\n"
        "light arrows lead from anomaly to nnlite. The basics (errors, types, functions), which every room may import, "
        "are left out.",
        fontsize=9,
    )
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def _draw_arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], count: int, between_packages: bool
) -> None:
    (x0, y0), (x1, y1) = start, end
    far = not between_packages and y0 - y1 > 1.6 * _DOWN
    axes.add_patch(
        FancyArrowPatch(
            (x0 + (_WIDTH / 2 if between_packages else 0), y0 - (0 if between_packages else _HEIGHT / 2)),
            (x1 - (_WIDTH / 2 if between_packages else 0), y1 + (0 if between_packages else _HEIGHT / 2)),
            connectionstyle=f"arc3,rad={0.25 if far else 0}",
            arrowstyle="-|>",
            mutation_scale=9,
            linewidth=0.5 + 0.08 * min(count, 20),
            color="#b9c4cf" if between_packages else "#566573",
            alpha=0.6 if between_packages else 0.8,
            zorder=0 if between_packages else 1,
        )
    )


def _draw_room(axes: Axes, room: str, x: float, y: float) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDTH / 2, y - _HEIGHT / 2),
            _WIDTH,
            _HEIGHT,
            boxstyle="round,pad=0.03",
            facecolor=_COLORS["nnlite" if room.startswith("nnlite") else "anomaly"],
            edgecolor="#444444",
            linewidth=0.8,
            zorder=2,
        )
    )
    package, _, inner = room.replace(" ", "/").partition("/")
    axes.text(x, y, f"{package}/\n{inner}", ha="center", va="center", fontsize=7.2, zorder=3)


if __name__ == "__main__":
    draw(Path(__file__).with_name("architecture.png"))
