"""The page as text: what it holds, what it escapes, how large it is."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from anomaly.drift import ColumnDrift, DriftResult
from anomaly.report import payload as payload_module
from anomaly.report import render, write_report
from anomaly.report.sections import drift
from tests.anomaly.report.pages import HOSTILE, long_report, record_report, series_report


class _Scripts(HTMLParser):
    """Collects the tags that a browser would see."""

    def __init__(self):
        super().__init__()
        self.tags, self.payload, self._inside = [], "", False

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._inside = tag == "script" and dict(attributes).get("type") == "application/json"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.payload += data


def _parsed(page):
    parser = _Scripts()
    parser.feed(page)
    return parser


def unpacked(packed):
    kind, text = packed
    return np.frombuffer(base64.b64decode(text), f"<{kind}")


@pytest.mark.parametrize("report", [record_report, series_report], ids=["records", "series"])
def test_data_are_text_and_never_tags(report):
    harmless, hostile = _parsed(render(report(text="a"))), _parsed(render(report(text=HOSTILE)))
    assert hostile.tags == harmless.tags
    assert hostile.tags.count("script") == 2
    json.loads(hostile.payload)


def test_the_page_names_nothing_outside_itself():
    page = render(record_report())
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?!#)", page.replace('href="#main"', ""))
    assert "https:" not in page
    assert "default-src 'none'" in page


def test_scores_are_packed_in_descending_order():
    report = record_report(n=50, n_listed=5)
    values = json.loads(_parsed(render(report)).payload)
    scores = unpacked(values["scores"])
    np.testing.assert_array_equal(scores, np.sort(report.scores)[::-1].astype(np.float32))
    labels = unpacked(values["labels"])
    np.testing.assert_array_equal(labels, report.labels[np.argsort(-report.scores, kind="stable")])
    assert values["records"]["count"] == 5


def test_a_long_series_keeps_its_extremes(monkeypatch):
    report = series_report(n=4000, gap=False)
    report.series[0].values[1234, 1] = 99.0
    report.series[0].scores[777] = 55.0
    monkeypatch.setattr(payload_module, "MOST_VALUES", 6000)
    series = json.loads(_parsed(render(report)).payload)["series"][0]
    steps = unpacked(series["steps"])
    assert {0, 777, 1234, 3999} <= set(steps.tolist())
    assert len(steps) < 2500
    assert series["count"] == 4000
    values = unpacked(series["values"][1])
    np.testing.assert_array_equal(values, report.series[0].values[steps, 1].astype(np.float32))


def test_drift_is_told_with_its_columns():
    result = DriftResult(0.4, 1e-6, 0.01, 500, 300, 0.01, 0.09, (ColumnDrift("flow <l>", 0.5, 1e-7),), 0.005)
    text = drift(result, "")
    assert "differ from the training data" in text
    assert "flow &lt;l&gt;" in text
    assert "1.00% then, 9.00% now" in text
    assert "No drift was found" in drift(DriftResult(0.1, 0.5, 0.01, 500, 300, score_level=0.005), "")
    assert drift(None, "no <records>") == "<p>no &lt;records&gt;</p>"


def test_steps_in_alarm_are_told_apart_from_those_above_the_threshold():
    report = series_report()
    page = render(report)
    assert f"<dt>In alarm</dt><dd>{report.n_flagged:,} (" in page
    assert "<dt>Threshold at first</dt>" in page
    assert "These are not the steps in alarm" in page
    assert json.loads(_parsed(page).payload)["flagged"] == report.n_flagged
    records = render(record_report())
    assert "<dt>Flagged</dt>" in records
    assert "how many records would be flagged" in records
    of_series = DriftResult(0.4, 1e-6, 0.01, 500, 300, 0.01, 0.09, score_level=0.005, unit="blocks")
    assert "(the limit of alarms may follow the scores): 1.00% then, 9.00% now" in drift(of_series, "")


def test_fifty_thousand_records_are_under_ten_megabytes():
    assert len(render(record_report(n=50_000, n_listed=1000, n_columns=40)).encode()) < 10_000_000
    # Of a list that names all of them, 200 bytes a record are allowed: each has 20 measurements and 5 reasons.
    few, many = (len(render(long_report(n, 20, n)).encode()) for n in (10, 5000))
    assert many - few < 200 * (5000 - 10)


def test_a_report_that_cannot_be_written_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "report.html"
    write_report(record_report(), path)
    earlier = path.read_bytes()
    with pytest.raises(FileNotFoundError):
        write_report(record_report(), tmp_path / "nowhere" / "report.html")
    assert path.read_bytes() == earlier
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
