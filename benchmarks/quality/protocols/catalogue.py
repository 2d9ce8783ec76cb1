"""All protocols, by the name that the command line gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.quality.protocols.generated import FOLLOWING, GROUPS, PRODUCT_USES
from benchmarks.quality.protocols.missing import MISSING
from benchmarks.quality.protocols.mixed import MIXED
from benchmarks.quality.protocols.nslkdd import NSLKDD
from benchmarks.quality.protocols.numeric import CONTAMINATED, ONE_CLASS, UNSUPERVISED
from benchmarks.quality.protocols.split import Cut, Protocol

PROTOCOLS: dict[str, tuple[Protocol, ...]] = {
    "one-class": (ONE_CLASS,),
    "unsupervised": (UNSUPERVISED,),
    "contaminated": (CONTAMINATED,),
    "groups": GROUPS,
    "missing": MISSING,
    "mixed": (MIXED,),
    "uses": (PRODUCT_USES,),
    "following": (FOLLOWING,),
    "nslkdd": (NSLKDD,),
}
"""A name stands for one protocol or for several that differ in a number."""


def parts(names: Iterable[str]) -> list[Protocol]:
    """Return the protocols that names stand for."""
    return [part for name in names for part in PROTOCOLS[name]]


def cuts(protocols: Iterable[Protocol], folder: Path, tables: Iterable[str] = ()) -> Iterator[tuple[str, str, Cut]]:
    """Yield the name of the protocol, the name of the table and its `Cut`, for each table of each protocol.

    Parameters
    ----------
    protocols : iterable of Protocol
        The protocols.
    folder : Path
        Folder of the data files.
    tables : iterable of str
        Names of tables; empty for all.

    Raises
    ------
    FileNotFoundError
        If the folder has no data for a protocol.
    """
    chosen = set(tables)
    for protocol in protocols:
        for table, cut in protocol.tables(protocol.files(folder)):
            if not chosen or table in chosen:
                yield protocol.name, table, cut
