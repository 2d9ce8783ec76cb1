"""Detection in time series, by the protocols of two public collections."""
