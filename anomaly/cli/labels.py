"""The column of labels: which records are normal, which are anomalies, and which have no label."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.errors import DataError, SpellingWarning, format_names
from anomaly.preprocessing.columns.parsing import distinct_cells, parse_number
from anomaly.tables import Table
from anomaly.tables.cells import MISSING_TEXTS, number_text
from nnlite.suggestions import did_you_mean
from nnlite.types import Array

UNLABELLED = -1
"""The label of a record without one."""

_MOST_NAMED = 10


def label_text(value: Any) -> str:
    """Return a label as text that is the same for all spellings of one value: 0 and 0.0, False and false.

    Examples
    --------
    >>> [label_text(value) for value in ("0.0", 1.0, "False", True, " normal. ", None)]
    ['0', '1', 'false', 'true', 'normal.', '']
    """
    if value is None or value != value:
        return ""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value.strip().lower() in ("true", "false")):
        return str(value).strip().lower()
    text = str(value).strip()
    number = parse_number(text)
    return text if number is None or not math.isfinite(number) else number_text(number)


@dataclass(frozen=True)
class LabelColumn:
    """A column of labels.

    Attributes
    ----------
    name : str
        Name of the column.
    normal : str
        The label of normal records; all other labels are those of anomalies.
    """

    name: str
    normal: str

    @property
    def normal_text(self) -> str:
        """The label of normal records, as cells are compared with it."""
        return label_text(self.normal)

    def texts(self, table: Table) -> Array:
        """Return the labels of records as `label_text`; a missing one, and a text such as NA, is empty."""
        distinct, indices = distinct_cells(table[self.name])
        missing = MISSING_TEXTS - {self.normal_text}
        texts = ["" if (text := label_text(value)) in missing else text for value in distinct]
        self._warn_of_spellings(texts)
        return np.array(texts, dtype=np.str_)[indices]

    def _warn_of_spellings(self, texts: Iterable[str]) -> None:
        """Warn of labels that differ from the normal one in nothing but capitals and blanks."""
        plain = self.normal_text.casefold().split()
        others = {text for text in texts if text != self.normal_text and text and text.casefold().split() == plain}
        if others:
            warnings.warn(
                f"column {self.name!r}: {format_names(sorted(others))} and {self.normal_text!r} differ only in "
                "capitals or blanks, and are different labels: write them in one way if they are the same",
                SpellingWarning,
                stacklevel=2,
            )

    def binary(self, texts: Array) -> Array:
        """Return 0 for the normal label, 1 for others, and `UNLABELLED` for empty ones.

        If the normal label is the empty one (``--normal ''``), every record has a label.
        """
        labels = (texts != self.normal_text).astype(np.int64)
        labels[(texts == "") & (texts != self.normal_text)] = UNLABELLED
        return labels

    def read(self, table: Table) -> Array:
        """Return the labels of a table as `binary` does; raise DataError if no record is normal."""
        texts = self.texts(table)
        labels = self.binary(texts)
        if not (labels == 0).any():
            raise self.no_normal_record(texts)
        return labels

    def no_normal_record(self, texts: Iterable[str]) -> DataError:
        """Return the error of a column without the normal label."""
        found = set(map(str, texts))
        return DataError(
            f"no record has label {self.normal_text!r} in column {self.name!r}; found {_format_labels(found)}"
            f"{did_you_mean(self.normal_text, found - {''})}"
        )

    def check_both_classes(self, texts: Array) -> None:
        """Raise DataError unless there are normal records and anomalies."""
        labels = self.binary(texts)
        labels = labels[labels != UNLABELLED]
        if not len(labels):
            raise self.no_normal_record(texts)
        if labels.min() == labels.max():
            found = f"anomalies, none is {self.normal!r}" if labels.all() else f"normal ({self.normal!r})"
            raise DataError(
                f"column {self.name!r}: all {len(labels)} labelled records are {found}; "
                f"an evaluation needs normal records and anomalies; found {_format_labels(texts)}"
            )

    def check_anomalies(self, labels: Array) -> None:
        """Raise DataError if there is no anomaly to learn from."""
        if not (labels == 1).any():
            raise DataError(
                f"column {self.name!r}: all {(labels == 0).sum()} labelled records are normal ({self.normal!r}); "
                "learn-labels needs at least one anomaly, a record with another label"
            )


def format_left_out(n_unlabelled: int) -> str:
    """Format the number of records without a label."""
    return f"left out {n_unlabelled:,} record{'' if n_unlabelled == 1 else 's'} without a label"


def _format_labels(texts: Iterable[str]) -> str:
    """Format the distinct labels of a column."""
    names = sorted(set(texts) - {""})
    if not names:
        return "no label at all"
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
