"""The command ``anomaly``: one file a command, with its arguments and its work."""

from anomaly.cli.main import main

__all__ = ["main"]
