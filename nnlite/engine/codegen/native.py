"""Machine code of kernels: compiled by Numba once, cached in a folder, loaded without Numba from then on.

Importing Numba takes half a second, and compiling a kernel as long again. The result is a plain C function, which is
loaded in a fraction of a millisecond, on Linux without LLVM (`nnlite.engine.codegen.object_files`). So a kernel is
identified by its name (``"dense.product"``: the function `product` of the module `nnlite.engine.kernels.dense`), and
that module, which imports Numba, is imported only if the cache holds no machine code for it.

The cache folder is the first of these that is writable and belongs to the user alone: ``$NNLITE_CACHE_DIR``; the user's
cache folder; one in the folder for temporary files. A file is used only if its checksum is right, and is written
atomically, so a damaged file is compiled again and many processes may start at once.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.engine.codegen.host import candidates, host, is_private, remember
from nnlite.engine.codegen.object_files import NotSupported, load
from nnlite.files import atomic_write

_MAGIC = b"nnlite kernel 2\n"
_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    # A process that is forked while another thread compiles would wait for that thread, which it does not have.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
# Loaded kernels by the dtype's letter: its name takes a microsecond, and programs look up kernels often.
_loaded: dict[tuple[str, str], int] = {}
# The functions that a kernel may call besides LLVM's own operations; every C library has them.
_LIBRARY_FUNCTIONS = {"memcpy", "memset", "memmove"}
# Intrinsics of LLVM without a machine instruction: they become calls of the mathematical library.
_LIBRARY_INTRINSICS = {"exp", "exp2", "exp10", "log", "log2", "log10", "pow", "powi", "sin", "cos", "tan", "sincos"}

Native = Callable[..., int]
"""A kernel as ctypes calls it: without the interpreter's lock."""


def kernel_address(name: str, dtype: np.dtype[Any]) -> int:
    """Return the address of a kernel's machine code for float32 or float64.

    Parameters
    ----------
    name : str
        Module and function: ``"dense.product"``.
    dtype : numpy.dtype
        The dtype in which the kernel computes.
    """
    dtype = np.dtype(dtype)
    address = _loaded.get((name, dtype.char))
    if address is None:
        with _lock:
            address = _loaded[name, dtype.char] = _load(name, dtype.name)
    return address


def is_compiled(name: str, dtype: np.dtype[Any]) -> bool:
    """Return whether there is machine code of a kernel for float32 or float64, so that it loads at once."""
    dtype = np.dtype(dtype)
    folder = cache_folder()
    return (name, dtype.char) in _loaded or (folder is not None and (folder / f"{name}-{dtype.name}").is_file())


def native_function(name: str, dtype: np.dtype[Any]) -> Native:
    """Return a kernel as a Python function of (result, exception, operands, state, zero); see `call`."""
    number = ctypes.c_float if np.dtype(dtype) == np.float32 else ctypes.c_double
    pointers = [ctypes.c_void_p] * 4
    function: Native = ctypes.CFUNCTYPE(ctypes.c_int, *pointers, number)(kernel_address(name, dtype))
    return function


def call(function: Native, operands: int, state: int) -> None:
    """Call the result of `native_function` with the addresses of its operands and of the state."""
    results = (ctypes.c_void_p * 2)()
    pointer = ctypes.addressof(results)
    function(pointer, pointer + ctypes.sizeof(ctypes.c_void_p), operands, state, 0.0)


def bound_call(function: Native, operands: int, state: int) -> Callable[[], int]:
    """Return `call` with its arguments, prepared for many calls by one thread at a time."""
    results = (ctypes.c_void_p * 2)()
    second = ctypes.byref(results, ctypes.sizeof(ctypes.c_void_p))
    return partial(function, results, second, ctypes.c_void_p(operands), ctypes.c_void_p(state), 0.0)


@cache
def _load(name: str, dtype: str) -> int:
    entry = _read(name, dtype)
    if entry is None:
        entry = _compile(name, dtype)
        _write(name, dtype, *entry)
    symbol, machine_code = entry
    try:
        return load(machine_code, symbol, _LIBRARY_FUNCTIONS)
    except NotSupported:
        pass
    import llvmlite.binding as llvm

    engine = _engine()
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(machine_code))
    engine.finalize_object()
    address: int = engine.get_function_address(symbol)
    if not address:
        raise RuntimeError(f"LLVM did not find {symbol!r} in the machine code of kernel {name!r}")
    return address


# -- compiling -------------------------------------------------------------------------------------


def _compile(name: str, dtype: str) -> tuple[str, bytes]:
    """Return the symbol and the object file of a kernel."""
    import llvmlite.binding as llvm
    import numba

    module_name, function_name = name.split(".")
    function = getattr(import_module(f"nnlite.engine.kernels.{module_name}"), function_name)
    integers = numba.types.CPointer(numba.types.int64)
    signature = numba.types.void(integers, integers, getattr(numba.types, dtype))
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
    # Kernels are never called from Python, so Numba's wrappers are left out.
    options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher: Any = numba.njit(signature, **options)(function)
    overload = dispatcher.overloads[signature.args]
    code = llvm.parse_assembly(overload.library.get_llvm_str())
    _check_self_contained(name, code)
    return overload.fndesc.llvm_func_name, _target_machine().emit_object(code)


def _check_self_contained(name: str, code: Any) -> None:
    declared = {f.name for f in code.functions if f.is_declaration}
    operations = {f for f in declared if f.startswith("llvm.") and f.split(".")[1] not in _LIBRARY_INTRINSICS}
    called = declared - operations - _LIBRARY_FUNCTIONS
    if called:
        raise RuntimeError(
            f"kernel {name!r} calls {sorted(called)}, which does not exist without Numba; "
            "kernels may use pointers, numbers and other kernels, but must not allocate, raise or call a library"
        )


@cache
def _target_machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name(),
        features=os.environ.get("NUMBA_CPU_FEATURES") or llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )


@cache
def _engine() -> Any:
    import llvmlite.binding as llvm

    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())


# -- cache -----------------------------------------------------------------------------------------


def _read(name: str, dtype: str) -> tuple[str, bytes] | None:
    folder = cache_folder()
    if folder is None:
        return None
    try:
        content = (folder / f"{name}-{dtype}").read_bytes()
    except OSError:
        return None
    checksum, body = content[len(_MAGIC) : len(_MAGIC) + 32], content[len(_MAGIC) + 32 :]
    if not content.startswith(_MAGIC) or _checksum(name, dtype, body) != checksum:
        return None
    symbol, _, machine_code = body.partition(b"\n")
    return symbol.decode(), machine_code


def _checksum(name: str, dtype: str, body: bytes) -> bytes:
    """Return the checksum of a kernel's file, which is of its name as well: no kernel can stand for another."""
    return hashlib.sha256(f"{name}-{dtype}\n".encode() + body).digest()


def _write(name: str, dtype: str, symbol: str, machine_code: bytes) -> None:
    folder = cache_folder()
    if folder is None:
        return
    body = symbol.encode() + b"\n" + machine_code
    try:
        with atomic_write(folder / f"{name}-{dtype}") as file:
            file.write(_MAGIC + _checksum(name, dtype, body) + body)
    except OSError:
        # A full disk costs the next process the compilation, and nothing else.
        return


@cache
def cache_folder() -> Path | None:
    """Return the folder of the machine code cache, created if necessary; None if no folder is usable."""
    for base in candidates():
        folder = base / host().fingerprint
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if is_private(base) and is_private(folder) and os.access(folder, os.W_OK):
                remember(base)
                return folder
        except OSError:
            continue
    return None
