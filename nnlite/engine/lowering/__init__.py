"""From models to programs: which instructions each layer, loss and optimizer becomes.

Only what is known to the letter is lowered: a class derived from a layer may do anything, and stays on the textbook
path.
"""

from nnlite.engine.lowering.model import lower_model
from nnlite.engine.lowering.rules import Unsupported

__all__ = ["Unsupported", "lower_model"]
