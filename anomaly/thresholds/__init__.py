"""Threshold rules: the choice of the score above which a record is an anomaly.

Each rule is fitted on scores, in most cases those of the training records, which sets its `threshold_`: records that
score *above* it are anomalies.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from anomaly.thresholds.base import Threshold
from nnlite.suggestions import did_you_mean
from nnlite.validation import is_number

if TYPE_CHECKING:
    from anomaly.thresholds.alarm_rates import AlarmRate
    from anomaly.thresholds.automatic import AutoThreshold, OneClassThreshold
    from anomaly.thresholds.budget import AlarmBudget, BudgetedAlarms, alarms_within_budget
    from anomaly.thresholds.declustered import DeclusteredPeaks, cluster_peaks
    from anomaly.thresholds.labelled import BestF1Threshold, PrecisionThreshold, RecallThreshold
    from anomaly.thresholds.spread import (
        FixedThreshold,
        IQRThreshold,
        MADThreshold,
        QuantileThreshold,
        SigmaThreshold,
    )
    from anomaly.thresholds.tail import PeaksOverThreshold, fit_generalized_pareto

__all__ = [
    "AlarmBudget",
    "AlarmRate",
    "AutoThreshold",
    "BestF1Threshold",
    "BudgetedAlarms",
    "DeclusteredPeaks",
    "FixedThreshold",
    "IQRThreshold",
    "MADThreshold",
    "OneClassThreshold",
    "PeaksOverThreshold",
    "PrecisionThreshold",
    "QuantileThreshold",
    "RecallThreshold",
    "SigmaThreshold",
    "Threshold",
    "alarms_within_budget",
    "cluster_peaks",
    "fit_generalized_pareto",
    "from_config",
    "get",
]

_NAMES = {
    "alarm_rates": "AlarmRate",
    "automatic": "AutoThreshold OneClassThreshold",
    "base": "Threshold",
    "budget": "AlarmBudget BudgetedAlarms alarms_within_budget",
    "declustered": "DeclusteredPeaks cluster_peaks",
    "extrapolation": "",
    "labelled": "BestF1Threshold PrecisionThreshold RecallThreshold",
    "spread": "FixedThreshold IQRThreshold MADThreshold QuantileThreshold SigmaThreshold",
    "tail": "PeaksOverThreshold fit_generalized_pareto",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}
_RULES = {
    "auto": "AutoThreshold",
    "one_class": "OneClassThreshold",
    "quantile": "QuantileThreshold",
    "sigma": "SigmaThreshold",
    "mad": "MADThreshold",
    "iqr": "IQRThreshold",
    "pot": "PeaksOverThreshold",
    "declustered": "DeclusteredPeaks",
    "best_f1": "BestF1Threshold",
    "precision": "PrecisionThreshold",
    "recall": "RecallThreshold",
}
_TARGETED = ("precision", "recall")


def __getattr__(name: str) -> Any:
    # Each rule is imported on first use: most detectors that are loaded need a single one.
    if name in _MODULES:
        return getattr(import_module(f"anomaly.thresholds.{_MODULES[name]}"), name)
    if name in _NAMES:
        return import_module(f"anomaly.thresholds.{name}")
    raise AttributeError(f"module 'anomaly.thresholds' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_NAMES])


def _rule(name: str) -> Any:
    """Return the class of a rule by its short name."""
    return __getattr__(_RULES[name])


def get(identifier: str | float | Threshold) -> Threshold:
    """Return the rule for an identifier.

    Parameters
    ----------
    identifier : str, float or Threshold
        Name "auto", "one_class", "quantile", "sigma", "mad", "iqr", "pot", "declustered", "best_f1", "precision" or
        "recall", of which the last two may have a target, as in "precision:0.95"; a number, the threshold itself; or a
        rule, returned unchanged.

    Returns
    -------
    Threshold
        The rule.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> get("iqr"), get("recall:0.8")
    (IQRThreshold(k=1.5), RecallThreshold(target=0.8))
    """
    if isinstance(identifier, Threshold):
        return identifier
    if isinstance(identifier, str) and identifier in _RULES:
        rule: Threshold = _rule(identifier)()
        return rule
    if isinstance(identifier, str) and identifier.partition(":")[0] in _TARGETED:
        return _with_target(*identifier.split(":", 1))
    if is_number(identifier):
        fixed: Threshold = __getattr__("FixedThreshold")(float(identifier))
        return fixed
    raise ValueError(
        f"threshold must be a number, a Threshold or one of {', '.join(map(repr, _RULES))}; found {identifier!r}"
        f"{did_you_mean(str(identifier), _RULES)}"
    )


def _with_target(name: str, target: str) -> Threshold:
    try:
        number = float(target)
    except ValueError:
        raise ValueError(
            f"the target of threshold {name!r} must be a number, such as '{name}:0.9'; found '{name}:{target}'"
        ) from None
    rule: Threshold = _rule(name)(number)
    return rule


def from_config(name: str, config: Mapping[str, Any]) -> Threshold:
    """Return a rule from the name of its class and its `get_config`.

    Raises
    ------
    ValueError
        If there is no rule of that name.
    """
    if name != "FixedThreshold" and name not in _RULES.values():
        known = ", ".join(sorted(["FixedThreshold", *_RULES.values()]))
        raise ValueError(f"unknown threshold {name!r}; known are {known}")
    rule: Threshold = __getattr__(name)(**config)
    return rule
