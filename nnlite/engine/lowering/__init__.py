"""Lowering: from models to programs, with one rule for each layer, loss and optimizer.

Only known classes are lowered: a class derived from a layer may override anything, and stays on the layers' path.
"""

from nnlite.engine.lowering.model import lower_model
from nnlite.engine.lowering.rules import Unsupported

__all__ = ["Unsupported", "lower_model"]
