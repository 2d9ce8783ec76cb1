"""The page of a report: one HTML file that asks for nothing else, with its style, script and values inside.

The page forbids itself, by its Content-Security-Policy, every request and every script but its own, which is named by
its hash. Data reach the page as escaped text or as JSON, and the script writes them as text alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
from importlib import resources
from string import Template

from anomaly.report import sections
from anomaly.report.content import Report
from anomaly.report.payload import to_json
from nnlite.files import atomic_write

# In the order in which they use each other.
_SCRIPTS = ("elements.js", "values.js", "scores.js", "order.js", "records.js", "timeline.js", "curves.js", "main.js")

# A fixed threshold over the scores of a series flags the steps around an alarm as well.
_HINT = (
    '<p class="hint">Move the threshold to see how many {unit}s would be flagged. '
    "The detector is not changed by it.</p>"
)
_HINT_OF_SERIES = (
    '<p class="hint">Move the threshold to see how many steps score above it. These are not the steps in alarm, which '
    "it does not recount: the limit of alarms begins at the threshold, follows the recent scores, and leaves out the "
    "steps around a cause. The detector is not changed by it.</p>"
)


def render(report: Report) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    report : Report
        The contents.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly.report.content import Report
    >>> scores = np.array([0.5, 3.0])
    >>> page = render(Report("Pumps & valves", "record", scores, 1.0, 1, None, [], [], None, "no test", {}, {}))
    >>> "Pumps &amp; valves" in page, "http://" in page.replace("http://www.w3.org/2000/svg", "")
    (True, False)
    """
    script = "\n".join(['"use strict";', *map(_asset, _SCRIPTS)])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    style = _asset("style.css")
    return Template(_asset("page.html")).substitute(
        title=sections.escape(report.title),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'",
        style=style,
        overview=sections.overview(report),
        has_records="" if report.records is not None else "hidden",
        has_groups="" if report.records is not None and report.records.groups else "hidden",
        has_series="" if report.series else "hidden",
        has_history="" if report.history else "hidden",
        hint=_HINT_OF_SERIES if report.series else _HINT.format(unit=sections.escape(report.unit)),
        learned=sections.learned(report),
        drift=sections.drift(report.drift, report.drift_note),
        settings=sections.pairs(report.settings, ("parameter", "value")),
        audit=sections.pairs(report.audit, ("what", "value")),
        values=to_json(report),
        script=script,
    )


def write_report(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the page to a file.

    The write is atomic: the file is written under a temporary name and then renamed.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier file is unchanged.
    """
    text = render(report)
    with atomic_write(path) as file:
        file.write(text.encode())


def _asset(name: str) -> str:
    return (resources.files("anomaly.report") / "assets" / name).read_text(encoding="utf-8")
