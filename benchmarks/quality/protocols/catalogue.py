"""All protocols, by the name that the command line gives them."""

from __future__ import annotations

from benchmarks.quality.protocols.generated import GROUPS, PRODUCT_USES
from benchmarks.quality.protocols.missing import MISSING
from benchmarks.quality.protocols.mixed import MIXED
from benchmarks.quality.protocols.nslkdd import NSLKDD
from benchmarks.quality.protocols.numeric import CONTAMINATED, ONE_CLASS, UNSUPERVISED
from benchmarks.quality.protocols.split import Protocol

PROTOCOLS: dict[str, tuple[Protocol, ...]] = {
    "one-class": (ONE_CLASS,),
    "unsupervised": (UNSUPERVISED,),
    "contaminated": (CONTAMINATED,),
    "groups": (GROUPS,),
    "missing": MISSING,
    "mixed": (MIXED,),
    "uses": (PRODUCT_USES,),
    "nslkdd": (NSLKDD,),
}
"""A name stands for one protocol or for several that differ in a number."""
