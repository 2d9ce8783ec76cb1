"""Detector of anomalies in time series: networks on windows, and the scale of their residuals."""
