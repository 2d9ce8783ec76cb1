import sys
import threading
import time

import pytest

from nnlite.naming import forget_names, unique_name


class Word(str):
    """A name whose hash other threads may interrupt, as they may any line of Python."""

    __slots__ = ()

    def __hash__(self):
        time.sleep(0)
        return super().__hash__()


@pytest.fixture
def hasty_threads():
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_names_count_from_the_first_one():
    forget_names()
    assert [unique_name("dense") for _ in range(3)] == ["dense", "dense_1", "dense_2"]


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_build_models_at_once_get_different_names():
    for turn in range(5):
        names, barrier = [], threading.Barrier(8)

        def build(turn=turn, names=names, barrier=barrier):
            barrier.wait()
            names += [unique_name(Word(f"new{turn}")) for _ in range(40)]

        threads = [threading.Thread(target=build) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(names) == len(set(names)) == 320
