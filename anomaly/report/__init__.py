"""Reports: one HTML page on what was learned, what is anomalous and why, to be handed over."""

from anomaly.report.content import Report
from anomaly.report.page import render, write_report

__all__ = ["Report", "render", "write_report"]
