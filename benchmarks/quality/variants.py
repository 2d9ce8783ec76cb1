"""Variants of `TableDetector`: each differs from the defaults in one respect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from anomaly import TableDetector
from anomaly.detectors.blend import SoftMaximum
from anomaly.detectors.table.ensemble import Ensemble


@dataclass(frozen=True)
class Variant:
    """A variant of the defaults.

    Attributes
    ----------
    settings : dict
        Parameters.
    change : callable
        Change of the fitted ensemble, for what no parameter can request.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Ensemble], Ensemble] = lambda ensemble: ensemble

    def fit(self, train: Any, **given: Any) -> TableDetector:
        """Return a fitted detector.

        Parameters
        ----------
        train : array or DataFrame
            Training records.
        **given
            Further parameters, where the variant has none of that name.
        """
        detector = TableDetector(**{**given, **self.settings}).fit(train)
        detector.ensemble_ = self.change(detector.ensemble_)
        return detector


def _averaged(ensemble: Ensemble) -> Ensemble:
    """Blend by the mean of the scores: with spreads of 1 the soft maximum is the mean."""
    members = tuple(member.with_scale(member.scale, 1.0) for member in ensemble.members)
    return ensemble.replaced(members=members, blend_type=SoftMaximum)


VARIANTS: dict[str, Variant] = {
    "defaults": Variant(),
    "soft maximum": Variant(change=lambda ensemble: ensemble.replaced(blend_type=SoftMaximum)),
    "scores averaged": Variant(change=_averaged),
    "networks alone": Variant({"neighbors": 0}),
    "records alone": Variant({"neighbors_share": 1.0}),
    "half networks": Variant({"neighbors_share": 0.5}),
    "more networks": Variant({"neighbors_share": 0.7}),
    "2 neighbors": Variant({"neighbors": 2}),
    "10 neighbors": Variant({"neighbors": 10}),
    "no fine comparison": Variant({"fine_share": 0.0}),
    "mostly fine": Variant({"fine_share": 0.7}),
    "no forest": Variant({"forest_share": 0.0}),
    "more forest": Variant({"forest_share": 0.25}),
    "no wide comparison": Variant({"wide_share": 0.0}),
    "no contrast": Variant({"contrast": 0.0}),
    "contrast 1": Variant({"contrast": 1.0}),
    "noise 0.2 alone": Variant({"noise": 0.2}),
    "noise 0.5 alone": Variant({"noise": 0.5}),
    "noise 1 alone": Variant({"noise": 1.0}),
    "noise up to 2": Variant({"noise": (0.2, 0.5, 1.0, 2.0)}),
    "no noise samples": Variant({"draws": 0}),
    "stopped early": Variant({"patience": 5}),
    "smaller networks": Variant({"hidden": (64, 64)}),
    "bottleneck": Variant({"hidden": (64, 8, 64)}),
    "a tenth trimmed": Variant({"trim": 0.1}),
    "standard scaling": Variant({"scaling": "standard"}),
    "robust scaling": Variant({"scaling": "robust"}),
    "quantile scaling": Variant({"scaling": "quantile"}),
}
