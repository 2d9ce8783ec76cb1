"""Machine code is cached, reused, validated before use, and private to the user."""

import math
import os
import shutil
import subprocess
import sys
import threading
import types
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite.engine.codegen import host, native, object_files
from nnlite.layers import Dense, Input
from nnlite.models import Sequential

ROOT = Path(nnlite.__file__).parents[1]

# Run some kernels on numbers; print the results and whether Numba was imported.
KERNELS = """
import os, sys, tempfile
if "NO_TEMPORARY" in os.environ:
    tempfile.tempdir = os.environ["NO_TEMPORARY"]
import numpy as np
from nnlite.engine.codegen import host, native, object_files
a, b = np.arange(5.0), np.full(5, 10.0)
for name, fields in [("clear", [a.ctypes.data, 2]), ("accumulate", [b.ctypes.data, a.ctypes.data, 4])]:
    op, state = np.array([*fields, 0, 0], np.int64), np.zeros(16, np.int64)
    kernel = native.native_function("data." + name, np.dtype("float64"))
    native.call(kernel, op.ctypes.data, state.ctypes.data)
print(a.tolist(), "compiled" if "numba" in sys.modules else "loaded", native.cache_folder(), sep="|")
"""
LOADS_ALONE = sys.platform == "linux" and os.uname().machine == "x86_64"
RESULT = "[10.0, 10.0, 12.0, 13.0, 4.0]"


