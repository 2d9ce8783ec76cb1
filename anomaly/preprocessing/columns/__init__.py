"""Kinds of columns: inference of the kind, and conversion of cells to numbers and categories."""
