"""Detectors in notebooks."""

import numpy as np
import pytest

from anomaly import AutoencoderDetector, GroupedDetector, SequenceDetector, TableDetector
from anomaly.report.inline import inline_html
from tests.anomaly.report.test_page import _parsed


def test_text_is_escaped_and_empty_sections_are_left_out():
    text = inline_html("A", ["<b>"], {"columns": ["<script>"], "members": []}, "<svg></svg>")
    assert _parsed(text).tags == ["p", "strong", "p", "details", "summary", "pre", "details", "summary", "svg"]
    assert "&lt;script&gt;" in text
    assert "<details open><summary>network" in text


@pytest.mark.parametrize("detector", [TableDetector(), AutoencoderDetector(), SequenceDetector()])
def test_a_detector_without_a_fit_shows_its_settings(detector):
    assert "not fitted yet" in detector._repr_html_()
    assert "random_state = None" in detector._repr_html_()


def test_a_fitted_detector_shows_its_figures_columns_and_network():
    x = np.random.default_rng(0).normal(size=(200, 3))
    html = (
        AutoencoderDetector(hidden=(8, 2, 8), epochs=2, random_state=0)
        .fit({"<a>": x[:, 0], "b": x[:, 1]})
        ._repr_html_()
    )
    assert "learned from 200 records with 2 columns" in html
    assert "&lt;a&gt;" in html
    assert html.count("<rect") >= 4
    series = SequenceDetector(window=8, epochs=1, random_state=0).fit(x)
    assert "learned from 200 steps" in series._repr_html_()
    machines = {"machine": np.repeat(["A", "B"], 100).astype(object), "x": x[:, 0]}
    grouped = GroupedDetector(SequenceDetector(window=8, epochs=1, random_state=0)).fit(machines)
    assert "of 2 groups" in grouped._repr_html_()
