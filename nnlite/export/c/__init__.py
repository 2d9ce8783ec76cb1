"""Models as programs in C99. `Model.export` imports it when it is first asked for."""

from nnlite.export.c.source import export_c

__all__ = ["export_c"]
