"""A dense network in C, beside those of other exporters."""
