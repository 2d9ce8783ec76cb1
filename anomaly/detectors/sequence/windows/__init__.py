"""Comparison of the windows of a series with those of training: by distance, by shape, by statistics, by covariance."""
