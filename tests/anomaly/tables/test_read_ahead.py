"""Reading ahead in a thread."""

import threading

import pytest

from anomaly.tables.read_ahead import read_ahead


def broken():
    yield 1
    raise ValueError("no more")


def test_an_error_comes_after_the_values_before_it():
    values = read_ahead(broken())
    assert next(values) == 1
    with pytest.raises(ValueError, match="no more"):
        next(values)


def test_the_thread_ends_with_its_reader():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    values = read_ahead(endless())
    assert next(values) == 0
    values.close()
    assert closed.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "read ahead"]