def start(script, **environment):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **{name: str(value) for name, value in environment.items()}}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def finish(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert not errors
    return output.strip().split("|")


def run(script=KERNELS, **environment):
    return finish(start(script, **environment))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Return a cache folder that holds the two kernels."""
    folder = tmp_path_factory.mktemp("cache")
    assert run(NNLITE_CACHE_DIR=folder)[:2] == [RESULT, "compiled"]
    return folder


def the_file(folder, kernel="data.clear"):
    (path,) = folder.glob(f"*/{kernel}-float64")
    return path


def test_cached_machine_code_is_loaded_without_numba(filled):
    before = {path: path.read_bytes() for path in filled.glob("*/*")}
    assert len(before) == 2
    assert run(NNLITE_CACHE_DIR=filled)[:2] == [RESULT, "loaded"]
    assert {path: path.read_bytes() for path in filled.glob("*/*")} == before


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "cut off": lambda content: content[: len(content) // 2],
    "short of a byte": lambda content: content[:-1],
    "too long": lambda content: content + b"\0",
    "empty": lambda content: b"",
    "a bit flipped": flip,
    "the checksum flipped": lambda content: content[:20] + bytes([content[20] ^ 255]) + content[21:],
    "foreign": lambda content: b"\x7fELF" + bytes(range(256)) * 20,
    "nothing but the first line": lambda content: content.split(b"\n")[0] + b"\n",
    "of another format": lambda content: content.replace(b"kernel 2", b"kernel 0", 1),
}


@pytest.fixture
def copied(filled, tmp_path, monkeypatch):
    """Return a copy of the folder, which the module uses as in a new process."""
    folder = tmp_path / "cache"
    shutil.copytree(filled, folder)
    monkeypatch.setenv("NNLITE_CACHE_DIR", str(folder))
    forget(monkeypatch)
    return folder


def forget(monkeypatch):
    """Clear the module's loaded kernels."""
    for name in ("_load", "_engine", "_target_machine", "cache_folder"):
        monkeypatch.setattr(native, name, cache(getattr(native, name).__wrapped__))
    monkeypatch.setattr(native, "_loaded", {})


def clears(monkeypatch):
    """Load and run a kernel; return whether it was compiled."""
    forget(monkeypatch)
    compiled = []
    compile_kernel = native._compile
    with monkeypatch.context() as patch:
        patch.setattr(native, "_compile", lambda *kernel: compiled.append(kernel) or compile_kernel(*kernel))
        function = native.native_function("data.clear", np.dtype("float64"))
    a, state = np.arange(5.0), np.zeros(16, np.int64)
    op = np.array([a.ctypes.data, 3, 0, 0], np.int64)
    native.call(function, op.ctypes.data, state.ctypes.data)
    assert a.tolist() == [0, 0, 0, 3, 4]
    return bool(compiled)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_compiled_again_and_replaced(copied, monkeypatch, damage):
    assert not clears(monkeypatch)
    path = the_file(copied)
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    assert path.read_bytes() != whole
    assert clears(monkeypatch)
    assert not clears(monkeypatch)


def test_a_folder_with_the_name_of_a_cache_file(copied, monkeypatch):
    path = the_file(copied)
    path.unlink()
    path.mkdir()
    assert clears(monkeypatch)
    assert len(list(path.parent.iterdir())) == 2, "what could not be put in place is left behind"


def test_a_full_disk_only_disables_the_cache(copied, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    the_file(copied).unlink()
    monkeypatch.setattr(native, "atomic_write", full)
    assert clears(monkeypatch)
    assert clears(monkeypatch)


def test_without_a_writable_folder_every_process_compiles(tmp_path):
    file = tmp_path / "file"
    file.write_text("A file, and so no folder.")
    nowhere = dict.fromkeys(("NNLITE_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), file / "x")
    result = run(**nowhere, NO_TEMPORARY=file / "x")
    assert result == [RESULT, "compiled", "None"]
    assert file.read_text() == "A file, and so no folder."


def test_four_processes_fill_an_empty_cache_concurrently(tmp_path):
    processes = [start(KERNELS, NNLITE_CACHE_DIR=tmp_path / "new") for _ in range(4)]
    results = [finish(process) for process in processes]
    assert {result[0] for result in results} == {RESULT}
    assert len(list((tmp_path / "new").glob("*/*"))) == 2, "unfinished files are left behind"
    assert run(NNLITE_CACHE_DIR=tmp_path / "new")[:2] == [RESULT, "loaded"]


def test_cache_files_are_private(filled):
    if hasattr(os, "getuid"):
        for folder in filled.glob("*"):
            assert folder.stat().st_mode & 0o077 == 0


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Use new folders as the configured one and the user's, and clear the module's state."""
    chosen, users = tmp_path / "chosen", tmp_path / "users"
    chosen.mkdir(mode=0o700)
    users.mkdir(mode=0o700)
    monkeypatch.setenv("NNLITE_CACHE_DIR", str(chosen))
    monkeypatch.setenv("XDG_CACHE_HOME", str(users))
    return chosen, users


def cache_folder():
    return native.cache_folder.__wrapped__()


def test_the_configured_folder_comes_first(places):
    assert cache_folder().parent == places[0]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG_CACHE_HOME is not looked at on this system")
class TestFoldersThatAreNotUsed:
    @pytest.mark.parametrize("mode", [0o777, 0o770, 0o722, 0o1777])
    def test_a_folder_that_others_can_write_to(self, places, mode):
        places[0].chmod(mode)
        assert cache_folder().parent == places[1] / "nnlite"

    def test_a_folder_inside_of_one_that_others_can_write_to(self, places):
        cache_folder().chmod(0o777)
        assert cache_folder().parent == places[1] / "nnlite"

    def test_a_folder_of_another_user(self, places, monkeypatch):
        stat = Path.stat
        someone = os.getuid() + 1

        def owned(path, **settings):
            status = list(stat(path, **settings))
            if places[0] in (path, *path.parents):
                status[4] = someone
            return os.stat_result(status)

        monkeypatch.setattr(Path, "stat", owned)
        assert cache_folder().parent == places[1] / "nnlite"

    def test_a_read_only_folder(self, places, monkeypatch):
        access = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: places[0] not in Path(path).parents and access(path, mode))
        assert cache_folder().parent == places[1] / "nnlite"

    def test_a_file_instead_of_a_folder(self, places):
        places[0].rmdir()
        places[0].write_text("")
        assert cache_folder().parent == places[1] / "nnlite"


# -- loading without LLVM, and with it ------------------------------------------------------------


@pytest.mark.skipif(not LOADS_ALONE, reason="LLVM loads object files on this system")
class TestObjectFiles:
    def test_what_is_not_known_is_left_to_llvm(self, copied, monkeypatch):
        def refuse(*_):
            raise object_files.NotSupported("a test")

        monkeypatch.setattr(native, "load", refuse)
        assert not clears(monkeypatch)

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_damaged_object_is_not_supported(self, filled, damage):
        content = the_file(filled).read_bytes()
        symbol, _, code = content[len(native._MAGIC) + 32 :].partition(b"\n")
        damaged = {
            "a bit flipped": code[:18] + b"\x28" + code[19:],
            "the checksum flipped": code[:4] + b"\1" + code[5:],
            "too long": code[:16] + b"\2" + code[17:],
            "of another format": code[:5] + b"\2" + code[6:],
            "short of a byte": code[:-1],
        }.get(damage) or DAMAGE[damage](code)
        with pytest.raises(object_files.NotSupported):
            object_files.load(damaged, symbol.decode(), ())

    def test_of_all_functions_it_takes_those_that_are_allowed(self):
        native.kernel_address("dense_chain.run", np.dtype(np.float32))
        symbol, code = native._read("dense_chain.run", "float32")
        assert b"memset" in code
        assert object_files.load(code, symbol, {"memset", "memcpy"})
        with pytest.raises(object_files.NotSupported, match="relocation"):
            object_files.load(code, symbol, ())
        with pytest.raises(object_files.NotSupported, match="no function"):
            object_files.load(code, "another", {"memset", "memcpy"})


@pytest.mark.skipif(sys.platform != "linux", reason="the host is not remembered on this system")
class TestHost:
    def test_it_is_remembered_and_found_again(self, tmp_path, monkeypatch):
        monkeypatch.setattr(host, "candidates", lambda: iter([tmp_path]))
        tmp_path.chmod(0o700)
        assert host._recall() is None
        host.remember(tmp_path)
        assert host._recall() == host._find()

    @pytest.mark.parametrize("change", [str.upper, lambda text: text[:-2] + "\n", lambda text: "", lambda text: "a b"])
    def test_what_is_damaged_is_not_believed(self, tmp_path, monkeypatch, change):
        monkeypatch.setattr(host, "candidates", lambda: iter([tmp_path]))
        tmp_path.chmod(0o700)
        host.remember(tmp_path)
        (path,) = tmp_path.iterdir()
        path.write_text(change(path.read_text()))
        assert host._recall() is None

    def test_a_folder_that_others_can_write_to_is_not_believed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(host, "candidates", lambda: iter([tmp_path]))
        host.remember(tmp_path)
        tmp_path.chmod(0o777)
        assert host._recall() is None

    def test_a_change_of_a_source_is_noticed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(host, "_ENGINE", tmp_path)
        (tmp_path / "one.py").write_text("a")
        keys = {host._key.__wrapped__()}
        (tmp_path / "one.py").write_text("b")
        keys.add(host._key.__wrapped__())
        (tmp_path / "two.py").write_text("")
        assert len(keys | {host._key.__wrapped__()}) == 3


# -- kernels that call a library -------------------------------------------------------------------


def calls_a_function_of_the_library(op, state, zero):
    op[0] = int(math.atan2(op[0], op[1]))


def calls_one_that_llvm_has_a_name_for(op, state, zero):
    op[0] = int(math.exp(op[1]))


def allocates(op, state, zero):
    op[0] = np.zeros(op[1]).size


@pytest.mark.parametrize("kernel", [calls_a_function_of_the_library, calls_one_that_llvm_has_a_name_for, allocates])
def test_a_kernel_that_needs_a_library_raises(kernel, monkeypatch, tmp_path):
    module = types.ModuleType("nnlite.engine.kernels.refused")
    setattr(module, kernel.__name__, kernel)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(RuntimeError, match=f"kernel 'refused.{kernel.__name__}' calls .*does not exist without Numba"):
        native.kernel_address(f"refused.{kernel.__name__}", np.dtype("float64"))


# -- imports ---------------------------------------------------------------------------------------

LOADED = "print(*sorted({'numba', 'llvmlite', 'matplotlib', 'scipy'} & set(sys.modules)), sep='|')"

FIT = """
import sys
import threading
import numpy as np
from nnlite.layers import Dense, Input
from nnlite.models import Sequential
model = Sequential([Input((3,)), Dense(2, activation="relu"), Dense(1)])
model.compile("adam", "mse")
x = np.ones((40, 3))
assert model.fit(x, x[:, :1], validation_split=0.2, backend="numba", verbose=0).backend == "numba"
"""


@pytest.mark.parametrize("package", ["nnlite", "nnlite.backends", "nnlite.models", "anomaly"])
def test_an_import_loads_numpy_alone(package):
    assert run(f"import sys, {package}; {LOADED}") == [""]


def test_training_in_a_fresh_process_does_not_import_numba():
    # In this process first, so that all kernels are cached.
    model = Sequential([Input((3,)), Dense(2, activation="relu"), Dense(1)])
    model.compile("adam", "mse")
    x = np.ones((40, 3))
    model.fit(x, x[:, :1], validation_split=0.2, backend="numba", verbose=0)
    assert run(FIT + LOADED) == ([""] if LOADS_ALONE else ["llvmlite"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .*is multi-threaded")
def test_a_fork_waits_for_the_kernel_that_another_thread_compiles():
    held, release = threading.Event(), threading.Timer(0.1, lambda: done.set())
    done = threading.Event()

    def compile_slowly():
        with native._lock:
            held.set()
            done.wait(30)

    compiler = threading.Thread(target=compile_slowly)
    compiler.start()
    assert held.wait(30)
    release.start()
    child = os.fork()
    if not child:
        os._exit(0 if native._lock.acquire(timeout=5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    compiler.join()
    assert native._lock.acquire(blocking=False)
    native._lock.release()
