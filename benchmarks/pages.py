"""Tables of benchmarks in pages of the documentation."""

from __future__ import annotations

END = "<!-- end of the table -->"


def replaced(page: str, command: str, text: str) -> str:
    """Return a page with the table of a command, such as ``python -m benchmarks c``, replaced between its two comments.

    Examples
    --------
    >>> page = f"a <!-- table of python -m benchmarks deploy --> old {END} b"
    >>> found = replaced(page, "python -m benchmarks deploy", "new")
    >>> found.split()[-2:], "old" in found
    (['-->', 'b'], False)
    """
    start = f"<!-- table of {command} -->"
    before, rest = page.split(start)
    return f"{before}{start}\n\n{text}\n\n{END}{rest.split(END, 1)[1]}"
