"""Signatures of functions, and of classes with the bases that they pass arguments to."""

import inspect


def signature(thing):
    """Describe the arguments, in order: ``{name: {"positional": bool, "default": value}}``."""
    if not inspect.isclass(thing):
        return _arguments(thing)
    result = {}
    inherited = False
    for base in thing.__mro__:
        if "__init__" not in vars(base):
            continue
        for name, about in _arguments(base.__init__).items():
            # What a class hands on to its base it was given by name.
            result.setdefault(name, {**about, "positional": about["positional"] and not inherited})
        if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(base.__init__).parameters.values()):
            break
        inherited = True
    return result


def _arguments(function):
    result = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self" or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        result[name] = {"positional": parameter.kind is not parameter.KEYWORD_ONLY}
        if parameter.default is not parameter.empty:
            plain = isinstance(parameter.default, (str, int, float, bool, type(None)))
            result[name]["default"] = parameter.default if plain else repr(parameter.default)
    return result
