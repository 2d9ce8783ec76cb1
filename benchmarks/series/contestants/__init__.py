"""The detectors that are compared."""

from benchmarks.series.contestants.catalogue import CONTESTANTS, OURS, entry, is_ours, variant, version_of
from benchmarks.series.contestants.contestant import Contestant

__all__ = ["CONTESTANTS", "OURS", "Contestant", "entry", "is_ours", "variant", "version_of"]
