"""Kernels: one compiled function for each kind of instruction.

Every kernel has the same signature, ``kernel(op, state, zero)``: `op` points to the instruction's operands (addresses,
sizes, and constants as the bits of doubles), `state` to the values that change from batch to batch
(`nnlite.engine.batch_state`), and `zero` is a number of the type to compute in. Kernels allocate nothing, raise nothing
and call only each other.

Activations are stored features x batch: item (feature j, record i) is at ``j * ld + i``. However few features a layer
has, the inner loop runs along the batch and fills the vector registers. `ld`, the leading dimension, is the batch
rounded up; items beyond the batch's last record are padding: finite numbers in activations, zeros in gradients.
"""
