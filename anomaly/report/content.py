"""The contents of a report: plain values, which any detector can fill in and `anomaly.report.page` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from anomaly.drift import DriftResult
from nnlite.types import Array


@dataclass(frozen=True)
class Reason:
    """What one column adds to a score.

    Attributes
    ----------
    column : str
        Name of the column.
    share : float
        Fraction of the score.
    found, expected : str
        Its value and the expected one, as text; "" where there is none.
    text : str
        Both in words; see `anomaly.report.reasons.reason_text`.
    """

    column: str
    share: float
    found: str
    expected: str
    text: str


@dataclass(frozen=True)
class UnusualRecord:
    """A record with its score and the reasons for it.

    Attributes
    ----------
    row : int
        Number of the record, from 1.
    key : str
        Its identifiers as text; "" if there are none.
    score : float
        Anomaly score.
    p_value : float or None
        Probability of so high a score among normal records.
    label : int or None
        1 for a true anomaly, 0 for a normal record, None if it is unknown.
    cells : sequence of float, str or None
        Values of the columns.
    reasons : sequence of Reason
        The columns that contribute most, the largest contribution first.
    missing : sequence of str
        Columns that are missing here, though hardly ever in training.
    """

    row: int
    key: str
    score: float
    p_value: float | None
    label: int | None
    cells: Sequence[float | str | None]
    reasons: Sequence[Reason]
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class AnomalyGroup:
    """Anomalies with the same reasons.

    Attributes
    ----------
    columns : sequence of str
        The columns that contribute most; none for records that are like no other.
    members : sequence of int
        Positions in the list of records.
    """

    columns: Sequence[str]
    members: Sequence[int]


@dataclass(frozen=True)
class RecordsSection:
    """The most anomalous records of a table.

    Attributes
    ----------
    columns : sequence of str
        Names of the columns of the records.
    records : sequence of UnusualRecord
        The records, the highest score first.
    groups : sequence of AnomalyGroup
        Groups of the flagged ones among them.
    """

    columns: Sequence[str]
    records: Sequence[UnusualRecord]
    groups: Sequence[AnomalyGroup]


@dataclass(frozen=True)
class Alarm:
    """An event of a series.

    Attributes
    ----------
    start, end : int
        Its first step, and the one after its last, from 0.
    peak : int
        The step with the highest score.
    score : float
        That score.
    start_text, end_text : str
        Times of its first and last step, or their row numbers from 1.
    reasons : sequence of Reason
        The sensors that contribute most at the peak.
    """

    start: int
    end: int
    peak: int
    score: float
    start_text: str
    end_text: str
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class SeriesSection:
    """The time line of a series.

    Attributes
    ----------
    sensors : sequence of str
        Names of the numeric sensors.
    values : ndarray of float of shape (n_steps, n_sensors)
        Their values, NaN where there is none.
    scores : ndarray of shape (n_steps,)
        Scores of the steps, NaN without a score.
    flags : ndarray of int of shape (n_steps,)
        1 in an alarm, else 0.
    times : ndarray of datetime64 or float of shape (n_steps,), or None
        Timestamps; None if steps are numbered.
    alarms : sequence of Alarm
        The events, in order of time.
    labels : ndarray of int of shape (n_steps,) or None
        True labels.
    name : str
        The group of rows that it is; "" for a series alone.
    """

    sensors: Sequence[str]
    values: Array
    scores: Array
    flags: Array
    times: Array | None
    alarms: Sequence[Alarm]
    labels: Array | None = None
    name: str = ""


@dataclass(frozen=True)
class Report:
    """What a report tells.

    Attributes
    ----------
    title : str
        Heading.
    unit : {"record", "step"}
        What is scored.
    scores : ndarray of float of shape (n,)
        Scores of all rows that have one.
    threshold : float
        Threshold of the detector; a series' alarms follow a moving limit, of which this is the start.
    n_flagged : int
        Number of rows that the detector flags.
    labels : ndarray of int of shape (n,) or None
        True labels of the same rows: 1 for anomalies, 0 for normal rows, -1 for unknown ones.
    learned : sequence of str
        What the detector was fitted on, in sentences.
    columns : sequence of str
        How each column was understood, one line each.
    drift : DriftResult or None
        Result of the test for drift.
    drift_note : str
        Why there is none.
    history : mapping of str to sequence of float
        Losses by epoch.
    settings : mapping of str to str
        Parameters of the detector.
    audit : mapping of str to str
        Versions, and hashes of model and data.
    records : RecordsSection or None
        For tables.
    series : sequence of SeriesSection
        For series: one, or that of each group of rows.
    """

    title: str
    unit: str
    scores: Array
    threshold: float
    n_flagged: int
    labels: Array | None
    learned: Sequence[str]
    columns: Sequence[str]
    drift: DriftResult | None
    drift_note: str
    history: Mapping[str, Sequence[float]]
    settings: Mapping[str, str]
    audit: Mapping[str, str] = field(default_factory=dict)
    records: RecordsSection | None = None
    series: Sequence[SeriesSection] = ()
