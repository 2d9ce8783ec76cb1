"""Scalers of numeric columns."""
