"""Fitting and scoring on the workers of a Dask cluster, by the extra ``dask``."""

from anomaly.distributed.fitting import fit
from anomaly.distributed.scoring import iter_scores, score

__all__ = ["fit", "iter_scores", "score"]
