"""Named columns in memory, made from arrays, data frames, records and CSV files."""

from anomaly.tables.table import Table, as_table, concatenate

__all__ = ["Table", "as_table", "concatenate"]
