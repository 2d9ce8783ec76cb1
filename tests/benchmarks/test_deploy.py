"""The table of ways to run a detector."""

from pathlib import Path

from benchmarks.deploy.command import table
from benchmarks.pages import replaced

FIGURES = {"start": 0.5, "memory": 99.6, "size": 1.23, "rows": 123456.0, "one": 771.0}


def test_a_way_is_a_line():
    found = table({"onnx": FIGURES, "serve, JSON": {**FIGURES, "share": 0.8, "p50": 5.0, "p99": 7.25}})
    *_, service, runtime = found.splitlines()
    assert runtime == "| ONNX Runtime | 0.50 | 100 | 1.23 | 123,000 | 770 | |"
    assert service.endswith("| 80% of Python's records/s; p50 5.0, p99 7.2 ms |")


def test_the_page_has_a_place_for_the_table():
    page = Path("docs/deploy.md").read_text()
    again = replaced(page, "python -m benchmarks deploy", "| a | b |")
    assert "| a | b |" in again
    assert replaced(again, "python -m benchmarks deploy", "| c |").count("| a | b |") == 0
    assert again.splitlines()[:5] == page.splitlines()[:5]
