"""Scalers: maps of the numbers of each column to a common scale, fitted on training rows."""
