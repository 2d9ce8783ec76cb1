"""The detector of series: networks on windows, and the scale of their residuals."""
