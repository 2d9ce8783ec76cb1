"""What changes from batch to batch: places in the array of int64 that every kernel is handed."""

from typing import Final

ROWS: Final = 0
"""Records of this batch that this thread has to do with."""
WIDTH: Final = 1
"""The same, rounded up to whole vectors."""
BATCH: Final = 2
"""Records of this batch in all threads together: what the loss is divided by."""
START: Final = 3
"""Place of this thread's first record of this batch in the order of the epoch."""
STEP: Final = 4
"""Number of this step of training within the tables of the optimizer."""
COUNT: Final = 5
"""Number of the step since the run's beginning: it makes each step's noise its own."""
ORDER: Final = 6
"""Address of the epoch's order of the records (int32); 0 where they come as they are."""
RATES: Final = 7
"""Address of the learning rate of each step (double)."""
CORRECTIONS: Final = 8
"""Address of each step's correction of that rate (double)."""
THREAD: Final = 9
"""Number of this thread."""
SEEDS: Final = 10
"""Address of the seed of each stream of noise."""
MEETINGS: Final = 11
"""How often this thread has met the others."""
YIELD: Final = 12
"""Address of the operating system's function that lets others run; 0 if there is none."""
SIZE: Final = 16
"""Length of the array."""
