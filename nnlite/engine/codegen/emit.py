"""Emission of LLVM functions: variables, loops and vectors for the tiles of the matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from llvmlite import ir
from numba.core import cgutils

I64 = ir.IntType(64)
I32 = ir.IntType(32)


class Emitter:
    """Emits one function; variables are `alloca`s, which LLVM promotes to registers."""

    def __init__(self, function: ir.Function, lanes: int) -> None:
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.item = next(a.type.pointee for a in function.args if isinstance(a.type, ir.PointerType))
        self.lanes = lanes
        self.vector = ir.VectorType(self.item, lanes)
        self.fma = cgutils.get_or_insert_function(
            function.module,
            ir.FunctionType(self.vector, [self.vector] * 3),
            f"llvm.fmuladd.v{lanes}f{64 if isinstance(self.item, ir.DoubleType) else 32}",
        )
        # Unrolling would make the code ten times larger and no faster: a tile is wide enough.
        module = function.module
        self.loop_metadata = module.add_metadata([module.add_metadata(["llvm.loop.unroll.disable"])])
        if self.loop_metadata.operands[0] is not self.loop_metadata:  # LLVM requires loop metadata to begin with itself
            self.loop_metadata.operands = (self.loop_metadata, *self.loop_metadata.operands)

    def variable(self, value: ir.Value) -> ir.Value:
        """Return the stack slot of a new variable that holds `value`."""
        slot = cgutils.alloca_once(self.builder, value.type)
        self.builder.store(value, slot)
        return slot

    def advance(self, slot: ir.Value, step: ir.Value) -> None:
        """Advance the pointer in `slot` by `step` items."""
        self.builder.store(self.at(self.builder.load(slot), step), slot)

    def at(self, pointer: ir.Value, *offsets: ir.Value) -> ir.Value:
        """Return ``pointer + sum(offsets)``."""
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def times(self, value: ir.Value, factor: int) -> ir.Value:
        """Return ``value * factor``."""
        return self.builder.mul(value, ir.Constant(I64, factor)) if factor != 1 else value

    def opaque(self, value: ir.Value) -> ir.Value:
        """Return the value through an empty inline assembly, so that LLVM cannot derive it from another.

        Without this its loop strength reduction derives one pointer from the next through all rows of a tile: a chain
        of additions as long as the arithmetic.
        """
        return self.builder.asm(ir.FunctionType(value.type, [value.type]), "", "=r,0", [value], False)

    def load(self, pointer: ir.Value, lanes: int | None = None) -> ir.Value:
        """Return the vector at `pointer`, of any alignment."""
        kind = ir.VectorType(self.item, lanes or self.lanes)
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=self._align())

    def store(self, vector: ir.Value, pointer: ir.Value) -> None:
        """Store a vector at `pointer`, of any alignment."""
        self.builder.store(vector, self.builder.bitcast(pointer, vector.type.as_pointer()), align=self._align())

    def _align(self) -> int:
        return 8 if isinstance(self.item, ir.DoubleType) else 4

    def splat(self, scalar: ir.Value) -> ir.Value:
        """Return a vector with `scalar` in every lane."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
        return self.shuffle(first, first, [0] * self.lanes)

    def shuffle(self, a: ir.Value, b: ir.Value, lanes: Sequence[int]) -> ir.Value:
        """Return the vector of the given lanes, counted through a and then b."""
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(I32, len(lanes)), list(lanes)))

    def zeros(self) -> ir.Value:
        """Return a vector of zeros."""
        return ir.Constant(self.vector, [0.0] * self.lanes)

    @contextmanager
    def loop(self, more: Callable[[], ir.Value]) -> Iterator[None]:
        """``while more(): body``, never unrolled."""
        builder = self.builder
        head, body, end = (builder.append_basic_block(name) for name in ("while", "body", "end"))
        builder.branch(head)
        builder.position_at_end(head)
        builder.cbranch(more(), body, end)
        builder.position_at_end(body)
        yield
        builder.branch(head).set_metadata("llvm.loop", self.loop_metadata)
        builder.position_at_end(end)

    @contextmanager
    def repeat(self, count: ir.Value) -> Iterator[None]:
        """``for _ in range(count): body``."""
        remaining = self.variable(count)
        with self.loop(lambda: self.at_least(remaining, 1)):
            yield
            self.count_down(remaining, 1)

    def at_least(self, slot: ir.Value, bound: int) -> ir.Value:
        """Return the comparison ``slot >= bound``."""
        return self.builder.icmp_signed(">=", self.builder.load(slot), ir.Constant(I64, bound))

    def count_down(self, slot: ir.Value, step: int) -> None:
        """Subtract `step` from the number in `slot`."""
        self.builder.store(self.builder.sub(self.builder.load(slot), ir.Constant(I64, step)), slot)

    @contextmanager
    def chunks(self, total: ir.Value, most: int) -> Iterator[tuple[ir.Value, ir.Value]]:
        """``for first, count in chunks(total, most): body``: chunks of `most`, the last two as equal as possible."""
        builder = self.builder
        first, remaining = self.variable(ir.Constant(I64, 0)), self.variable(total)
        with self.loop(lambda: self.at_least(remaining, 1)):
            rest = builder.load(remaining)
            half = builder.lshr(builder.add(rest, ir.Constant(I64, 1)), ir.Constant(I64, 1))
            count = builder.select(self.at_least(remaining, most + 1), half, rest)
            count = builder.select(self.at_least(remaining, 2 * most), ir.Constant(I64, most), count)
            yield builder.load(first), count
            builder.store(builder.add(builder.load(first), count), first)
            builder.store(builder.sub(builder.load(remaining), count), remaining)

    def call_indexed(self, index: ir.Value, functions: dict[int, ir.Function], arguments: Sequence[ir.Value]) -> None:
        """Call ``functions[index](*arguments)``."""
        builder = self.builder
        end = builder.append_basic_block("called")
        switch = builder.switch(index, end)
        for value, function in functions.items():
            block = builder.append_basic_block(f"case{value}")
            switch.add_case(ir.Constant(I64, value), block)
            builder.position_at_end(block)
            builder.call(function, arguments)
            builder.branch(end)
        builder.position_at_end(end)

    def widths_covering(self, remaining: ir.Value, widths: Sequence[int]) -> Iterator[int]:
        """Cover `remaining` columns: with the first width as often as it fits, then with the smaller ones."""
        for index, width in enumerate(widths):
            if index == 0:
                with self.loop(lambda width=width: self.at_least(remaining, width)):  # type: ignore[misc]
                    yield width
                    self.count_down(remaining, width)
            else:
                with self.builder.if_then(self.at_least(remaining, width)):
                    yield width
                    self.count_down(remaining, width)


def declare_function(module: ir.Module, name: str, arguments: Sequence[ir.Type]) -> tuple[ir.Function, bool]:
    """Return the function of this name, and whether it is new and its body must be emitted."""
    if name in module.globals:
        return module.globals[name], False
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    return function, True
