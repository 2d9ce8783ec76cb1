"""The graph of imports.

Imports for type checking count, those inside functions, and those by a name: of ``import_module("package.module")``,
and of ``provide(what="package.module:name")`` by the module that provides it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.house.sources import Source


@dataclass(frozen=True)
class Import:
    """One module that another imports.

    Attributes
    ----------
    importer, imported : str
        Dotted names of modules of the two packages.
    function : str or None
        The function that imports when it is called; None at the top of a module.
    """

    importer: str
    imported: str
    function: str | None


def imports_of(source: Source, sources: Mapping[str, Source]) -> Iterator[Import]:
    """Yield the modules of the packages that a module imports."""
    for node, function in _with_function(source.tree, None):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from package import name` imports a module if the name is one, else something of the package itself.
            targets = [
                full if (full := f"{node.module}.{alias.name}") in sources else node.module for alias in node.names
            ]
        elif isinstance(node, ast.Call):
            targets = list(_named(node))
        else:
            continue
        for target in dict.fromkeys(targets):
            if target in sources and target != source.name:
                yield Import(source.name, target, function)


def _named(call: ast.Call) -> Iterator[str]:
    """Yield the modules that a call imports by their names."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = call.args[:1] if called == "import_module" else [one.value for one in call.keywords if called == "provide"]
    for argument in given:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value.partition(":")[0]


def _with_function(node: ast.AST, function: str | None) -> Iterator[tuple[ast.AST, str | None]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else function
        yield child, inside
        yield from _with_function(child, inside)


def all_imports(sources: Mapping[str, Source]) -> list[Import]:
    """Return every import among the modules of the packages."""
    return [found for source in sources.values() for found in imports_of(source, sources)]


def graph_of(imports: list[Import]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    graph: dict[str, set[str]] = {}
    for found in imports:
        graph.setdefault(found.importer, set()).add(found.imported)
        graph.setdefault(found.imported, set())
    return graph


def reachable(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the modules that each module imports, directly or through others."""
    closure = {}
    for start in graph:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for following in graph.get(todo.pop(), ()):
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        closure[start] = seen
    return closure


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle, the largest first."""
    closure = reachable(graph)
    groups = {
        tuple(sorted({module} | {other for other in closure[module] if module in closure[other]}))
        for module in graph
        if module in closure[module]
    }
    return sorted((list(group) for group in groups), key=len, reverse=True)
