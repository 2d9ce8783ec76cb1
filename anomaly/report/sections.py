"""The parts of the page that need no script: facts, columns, drift, settings and hashes, as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

from anomaly.drift import DriftResult
from anomaly.errors import printable
from anomaly.report.content import Report


def escape(text: str) -> str:
    """Return text as HTML, without the characters that would turn the direction of what follows."""
    return html.escape(printable(text))


def overview(report: Report) -> str:
    """Return the first sentences: how many rows were scored and flagged."""
    n = len(report.scores)
    unit = report.unit if n == 1 else f"{report.unit}s"
    facts = [
        ("Scored", f"{n:,} {unit}"),
        ("In alarm" if report.series else "Flagged", f"{report.n_flagged:,} ({report.n_flagged / max(n, 1):.2%})"),
        ("Threshold at first" if report.series else "Threshold", f"{report.threshold:.6g}"),
    ]
    if len(report.series) > 1:
        facts.insert(2, ("Groups", f"{len(report.series):,}"))
    if report.series:
        facts.insert(2, ("Alarms", f"{sum(len(one.alarms) for one in report.series):,}"))
    if report.drift is not None:
        facts.append(("Drift", "found" if report.drift.drifted else "none found"))
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="tiles">{tiles}</dl>'


def learned(report: Report) -> str:
    """Return what the detector was fitted on, and how it understood each column."""
    sentences = "".join(f"<li>{escape(text)}</li>" for text in report.learned)
    lines = "\n".join(map(escape, report.columns))
    count = len(report.columns)
    return (
        f"<ul>{sentences}</ul><details><summary>{count} column{'' if count == 1 else 's'}, and how each was understood"
        f"</summary><pre>{lines}</pre></details>"
    )


def drift(result: DriftResult | None, note: str) -> str:
    """Return the result of the test for drift, with a table of the columns that have drifted."""
    if result is None:
        return f"<p>{escape(note)}</p>"
    verdict = "Fresh data differ from the training data." if result.drifted else "No drift was found."
    text = f"<p><strong>{verdict}</strong> {escape(_compared(result))}</p>"
    if result.columns:
        rows = [(column.title, f"{column.statistic:.3f}", f"{column.p_value:.2g}") for column in result.columns]
        text += table(("column", "largest difference D", "p-value"), rows)
    if result.untested:
        text += f"<p>Not tested, for they change too slowly: {escape(', '.join(result.untested))}.</p>"
    return text


def _compared(result: DriftResult) -> str:
    text = (
        f"The scores of {result.n_fresh:,} fresh {result.unit} were compared with those of {result.n_reference:,} of "
        f"training (Kolmogorov-Smirnov test, D = {result.statistic:.3f}, p = {result.p_value:.2g}), and the columns "
        f"one by one; without drift, {result.level:.2%} of such reports would speak of drift."
    )
    return text + result.shares_text()


def pairs(values: Mapping[str, str], head: tuple[str, str]) -> str:
    """Return names and values as a table."""
    return table(head, list(values.items()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of text; the first cell of each row is its header.

    Examples
    --------
    >>> '<th scope="row">&lt;b&gt;</th><td>2</td>' in table(("name", "n"), [("<b>", "2")])
    True
    """
    titles = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    lines = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in others)}</tr>'
        for first, *others in rows
    )
    return (
        f'<div class="wide"><table class="pairs"><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
