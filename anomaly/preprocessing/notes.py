"""What is noticed about rows that arrive in pieces, and the warnings of it: one of each kind, with place and count."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from nnlite.rowwise import CHUNK_ROWS


@dataclass
class Notes:
    """What was noticed about the rows of a stream: how often, and where first.

    Attributes
    ----------
    category : type of Warning
        The class of the warnings.
    counts : dict of str to int
        Number of rows, by kind.
    texts : dict of str to str
        The first place, by kind.
    told : dict of str to int
        The count at the warning, by kind.

    Examples
    --------
    >>> import warnings
    >>> notes = Notes(UserWarning)
    >>> notes.note("late", 2, "row 3: late ({rows})")
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     notes.tell(n_rows=100)
    ...     notes.note("late", 1, "row 108: late ({rows})")
    ...     notes.finish()
    >>> [str(warning.message) for warning in caught]
    ['row 3: late (2 rows)']
    """

    category: type[Warning]
    counts: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)

    def note(self, kind: str, count: int, text: str) -> None:
        """Add so many rows of a kind; the text, with ``{rows}`` for their number, describes the first."""
        self.counts[kind] = self.counts.get(kind, 0) + count
        self.texts.setdefault(kind, text)

    def tell(self, n_rows: int) -> None:
        """Warn of what is new in the last rows, unless they are a whole chunk, which more rows follow at once."""
        if n_rows < CHUNK_ROWS:
            self._tell()

    def finish(self) -> None:
        """Warn of the kinds that were not told: there are no more rows."""
        self._tell()

    def _tell(self) -> None:
        for kind, count in self.counts.items():
            if kind not in self.told:
                self.told[kind] = count
                rows = f"{count:,} row{'' if count == 1 else 's'}"
                warnings.warn(self.texts[kind].replace("{rows}", rows), self.category, stacklevel=3)
