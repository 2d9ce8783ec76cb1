"""Protocols: from tables to training and test records."""

from benchmarks.quality.protocols.catalogue import PROTOCOLS, cuts, parts
from benchmarks.quality.protocols.numeric import CLEAN, MOST_ROWS, read_table, split, tables
from benchmarks.quality.protocols.split import Cut, Protocol, Records, Split

__all__ = [
    "CLEAN",
    "MOST_ROWS",
    "PROTOCOLS",
    "Cut",
    "Protocol",
    "Records",
    "Split",
    "cuts",
    "parts",
    "read_table",
    "split",
    "tables",
]
