import errno
import os
import signal
import subprocess
import sys

import pytest

from nnlite.files import atomic_write

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX devices and links")


def test_a_file_is_replaced_atomically(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_an_error_keeps_the_existing_file(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(TypeError), atomic_write(tmp_path / "a") as file:
        file.writelines([b"new", "not bytes"])
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_keeps_the_existing_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_leaves_no_temporary_file(number, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    script = (
        "import os, sys; from nnlite.files import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file: file.write(b'new'); file.flush(); "
        "os.kill(os.getpid(), int(sys.argv[2]))"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path), str(int(number))], check=False)
    assert ended.returncode == -number
    assert path.read_bytes() == b"old"
    if hasattr(os, "O_TMPFILE"):
        assert os.listdir(tmp_path) == ["a"]


def test_without_nameless_files_one_with_a_name_is_used(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_folders_are_refused_by_name(tmp_path):
    with pytest.raises(OSError, match="is a folder"), atomic_write(tmp_path):
        pass
    with pytest.raises(OSError, match="no folder"), atomic_write(tmp_path / "nowhere" / "a"):
        pass


@posix_only
def test_the_target_of_a_link_is_replaced(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"


@posix_only
def test_a_device_is_written_directly():
    before = os.stat(os.devnull)
    with atomic_write(os.devnull) as file:
        file.write(b"new")
    assert os.stat(os.devnull).st_rdev == before.st_rdev


@posix_only
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_an_os_error():
    with pytest.raises(OSError, match="No space left"), atomic_write("/dev/full") as file:
        file.write(b"new")
