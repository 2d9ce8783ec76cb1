"""Parameters that are whole detectors or raw options, and reads of other objects' private members."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from benchmarks.house.sources import Function, Source

_WHOLE = re.compile(r"\b(\w*Detector|\w*Preprocessor)\b")
_NAMES = {"detector", "preprocessor"}
_NAMED_TUPLE = {"_replace", "_asdict", "_fields"}
"""Public methods of named tuples, whose names begin with an underscore."""


def takes_whole_object(sources: Mapping[str, Source]) -> list[str]:
    """Return the functions that take a detector or a preprocessor and are no method of such a class."""
    return [
        f"{source.name}.{function.name}"
        for source in sources.values()
        if source.name.startswith("anomaly")
        for function, owner in source.functions()
        if not (owner and _WHOLE.search(owner.name)) and any(_is_whole(argument) for argument in _arguments(function))
    ]


def takes_namespace(sources: Mapping[str, Source]) -> list[str]:
    """Return the functions that take the parsed options of a command line."""
    return [
        f"{source.name}.{function.name}"
        for source in sources.values()
        for function, _ in source.functions()
        if any(a.annotation and "Namespace" in ast.unparse(a.annotation) for a in _arguments(function))
    ]


def reads_private_members(sources: Mapping[str, Source]) -> list[str]:
    """Return the places where a private member of another object is read or set."""
    return [
        f"{source.path.name}:{node.lineno} {ast.unparse(node)}"
        for source in sources.values()
        for node in _private(source)
    ]


def _private(source: Source) -> Iterator[ast.Attribute]:
    own = set(_own_members(source))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and (node.attr in own or node.attr in _NAMED_TUPLE):
            continue
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
            continue
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in ("self", "cls"):
            continue
        if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super":
            continue
        yield node


def _own_members(source: Source) -> Iterator[str]:
    """Yield the members that the classes of a module define; other objects of these classes may be read."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef):
                yield inner.name
            elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                if isinstance(inner.value, ast.Name) and inner.value.id in ("self", "cls"):
                    yield inner.attr
            elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                yield inner.target.id


def _arguments(function: Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _is_whole(argument: ast.arg) -> bool:
    if argument.annotation is None:
        return argument.arg in _NAMES
    return bool(_WHOLE.search(ast.unparse(argument.annotation))) and not ast.unparse(argument.annotation).startswith(
        ("type[", "Callable")
    )
