"""The sections of a report, from the values of a detector."""

import numpy as np

from anomaly.detectors.plot_data import SeriesPlotData
from anomaly.detectors.report_sections import records_section, series_section
from anomaly.tables import as_table


def test_reasons_that_are_none_of_a_score_are_left_out():
    shares = np.array([[0.7, 0.296, 0.004], [1.0, 0.0, 0.0]])
    section = records_section(
        as_table({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5.0, 6.0]}), np.array([9.0, 2.0]), 5.0,
        names=["a", "b", "c"], explain=lambda records: shares[: len(records)], expected=None, rare_missing=None,
        calibration=None, labels=None, ids=None, most_records=2,
    )  # fmt: skip
    assert [[reason.column for reason in record.reasons] for record in section.records] == [["a", "b"], ["a"]]


def test_a_sensor_at_rest_is_found_at_0():
    # 0, scaled and scaled back in single precision.
    values = np.array([[9.2], [8.5e-9], [9.1]])
    data = SeriesPlotData(
        names=["flow"], values=values, expected=np.full((3, 1), 9.2), contributions=np.ones((3, 1)),
        scores=np.array([1.0, 5.0, 1.0]), labels=np.array([0, 1, 0]), threshold=2.0, time=None,
    )  # fmt: skip
    (alarm,) = series_section(data, None).alarms
    assert [reason.text for reason in alarm.reasons] == ["flow is 0, expected about 9.2"]
