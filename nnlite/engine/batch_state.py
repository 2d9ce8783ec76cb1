"""Layout of the state array (int64) that every kernel receives: the values that change from batch to batch."""

from typing import Final

ROWS: Final = 0
"""Number of records of this batch that this thread processes."""
PADDED_ROWS: Final = 1
"""`ROWS` rounded up to whole vectors."""
BATCH_SIZE: Final = 2
"""Number of records of this batch in all threads together: the divisor of the loss."""
FIRST_RECORD: Final = 3
"""Index of this thread's first record of this batch in the order of the epoch."""
STEP: Final = 4
"""Index of this training step in the optimizer's tables of rates."""
STEP_COUNT: Final = 5
"""Index of this step since the beginning of the run: a counter of the random number generator."""
ORDER: Final = 6
"""Address of the epoch's order of the records (int32); 0 for the order in which they are stored."""
RATES: Final = 7
"""Address of the learning rate of each step (double)."""
CORRECTIONS: Final = 8
"""Address of the optimizer's bias correction of each rate (double): one number per step, three for Nadam."""
THREAD: Final = 9
"""Index of this thread."""
SEEDS: Final = 10
"""Address of the seed of each stream of random numbers."""
BARRIERS: Final = 11
"""Number of barriers that this thread has passed."""
YIELD_FUNCTION: Final = 12
"""Address of the operating system's function that yields the processor; 0 if there is none."""
SIZE: Final = 16
"""Length of the array."""
