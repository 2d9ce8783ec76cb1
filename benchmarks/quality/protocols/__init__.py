"""Protocols: from tables to training and test records."""

from benchmarks.quality.protocols.catalogue import PROTOCOLS
from benchmarks.quality.protocols.numeric import CLEAN, MOST_ROWS, read_table, split, tables
from benchmarks.quality.protocols.split import Protocol, Records, Split

__all__ = ["CLEAN", "MOST_ROWS", "PROTOCOLS", "Protocol", "Records", "Split", "read_table", "split", "tables"]
