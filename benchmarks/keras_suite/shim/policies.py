"""What tests take from `keras.src.dtype_policies`: the one policy that there is, a dtype of floats."""

from __future__ import annotations

from typing import Any

from benchmarks.keras_suite.shim.absent import NotApplicable


class DTypePolicy:
    """One dtype for weights and results."""

    def __init__(self, name: str = "float32") -> None:
        if name not in ("float32", "float64"):
            raise NotApplicable(f"dtypes other than float32 and float64: {name}")
        self.name = self.compute_dtype = self.variable_dtype = name


class dtype_policy:
    """The policy of new layers."""

    @staticmethod
    def dtype_policy() -> DTypePolicy:
        """Return it."""
        return DTypePolicy()

    @staticmethod
    def set_dtype_policy(policy: Any) -> None:
        """Raise unless it is the policy that there is."""
        DTypePolicy(getattr(policy, "name", policy))


get = DTypePolicy


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)

    def refuse(*_: Any, **__: Any) -> None:
        raise NotApplicable("dtypes other than float32 and float64")

    return refuse
