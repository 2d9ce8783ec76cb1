"""What machine code depends on: the engine's sources, the compiler and the processor.

To read all sources, and to ask LLVM for the processor, takes longer than to load the machine code of a training. So
what is found is kept in a file of the cache folder. The file's name is a hash of what changes with the sources, the
compiler or the processor and is known in a millisecond: sizes and times of change of the files (the system's own times,
which no program can set), and the description of the processor. That is known on Linux; elsewhere all is found anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from nnlite.files import atomic_write

_ENGINE = Path(__file__).parent.parent
_PROCESSORS = Path("/proc/cpuinfo")
_MOST_BYTES = 8192
_MAGIC = "nnlite host 1"


class Host(NamedTuple):
    """The processor, the compiler and the version of the engine.

    Attributes
    ----------
    fingerprint : str
        Hash of all that machine code depends on.
    vector_bytes : int
        Bytes of a vector register.
    many_registers : bool
        Whether there are 32 vector registers, not 16.
    """

    fingerprint: str
    vector_bytes: int
    many_registers: bool


def _origins() -> list[str]:
    """Return the files of the compiler's packages; ImportError if there are none."""
    origins = []
    for package in ("llvmlite", "numba"):
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ImportError(f"No module named {package!r}", name=package)
        origins.append(spec.origin)
    return origins


_ORIGINS = _origins()
_CHOICES = tuple(
    f"NUMBA_{name}"
    for name in (
        *("CPU_NAME", "CPU_FEATURES", "ENABLE_AVX", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK"),
        *("DEBUGINFO", "DISABLE_INTEL_SVML", "ENABLE_PROFILING"),
    )
)
"""Variables of the environment that decide on what code Numba makes."""


def chosen_processor() -> str:
    """Return what the environment tells Numba of how to compile, perhaps for another processor than this one."""
    return " ".join(f"{name}={os.environ[name]}" for name in _CHOICES if name in os.environ)


def candidates() -> Iterator[Path]:
    """Yield the folders that may hold the cache, the first choice first."""
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
    # The last resort; its import takes some milliseconds.
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir()) / f"nnlite-{user}"


def is_private(folder: Path) -> bool:
    """Tell whether no other user can write to the folder."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


@cache
def host() -> Host:
    """Return what the cache knows of this host, or find it."""
    return _recall() or _find()


def remember(folder: Path) -> None:
    """Keep what is known of this host in a private folder, unless it is there."""
    key = _key()
    if key is None or (folder / key).exists():
        return
    try:
        with atomic_write(folder / key) as file:
            file.write(_as_text(host()).encode())
        (folder / key).chmod(0o600)
    except OSError:
        # The next process takes longer to start, and no harm is done.
        return


def _as_text(found: Host) -> str:
    line = f"{_MAGIC} {found.fingerprint} {found.vector_bytes} {int(found.many_registers)}"
    return f"{line} {hashlib.sha256(line.encode()).hexdigest()}\n"


def _recall() -> Host | None:
    key = _key()
    if key is None:
        return None
    for folder in candidates():
        try:
            if not is_private(folder):
                continue
            text = (folder / key).read_text("ascii")
            *_, fingerprint, vector_bytes, many, _ = text.split(" ")
            found = Host(fingerprint, int(vector_bytes), many == "1")
        except (OSError, ValueError):
            continue
        if text == _as_text(found):
            return found
    return None


def _find() -> Host:
    """Read all sources, and ask LLVM for the processor."""
    from importlib.metadata import version

    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    used = _used(features)
    digest = hashlib.sha256()
    for source in sorted(_ENGINE.rglob("*.py")):
        digest.update(source.read_bytes())
    processor = llvm.get_host_cpu_name() + features.flatten() + chosen_processor()
    digest.update(f"{version('numba')} {version('llvmlite')} {processor}".encode())
    many = "avx512f" in used
    return Host(digest.hexdigest()[:20], 64 if many else 32 if "avx2" in used else 16, many)


def _used(features: Mapping[str, bool]) -> set[str]:
    """Return the features of the processor that Numba compiles for: this one's, or those that the environment names."""
    named = os.environ.get("NUMBA_CPU_FEATURES")
    if named is None and os.environ.get("NUMBA_CPU_NAME", "").lower() == "generic":
        named = ""
    if named is not None:
        return {name.strip()[1:] for name in named.split(",") if name.strip().startswith("+")}
    has_avx = os.environ.get("NUMBA_ENABLE_AVX", "1") != "0"
    return {name for name, has in features.items() if has and (has_avx or not name.startswith("avx"))}


@cache
def _key() -> str | None:
    """Return the name of the file that may know this host; None where that takes as long as to find it."""
    if sys.platform != "linux":
        return None
    digest = hashlib.sha256()
    try:
        with _PROCESSORS.open("rb") as file:
            # The first processor's lines, but for its speed at the moment.
            described = file.read(_MOST_BYTES).partition(b"\n\n")[0].split(b"\n")
        digest.update(chosen_processor().encode())
        digest.update(b"\n".join(line for line in described if not line.startswith((b"cpu MHz", b"bogomips"))))
        for place in [*_ORIGINS, *_sources(str(_ENGINE))]:
            status = os.stat(place)
            digest.update(f"{place} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n".encode())
    except OSError:
        return None
    return f"host-{digest.hexdigest()[:20]}"


def _sources(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir():
                yield from _sources(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path
