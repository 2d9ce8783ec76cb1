"""Regular expressions that are compiled on first use."""

import re

import pytest

from anomaly.tables import patterns
from anomaly.tables.patterns import DelayedPattern


def test_it_finds_what_the_compiled_expression_finds():
    delayed, compiled = DelayedPattern(r"[a-z]+\d", re.IGNORECASE), re.compile(r"[a-z]+\d", re.IGNORECASE)
    for text in ("Ab1", "ab", " Ab1 ", ""):
        assert (delayed.fullmatch(text) is None) == (compiled.fullmatch(text) is None)
        assert (delayed.match(text) is None) == (compiled.match(text) is None)
        assert (delayed.search(text) is None) == (compiled.search(text) is None)


def test_it_is_compiled_once_and_not_before(monkeypatch):
    compiled = []
    monkeypatch.setattr(patterns.re, "compile", lambda *arguments: compiled.append(arguments) or re.Pattern)
    delayed = DelayedPattern("a")
    assert compiled == []
    assert delayed.fullmatch is delayed.fullmatch
    assert compiled == [("a", 0)]


def test_another_name_is_an_error_that_says_what_there_is():
    with pytest.raises(AttributeError, match="it has finditer, fullmatch, match, search"):
        _ = DelayedPattern("a").findall
