"""Values: objects whose attributes never change."""

import copy
import pickle

import pytest

from nnlite.values import Value


class Pair(Value):
    first: int
    second: int

    def __init__(self, first, second=0):
        if second < 0:
            raise ValueError("below 0")
        self._set(first=first, second=second)


def test_attributes_cannot_be_set():
    pair = Pair(1)
    with pytest.raises(AttributeError, match=r"a Pair never changes: make another one with replaced\(first=\.\.\.\)"):
        pair.first = 2
    assert pair.first == 1


def test_another_one_is_made_by_the_constructor():
    pair = Pair(1, 2)
    other = pair.replaced(second=3)
    assert (other.first, other.second, pair.second) == (1, 3, 2)
    with pytest.raises(ValueError, match="below 0"):
        pair.replaced(second=-1)
    with pytest.raises(TypeError):
        pair.replaced(third=1)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_have_the_same_attributes(copied):
    other = copied(Pair([1], 2))
    assert (other.first, other.second) == ([1], 2)
