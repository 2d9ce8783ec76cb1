"""Metrics of the structure of both packages: imports, lengths, parameters, and the files that a run enters."""
