"""The detectors that are compared, and what puts records of any kind into them."""

from benchmarks.quality.contestants.catalogue import CONTESTANTS, OURS, make, version_of
from benchmarks.quality.contestants.contestant import Contestant, Entry

__all__ = ["CONTESTANTS", "OURS", "Contestant", "Entry", "make", "version_of"]
