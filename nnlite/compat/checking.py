"""What a program for Keras uses that is not supported, found in its text before anything runs."""

from __future__ import annotations

import ast
import inspect
from typing import Any, NamedTuple

from nnlite.compat.importing import find

_STEPS = {
    "train_step": "a model trains by its loss; see docs/coming-from-keras.md",
    "test_step": "a model is evaluated by its loss; see docs/coming-from-keras.md",
}
_METHODS = {
    "fit_generator": "fit takes generators",
    "evaluate_generator": "evaluate takes generators",
    "predict_generator": "predict takes generators",
    "predict_classes": "take the argmax of predict",
    "predict_proba": "predict returns the probabilities",
}


# Values of arguments that layers refuse.
_VALUES = {
    ("stateful", True): "layers keep no state between calls; return_state=True gives it",
    ("zero_output_for_mask", True): "outputs at masked steps repeat the last valid one",
    ("dtype", "string"): "models take numbers; apply StringLookup or TextVectorization to the data before fit",
    ("ragged", True): "series are padded; see Masking",
}


class Finding(NamedTuple):
    """A line of a program that is not supported.

    Attributes
    ----------
    file : str
        Name of the file.
    line : int
        Number of the line, from 1.
    what : str
        What is not supported, and what to do where that is known.
    """

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def check_source(source: str, file: str = "program") -> list[Finding]:
    """Return the lines of a program that need what is not supported.

    Names of Keras and TensorFlow are looked up, and the names of arguments of calls. What tensors a program computes
    with is known only when it runs.

    Parameters
    ----------
    source : str
        Text of the program.
    file : str
        Its name.

    Raises
    ------
    SyntaxError
        If the text is no program.

    Examples
    --------
    >>> check_source("from keras.layers import Dense, Conv9D")[0].what
    'keras.layers.Conv9D is not supported'
    """
    visitor = _Visitor(file)
    visitor.visit(ast.parse(source, file))
    unique = {(one.line, one.what): one for one in visitor.findings}
    return sorted(unique.values(), key=lambda one: one.line)


class _Visitor(ast.NodeVisitor):
    """Follows the names that imports bind, and looks up what is taken from them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.names: dict[str, str] = {}
        self.findings: list[Finding] = []

    def _report(self, node: ast.AST, what: str) -> None:
        self.findings.append(Finding(self.file, getattr(node, "lineno", 0), what))

    def _lookup(self, node: ast.AST, dotted: str) -> Any:
        if dotted == "tensorflow.GradientTape":
            self._report(node, "tensorflow.GradientTape is not supported: no derivative is computed automatically")
            return None
        try:
            return find(dotted)
        except (ImportError, AttributeError) as error:
            reason = str(error.__cause__ or "")
            known = reason.partition("no counterpart: ")[2] or reason.partition("not supported: ")[2]
            self._report(node, f"{dotted} is not supported" + (f": {known}" if known else ""))
            return None

    def visit_Import(self, node: ast.Import) -> None:
        for one in node.names:
            if one.name.partition(".")[0] in ("keras", "tensorflow"):
                self._lookup(node, one.name)
                self.names[one.asname or one.name.partition(".")[0]] = (
                    one.name if one.asname else one.name.partition(".")[0]
                )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or (node.module or "").partition(".")[0] not in ("keras", "tensorflow"):
            return
        for one in node.names:
            if one.name == "*":
                module = self._lookup(node, str(node.module))
                self.names.update({name: f"{node.module}.{name}" for name in getattr(module, "__all__", ())})
            else:
                dotted = f"{node.module}.{one.name}"
                self._lookup(node, dotted)
                self.names[one.asname or one.name] = dotted

    def visit_Attribute(self, node: ast.Attribute) -> None:
        dotted = self._dotted(node)
        if dotted is None:
            self.generic_visit(node)
        else:
            self._lookup(node, dotted)

    def visit_Call(self, node: ast.Call) -> None:
        dotted = self._dotted(node.func)
        if dotted is not None:
            self._check_arguments(node, dotted)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            self._report(node, f".{node.func.attr}() is not supported: {_METHODS[node.func.attr]}")
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        from_keras = any(self._dotted(base) for base in node.bases)
        for part in node.body:
            if from_keras and isinstance(part, ast.FunctionDef) and part.name in _STEPS:
                self._report(part, f"{part.name} is not supported: {_STEPS[part.name]}")
        self.generic_visit(node)

    def _dotted(self, node: ast.AST) -> str | None:
        """Return the name of Keras or TensorFlow that an expression stands for, or None."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            inner = self._dotted(node.value)
            return None if inner is None else f"{inner}.{node.attr}"
        return None

    def _check_arguments(self, node: ast.Call, dotted: str) -> None:
        try:
            called = find(dotted)
            accepted = _arguments_of(called)
        except (ImportError, AttributeError, TypeError, ValueError):
            return
        for one in node.keywords:
            if one.arg is not None and accepted is not None and one.arg not in accepted:
                self._report(node, f"{dotted} takes no argument {one.arg!r}")
            value = one.value.value if isinstance(one.value, ast.Constant) else None
            known = _VALUES.get((str(one.arg), value)) if isinstance(value, (str, bool)) else None
            if known is not None and dotted.partition(".")[0] in ("keras", "tensorflow"):
                self._report(node, f"{dotted}({one.arg}={value!r}) is not supported: {known}")


def _arguments_of(called: Any) -> set[str] | None:
    """Return the names of a function's or a class's arguments, or None if it takes any."""
    names: set[str] = set()
    kinds = called.__mro__ if isinstance(called, type) else (called,)
    for kind in kinds:
        function = kind.__dict__.get("__init__") if isinstance(called, type) else kind
        if function is None:
            continue
        parameters = inspect.signature(function).parameters
        names |= set(parameters)
        if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters.values()):
            # Whatever is given is taken, without effect.
            return None
        if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
            return names
    return None
