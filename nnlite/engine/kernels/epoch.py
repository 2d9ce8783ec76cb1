"""The loop over the batches of an epoch: fetch an instruction, call its kernel, go on."""

from __future__ import annotations

from typing import Any

from nnlite.engine.pointers import call_kernel, shift
from nnlite.engine.program import WORDS
from nnlite.engine.state import BATCH, COUNT, ROWS, START, STEP, WIDTH


def run(op: Any, state: Any, zero: Any) -> None:
    """Run a program on the batches from `first` up to `last`.

    op: first, last, batch size, records, vector width, thread, threads, number of instructions, instructions...
    """
    first, last, size, records, vector, thread, threads, count = op[0], op[1], op[2], op[3], op[4], op[5], op[6], op[7]
    program = shift(op, 8)
    for number in range(first, last):
        start = number * size
        batch = min(size, records - start)
        begin, end = batch * thread // threads, batch * (thread + 1) // threads
        state[BATCH] = batch
        state[START] = start + begin
        state[ROWS] = end - begin
        state[WIDTH] = (end - begin + vector - 1) // vector * vector
        for i in range(count):
            instruction = shift(program, i * WORDS)
            call_kernel(instruction[0], shift(instruction, 1), state, zero)
        state[STEP] += 1
        state[COUNT] += 1
