"""The loop over the batches of one or more epochs: fetch an instruction, call its kernel, go on."""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import BATCH, COUNT, ORDER, ROWS, START, STEP, WIDTH
from nnlite.engine.codegen.pointers import as_pointer, call_kernel, shift
from nnlite.engine.program import WORDS


def run(op: Any, state: Any, zero: Any) -> None:
    """Run a program on the batches from `first` up to `last`, counted through all epochs.

    At the end of each epoch its sums go to a row of a table, and begin again at zero.

    op: first, last, batches in an epoch, batch size, records, vector width, thread, threads, sums, number of sums,
    table, number of instructions, instructions...
    """
    first, last, per_epoch, size, records, vector = op[0], op[1], op[2], op[3], op[4], op[5]
    thread, threads, count, program = op[6], op[7], op[11], shift(op, 12)
    orders = state[ORDER]
    for number in range(first, last):
        epoch = number // per_epoch
        start = (number - epoch * per_epoch) * size
        batch = min(size, records - start)
        begin, end = batch * thread // threads, batch * (thread + 1) // threads
        if orders != 0:
            state[ORDER] = orders + epoch * records * 4
        state[BATCH] = batch
        state[START] = start + begin
        state[ROWS] = end - begin
        # A thread without records computes on pads, and contributes zeros.
        state[WIDTH] = max((end - begin + vector - 1) // vector, 1) * vector
        for i in range(count):
            instruction = shift(program, i * WORDS)
            call_kernel(instruction[0], shift(instruction, 1), state, zero)
        state[STEP] += 1
        state[COUNT] += 1
        if start + batch == records:
            sums, table = as_pointer(op[8], 0.0), shift(as_pointer(op[10], 0.0), epoch * op[9])
            for i in range(op[9]):
                table[i] = sums[i]
                sums[i] = 0.0
    state[ORDER] = orders
