"""Metrics of detection: of single records, of events in series, and of the affiliation of alarms with events.

A module is imported when one of its names is first used: to load a detector takes none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anomaly.errors import FlatteringMetricWarning
    from anomaly.metrics.affiliation import (
        Affiliation,
        affiliation_precision_recall,
        interval_affiliation,
    )
    from anomaly.metrics.agreement import rank_correlation, top_overlap
    from anomaly.metrics.events import (
        EventEvaluation,
        composite_f1,
        detection_delays,
        evaluate_events,
        event_counts,
        event_precision_recall_f1,
        point_adjust,
        point_adjusted_f1,
    )
    from anomaly.metrics.groups import FlagRate, flag_rates, wilson_interval
    from anomaly.metrics.nab import NAB_PROFILES, NabProfile, NabScore, nab_corpus_score, nab_score
    from anomaly.metrics.ranges import range_precision_recall_f1
    from anomaly.metrics.records import (
        Evaluation,
        auc,
        average_precision_score,
        balanced_accuracy_score,
        confusion_matrix,
        evaluate,
        f1_score,
        false_alarm_rate,
        matthews_corrcoef,
        missed_alarm_rate,
        precision_at_k,
        precision_recall_curve,
        precision_score,
        recall_score,
        roc_auc_score,
        roc_curve,
    )
    from anomaly.metrics.surface import range_auc, volume_under_surface, vus_pr, vus_roc

__all__ = [
    "NAB_PROFILES",
    "Affiliation",
    "Evaluation",
    "EventEvaluation",
    "FlagRate",
    "FlatteringMetricWarning",
    "NabProfile",
    "NabScore",
    "affiliation_precision_recall",
    "auc",
    "average_precision_score",
    "balanced_accuracy_score",
    "composite_f1",
    "confusion_matrix",
    "detection_delays",
    "evaluate",
    "evaluate_events",
    "event_counts",
    "event_precision_recall_f1",
    "f1_score",
    "false_alarm_rate",
    "flag_rates",
    "interval_affiliation",
    "matthews_corrcoef",
    "missed_alarm_rate",
    "nab_corpus_score",
    "nab_score",
    "point_adjust",
    "point_adjusted_f1",
    "precision_at_k",
    "precision_recall_curve",
    "precision_score",
    "range_auc",
    "range_precision_recall_f1",
    "rank_correlation",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "top_overlap",
    "volume_under_surface",
    "vus_pr",
    "vus_roc",
    "wilson_interval",
]

_NAMES = {
    "affiliation": "Affiliation affiliation_precision_recall interval_affiliation",
    "agreement": "rank_correlation top_overlap",
    "events": (
        "EventEvaluation FlatteringMetricWarning composite_f1 detection_delays evaluate_events "
        "event_counts event_precision_recall_f1 point_adjust point_adjusted_f1"
    ),
    "groups": "FlagRate flag_rates wilson_interval",
    "nab": "NAB_PROFILES NabProfile NabScore nab_corpus_score nab_score",
    "ranges": "range_precision_recall_f1",
    "records": (
        "Evaluation auc average_precision_score balanced_accuracy_score confusion_matrix evaluate "
        "f1_score false_alarm_rate matthews_corrcoef missed_alarm_rate precision_at_k "
        "precision_recall_curve precision_score recall_score roc_auc_score roc_curve"
    ),
    "surface": "range_auc volume_under_surface vus_pr vus_roc",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"anomaly.metrics.{_MODULES[name]}"), name)
    if name in _NAMES:
        return import_module(f"anomaly.metrics.{name}")
    raise AttributeError(f"module 'anomaly.metrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_NAMES])
