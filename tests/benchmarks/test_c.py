"""The table of programs in C beside those of other exporters, and what weights of 8 bits cost."""

from pathlib import Path

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.export import reduced
from benchmarks.c.command import table
from benchmarks.c.int8 import with_weights_of_int8
from benchmarks.pages import replaced


@pytest.mark.parametrize("command", ["python -m benchmarks c", "python -m benchmarks.c.int8"])
def test_the_page_has_a_place_for_each_table(command):
    page = Path("docs/c_export.md").read_text()
    found = replaced(page, command, "new")
    assert f"{command} -->\n\nnew\n\n<!-- end" in found
    assert found.count("<!--") == page.count("<!--")


def test_ratios_are_of_ours_to_the_other():
    assert table([("ARM", "-O2", 1, 2, 30.0, 40.0)]).endswith("| ARM, `-O2` | 1 | 2 | 30 | 40 | 0.75 |")


def test_a_copy_has_other_weights_and_nearly_the_same_scores():
    x = np.random.default_rng(0).normal(size=(200, 3))
    detector = reduced(TableDetector(hidden=(8,), epochs=2, random_state=0).fit(x), 10)
    before = detector.decision_function(x)
    after = with_weights_of_int8(detector).decision_function(x)
    assert 0 < np.abs(after / before - 1).max() < 0.1
    assert (detector.decision_function(x) == before).all()
