"""What the score of a detector is made of: the part of an export that all formats share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.detectors.autoencoder import AutoencoderDetector
from anomaly.detectors.blend import Blend
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.detector import TableDetector
from anomaly.detectors.table.ensemble import Ensemble
from anomaly.detectors.table.imputation import Imputer
from anomaly.detectors.table.members import Member
from anomaly.preprocessing.fitted import FittedTable
from nnlite.export import NotExportable
from nnlite.models import Model
from nnlite.types import Array


@dataclass(frozen=True)
class Blended:
    """The members of an ensemble that have a weight, and how their scores become one.

    Attributes
    ----------
    members : list of (int, Member)
        The members, each with its number among all.
    weights, units : ndarray of float64 of shape (n_members,)
        As `anomaly.detectors.blend.Blend` has them.
    power, bound : float
        Likewise.
    imputer : Imputer
        Filling of holes.
    """

    members: list[tuple[int, Member]]
    weights: Array
    units: Array
    power: float
    bound: float
    imputer: Imputer


@dataclass(frozen=True)
class Parts:
    """The parts of a score, in the order of computation.

    Attributes
    ----------
    kind : str
        Class of the detector.
    names : list of str
        Columns of a record.
    table : FittedTable
        Columns, and the scale of their numbers.
    category_weight : float
        Value of the feature of a category.
    features : FeatureSet
        Marks, and what fills a hole.
    score : Blended or Model
        The members of a `TableDetector`, or the network of an `AutoencoderDetector`.
    threshold : float
        Scores above it are anomalies.
    """

    kind: str
    names: list[str]
    table: FittedTable
    category_weight: float
    features: FeatureSet
    score: Blended | Model
    threshold: float


def parts_of(detector: Any, target: str) -> Parts:
    """Return the parts of the score of a detector.

    Parameters
    ----------
    detector : TableDetector or AutoencoderDetector
        Fitted.
    target : str
        Name of the format, for errors.

    Raises
    ------
    NotExportable
        If it is a detector of another kind, or of an earlier version, or has weights of columns.
    """
    if type(detector) not in (TableDetector, AutoencoderDetector):
        raise NotExportable(
            f"a detector of the class {type(detector).__name__} is not exported to {target}; TableDetector and "
            "AutoencoderDetector are, and single networks, by Model.export"
        )
    preprocessor = detector.preprocessor_
    if preprocessor.missing != "nan":
        raise NotExportable(f"the file is of an earlier version, which is not exported to {target}; fit it anew")
    return Parts(
        type(detector).__name__,
        [str(name) for name in detector.feature_names_in_],
        FittedTable.from_state(*preprocessor.get_state()),
        float(preprocessor.category_weight),
        FeatureSet.of(preprocessor),
        detector.model_ if isinstance(detector, AutoencoderDetector) else _blended(detector.ensemble_, target),
        float(detector.threshold_),
    )


def reduced(detector: Any, prototypes: int | None) -> Any:
    """Return the detector that is exported: with at most so many prototypes in place of its records."""
    if prototypes is None or type(detector) is not TableDetector or detector.records_ == "none":
        return detector
    fewer = detector.keep_records("prototypes", prototypes)
    comparison = fewer.ensemble_.comparison
    found = 0 if comparison is None else len(comparison.records)
    if found > prototypes:
        raise NotExportable(
            f"the model has {found} prototypes, more than {prototypes}; their records are needed to make fewer: export "
            "the model that was saved with all records"
        )
    return fewer


def _blended(ensemble: Ensemble, target: str) -> Blended:
    blend = ensemble.blend
    if type(blend) is not Blend or (ensemble.column_weights is not None and not ensemble.blended):
        raise NotExportable(f"the file is of an earlier version, whose blend is not exported to {target}; fit it anew")
    if ensemble.column_weights is not None and ensemble.member_weights is not None:
        if (ensemble.column_weights != 1).any():
            raise NotExportable(
                f"weights of columns that were learned from labels are not exported to {target}; export the model as "
                "it was before"
            )
        blend = blend.with_weights(ensemble.member_weights)
    used = np.flatnonzero(blend.weights > 0)
    members = [(number, ensemble.members[number]) for number in used.tolist()]
    return Blended(members, blend.weights[used], blend.units[used], blend.power, blend.bound, ensemble.imputer)
