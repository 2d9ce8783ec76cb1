"""A fitted detector in a few lines of HTML, which notebooks show in place of its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_STYLE = "font-size:90%;white-space:pre-wrap"


def inline_html(title: str, lines: Sequence[str], sections: Mapping[str, Sequence[str]], picture: str = "") -> str:
    """Return a title, lines of text, and sections that open when they are chosen.

    Parameters
    ----------
    title : str
        Name of the class.
    lines : sequence of str
        What is to be seen at once.
    sections : mapping of str to sequence of str
        Lines by heading; empty ones are left out.
    picture : str, default ""
        SVG element of the architecture; its section is open.

    Examples
    --------
    >>> inline_html("Detector", ["a < b"], {"columns": []})
    '<p><strong>Detector</strong></p><p>a &lt; b</p>'
    """
    parts = [f"<p><strong>{escape(title)}</strong></p>", f"<p>{'<br>'.join(map(escape, lines))}</p>"]
    for heading, texts in sections.items():
        if texts:
            body = escape("\n".join(texts))
            parts.append(f'<details><summary>{escape(heading)}</summary><pre style="{_STYLE}">{body}</pre></details>')
    if picture:
        parts.append(f"<details open><summary>network</summary>{picture}</details>")
    return "".join(parts)
