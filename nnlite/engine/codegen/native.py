"""Machine code of kernels: compiled by Numba once, kept in a folder, loaded without Numba ever after.

Importing Numba takes half a second, compiling a kernel as long again. Neither is needed twice: what the
compiler made is a plain C function, and LLVM loads it in a fraction of a millisecond. So a kernel is known by its name
(``"dense.forward"``: the function `forward` of the module `nnlite.engine.kernels.dense`), and that module, which
imports Numba, is imported only where no machine code is at hand.

The folder is the first of these that can be written to and belongs to the user alone: ``$NNLITE_CACHE_DIR``; the
user's cache folder; one in the folder for temporary files. A file in it is used only if its checksum is right, and is
written whole or not at all, so a damaged file is compiled again and many processes may start at once.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from nnlite.files import atomic_write

_MAGIC = b"nnlite kernel 1\n"
_lock = threading.RLock()
# What has been loaded, by the dtype's letter: a dtype takes a microsecond to say its name, and programs ask often.
_addresses: dict[tuple[str, str], int] = {}
# Everything that a kernel may call beside LLVM's own operations; all of it is in every C library.
_LIBRARY_FUNCTIONS = {"memcpy", "memset", "memmove"}
# Operations of LLVM that the processor does not have: they become calls of the mathematical library.
_CALLS_IN_DISGUISE = {"exp", "exp2", "exp10", "log", "log2", "log10", "pow", "powi", "sin", "cos", "tan", "sincos"}

Native = Callable[..., int]
"""A kernel as ctypes calls it: without the interpreter's lock."""


def kernel_address(name: str, dtype: np.dtype[Any]) -> int:
    """Return the address of a kernel's machine code for float32 or float64.

    Parameters
    ----------
    name : str
        Module and function: ``"dense.forward"``.
    dtype : numpy.dtype
        What the kernel is to compute in.
    """
    dtype = np.dtype(dtype)
    address = _addresses.get((name, dtype.char))
    if address is None:
        with _lock:
            address = _addresses[name, dtype.char] = _load(name, dtype.name)
    return address


def native_function(name: str, dtype: np.dtype[Any]) -> Native:
    """Return a kernel as a Python function of (result, exception, fields, state, zero); see `call`."""
    number = ctypes.c_float if np.dtype(dtype) == np.float32 else ctypes.c_double
    places = [ctypes.c_void_p] * 4
    function: Native = ctypes.CFUNCTYPE(ctypes.c_int, *places, number)(kernel_address(name, dtype))
    return function


def call(function: Native, fields: int, state: int) -> None:
    """Call what `native_function` returned with the addresses of its fields and of the state."""
    unused = (ctypes.c_void_p * 2)()
    place = ctypes.addressof(unused)
    function(place, place + ctypes.sizeof(ctypes.c_void_p), fields, state, 0.0)


@cache
def _load(name: str, dtype: str) -> int:
    entry = _read(name, dtype)
    if entry is None:
        entry = _compile(name, dtype)
        _write(name, dtype, *entry)
    symbol, machine_code = entry
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
    import numba

    module_name, function_name = name.split(".")
    function = getattr(import_module(f"nnlite.engine.kernels.{module_name}"), function_name)
    integers = numba.types.CPointer(numba.types.int64)
    signature = numba.types.void(integers, integers, getattr(numba.types, dtype))
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
    # Nobody calls the kernel from Python, so no function is made for that.
    options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher: Any = numba.njit(signature, **options)(function)
    overload = dispatcher.overloads[signature.args]
    code = llvm.parse_assembly(overload.library.get_llvm_str())
    _check_self_contained(name, code)
    return overload.fndesc.llvm_func_name, _target_machine().emit_object(code)


def _check_self_contained(name: str, code: Any) -> None:
    declared = {f.name for f in code.functions if f.is_declaration}
    operations = {f for f in declared if f.startswith("llvm.") and f.split(".")[1] not in _CALLS_IN_DISGUISE}
    called = declared - operations - _LIBRARY_FUNCTIONS
    if called:
        raise RuntimeError(
            f"kernel {name!r} calls {sorted(called)}, which is not there without Numba; "
            "kernels may use pointers, numbers and each other, nothing that allocates, raises or needs a library"
        )


@cache
def _target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


@cache
def _engine() -> Any:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())


# -- keeping ---------------------------------------------------------------------------------------


def _read(name: str, dtype: str) -> tuple[str, bytes] | None:
    folder = cache_folder()
    if folder is None:
        return None
    try:
        content = (folder / f"{name}-{dtype}").read_bytes()
    except OSError:
        return None
    checksum, body = content[len(_MAGIC) : len(_MAGIC) + 32], content[len(_MAGIC) + 32 :]
    if not content.startswith(_MAGIC) or hashlib.sha256(body).digest() != checksum:
        return None
    symbol, _, machine_code = body.partition(b"\n")
    return symbol.decode(), machine_code


def _write(name: str, dtype: str, symbol: str, machine_code: bytes) -> None:
    folder = cache_folder()
    if folder is None:
        return
    body = symbol.encode() + b"\n" + machine_code
    try:
        with atomic_write(folder / f"{name}-{dtype}") as file:
            file.write(_MAGIC + hashlib.sha256(body).digest() + body)
    except OSError:
        # A full disk costs the next process the compilation, and nothing else.
        return


@cache
def cache_folder() -> Path | None:
    """Return the folder where machine code is kept, made if need be; None if there is nowhere to keep it."""
    for place in _candidates():
        folder = place / _key()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_private(place) and _is_private(folder) and os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    return None


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get("NNLITE_CACHE_DIR")
    if chosen:
        yield Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        if local:
            yield Path(local) / "nnlite" / "cache"
    elif sys.platform == "darwin":
        yield Path("~/Library/Caches/nnlite").expanduser()
    else:
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "nnlite"
    user = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir()) / f"nnlite-{user}"


def _is_private(folder: Path) -> bool:
    """Tell whether nobody else can put machine code there."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


@cache
def _key() -> str:
    """Name everything that machine code depends on: the sources, the compiler, the processor."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(source.read_bytes())
    processor = llvm.get_host_cpu_name() + llvm.get_host_cpu_features().flatten()
    digest.update(f"{version('numba')} {version('llvmlite')} {processor}".encode())
    return digest.hexdigest()[:20]
