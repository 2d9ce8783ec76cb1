"""Columns of a table: their kinds, and how cells become features."""
