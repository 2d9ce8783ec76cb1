"""The loop over the batches of one or more epochs: the interpreter of a program."""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import BATCH_SIZE, FIRST_RECORD, ORDER, PADDED_ROWS, ROWS, STEP, STEP_COUNT
from nnlite.engine.codegen.pointers import as_pointer, call_kernel, shift
from nnlite.engine.program import WORDS


def run(op: Any, state: Any, zero: Any) -> None:
    """Run a program on the batches from `first` up to `last`, counted through all epochs.

    At the end of each epoch its sums are moved to a row of a table, and reset to zero.

    op: first, last, batches in an epoch, batch size, records, vector width, thread, threads, sums, number of sums,
    table, number of instructions, instructions...
    """
    first, last, per_epoch, size, records, width = op[0], op[1], op[2], op[3], op[4], op[5]
    thread, threads, count, program = op[6], op[7], op[11], shift(op, 12)
    orders = state[ORDER]
    for batch_index in range(first, last):
        epoch = batch_index // per_epoch
        batch_start = (batch_index - epoch * per_epoch) * size
        records_in_batch = min(size, records - batch_start)
        part_start, part_end = records_in_batch * thread // threads, records_in_batch * (thread + 1) // threads
        if orders != 0:
            state[ORDER] = orders + epoch * records * 4
        state[BATCH_SIZE] = records_in_batch
        state[FIRST_RECORD] = batch_start + part_start
        state[ROWS] = part_end - part_start
        # A thread without records computes on padding, and contributes zeros.
        state[PADDED_ROWS] = max((part_end - part_start + width - 1) // width, 1) * width
        for i in range(count):
            instruction = shift(program, i * WORDS)
            call_kernel(instruction[0], shift(instruction, 1), state, zero)
        state[STEP] += 1
        state[STEP_COUNT] += 1
        if batch_start + records_in_batch == records:
            sums, table = as_pointer(op[8], 0.0), shift(as_pointer(op[10], 0.0), epoch * op[9])
            for i in range(op[9]):
                table[i] = sums[i]
                sums[i] = 0.0
    state[ORDER] = orders
