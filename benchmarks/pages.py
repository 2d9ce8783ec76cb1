"""Tables of benchmarks in pages of the documentation."""

from __future__ import annotations

END = "<!-- end of the table -->"


def replaced(page: str, command: str, text: str) -> str:
    """Return a page with the table of a command replaced, which stands between two comments.

    Examples
    --------
    >>> page = f"a <!-- table of python -m benchmarks deploy --> old {END} b"
    >>> replaced(page, "deploy", "new").split()[-2:], "old" in replaced(page, "deploy", "new")
    (['-->', 'b'], False)
    """
    start = f"<!-- table of python -m benchmarks {command} -->"
    before, rest = page.split(start)
    return f"{before}{start}\n\n{text}\n\n{END}{rest.split(END, 1)[1]}"
