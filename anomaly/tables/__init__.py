"""Tables with named columns, converted from arrays, data frames, lists of records and CSV files."""

from anomaly.tables.conversion import as_table
from anomaly.tables.table import Table, concatenate

__all__ = ["Table", "as_table", "concatenate"]
