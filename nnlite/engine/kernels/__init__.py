"""The kernels: one compiled function for each kind of instruction.

Every kernel has the same form, ``kernel(op, state, zero)``: `op` points to the instruction's fields (addresses,
sizes, and constants as the bits of doubles), `state` to what changes from batch to batch (`nnlite.engine.batch_state`),
and `zero` is a number of the type to compute in. Kernels allocate nothing, raise nothing and call nothing but each
other.

Arrays of activations are stored features x batch: item (feature j, record i) is at ``j * ld + i``. However few
features a layer has, the inner loop runs along the batch and fills the processor's vectors. `ld` is the batch rounded
up; what stands beyond the batch's last record are pads: finite numbers in activations, zeros in derivatives.
"""
