"""Rows by several threads: all of them, in order, and never by threads of threads."""

import threading

import numpy as np
import pytest

from nnlite.row_threads import LEAST_ROWS, map_rows


def yes():
    return True


@pytest.fixture
def three_threads(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")


@pytest.mark.parametrize("rows", [0, 1, 2 * LEAST_ROWS - 1, 2 * LEAST_ROWS, 2 * LEAST_ROWS + 1, 20 * LEAST_ROWS + 7])
def test_all_rows_in_order(three_threads, rows):
    x = np.arange(float(rows))
    parts = map_rows(np.negative, x, yes)
    np.testing.assert_array_equal(np.concatenate(parts), -x)
    assert min(map(len, parts)) >= min(rows, LEAST_ROWS) - len(parts)


def test_other_threads_than_the_callers_do_the_work(three_threads):
    found = []
    map_rows(lambda x: found.append(threading.get_ident()) or x, np.zeros(6 * LEAST_ROWS), yes)
    assert len(found) == 6
    assert threading.get_ident() not in found


def test_a_caller_in_another_thread_does_the_work(three_threads):
    found = []
    work = lambda x: found.append(threading.get_ident()) or x  # noqa: E731
    thread = threading.Thread(target=map_rows, args=(work, np.zeros(6 * LEAST_ROWS), yes))
    thread.start()
    thread.join()
    assert found == [thread.ident]


def test_numpy_alone_takes_all_rows_at_once(three_threads):
    assert len(map_rows(np.negative, np.zeros(6 * LEAST_ROWS), lambda: False)) == 1


def test_the_error_of_a_part_is_that_of_the_call(three_threads):
    def fail(x):
        raise ValueError(f"row {x[0]:.0f}")

    with pytest.raises(ValueError, match="row 0"):
        map_rows(fail, np.arange(6.0 * LEAST_ROWS), yes)
