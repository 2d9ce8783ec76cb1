"""The estimator contract of scikit-learn, followed without importing it: parameters, transformers and their outputs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar, TypeVar

import numpy as np

from anomaly.errors import not_fitted
from anomaly.tables import Table
from anomaly.tables.series import is_collection
from nnlite.suggestions import did_you_mean
from nnlite.types import Array
from nnlite.validation import check_value, choice

C = TypeVar("C", bound="OutputChoice")
P = TypeVar("P", bound="Parameters")
T = TypeVar("T", bound="Transformer")

_OUTPUTS = choice("default", "pandas", "polars", None)
_RESULTS = {
    "decision_function": "score",
    "score_samples": "score",
    "predict": "is_anomaly",
    "fit_predict": "is_anomaly",
    "p_values": "p_value",
    "predict_confidence": "confidence",
    "predict_proba": "probability",
    "explain": "contribution",
}
_CLASSES = ["normal", "anomaly"]

# Within a public call, detectors compute with arrays.
_is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)


class Parameters:
    """An object whose constructor only stores its arguments, under their names."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "args", "kwargs")]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self: P, **params: Any) -> P:
        """Change constructor arguments, which take effect with the next `fit`.

        Raises
        ------
        ValueError
            If there is no argument of that name.
        """
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                meant = did_you_mean(name, known)
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}{meant}")
            setattr(self, name, value)
        return self

    def _choose_output(self, transform: str | None) -> None:
        check_value("transform", transform, _OUTPUTS)
        if transform is not None:
            # The name and the form are scikit-learn's, whose clone copies the attribute.
            self._sklearn_output_config = {"transform": transform}

    @property
    def _chosen_output(self) -> str | None:
        return getattr(self, "_sklearn_output_config", {}).get("transform")

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params(deep=False).items()
            if not _equals_default(value, parameters[name].default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


class Transformer(Parameters):
    """Base of what converts tables to matrices: `fit` and `transform` are the subclass's, the rest is here.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the training rows.
    feature_names_in_ : ndarray of object of shape (n_features_in_,)
        Names of these columns, if they had any.
    """

    n_features_in_: int
    feature_names_in_: Array
    _reads_text: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("transform", "fit_transform"):
            if name in vars(cls):
                setattr(cls, name, _with_container(vars(cls)[name]))

    def fit_transform(self: T, X: Any, y: Any = None) -> Any:
        """Fit on training rows, and return their features."""
        return self.fit(X, y).transform(X)  # type: ignore[attr-defined]

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns of `transform`'s result.

        Parameters
        ----------
        input_features : array_like of str, optional
            Names of the columns of the training rows; by default those that they had, or ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of object of shape (n_features_out,)

        Raises
        ------
        ValueError
            If they are not the names of the training rows, or not as many.
        """
        self._check_fitted()
        own = getattr(self, "feature_names_in_", None)
        if input_features is None:
            numbered = np.array([f"x{i}" for i in range(self.n_features_in_)], object)
            return self._names_out(numbered if own is None else own)
        names = np.asarray(input_features, object)
        if own is not None and not np.array_equal(names, own):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(names) != self.n_features_in_:
            raise ValueError(
                f"input_features should have length equal to number of features ({self.n_features_in_}); "
                f"found {len(names)}"
            )
        return self._names_out(names)

    def _names_out(self, names: Array) -> Array:
        """Return the names of the result for names of the columns: one for each, unless a subclass says otherwise."""
        return names.copy()

    def set_output(self: T, *, transform: str | None = None) -> T:
        """Choose what `transform` and `fit_transform` return.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            "default": an array; else a data frame of that package, which must be installed. None changes nothing.
        """
        self._choose_output(transform)
        return self

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise not_fitted(f"this {type(self).__name__} has not been fitted; call fit with training rows first")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn calls this method, so it is installed.
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[] if self._reads_text else ["float64"]),
            input_tags=InputTags(allow_nan=True, string=self._reads_text, categorical=self._reads_text),
        )


class OutputChoice(Parameters):
    """An object whose kind of results can be chosen."""

    def set_output(self: C, *, transform: str | None = None) -> C:
        """Choose what scores, labels and probabilities come back as.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            "default": arrays. "pandas": a `Series` named ``score``, ``is_anomaly``, ``p_value`` or ``confidence``, with
            the index of the data frame that was scored; of probabilities a `DataFrame` with the columns ``normal`` and
            ``anomaly``, of `explain` one with the columns of the data (an array for images). "polars": the same of
            Polars, without an index. The package must be installed. None changes nothing. A `Table` of this package
            always gives arrays.

        Returns
        -------
        object
            Itself.

        Examples
        --------
        >>> import pandas as pd
        >>> from anomaly import TableDetector
        >>> columns = {"load": [50.0, 52.0, 49.0, 51.0] * 20, "speed": [10.0, 12.0, 9.0, 11.0] * 20}
        >>> frame = pd.DataFrame(columns, index=range(100, 180))
        >>> detector = TableDetector(hidden=(4,), epochs=1, random_state=0).set_output(transform="pandas").fit(frame)
        >>> labels = detector.predict(frame[:3])
        >>> labels.name, labels.index.tolist()
        ('is_anomaly', [100, 101, 102])
        """
        self._choose_output(transform)
        return self


def give_series(cls: type[OutputChoice]) -> None:
    """Let the scoring methods of a class return what was chosen."""
    for name in _RESULTS:
        method = getattr(cls, name, None)
        if not (method is None or hasattr(method, "gives_series") or getattr(method, "__isabstractmethod__", False)):
            setattr(cls, name, _with_series(method, _RESULTS[name]))


def _with_series(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(method)
    def scored(self: OutputChoice, X: Any, *args: Any, **kwargs: Any) -> Any:
        kind = self._chosen_output
        if kind in (None, "default") or isinstance(X, Table) or _is_inside.get():
            return method(self, X, *args, **kwargs)
        token = _is_inside.set(True)
        try:
            result = method(self, X, *args, **kwargs)
        finally:
            _is_inside.reset(token)
        columns = _CLASSES if name == "probability" else list(getattr(self, "feature_names_in_", []))
        if isinstance(result, list) and is_collection(X):
            return [_series(str(kind), name, part, one, columns) for part, one in zip(result, X, strict=True)]
        return _series(str(kind), name, result, X, columns)

    scored.gives_series = True  # type: ignore[attr-defined]
    return scored


def _series(kind: str, name: str, result: Any, data: Any, columns: list[str]) -> Any:
    """Return values as a series, or as a frame of several columns."""
    values: Array = np.asarray(result)
    if values.ndim > 2:
        return result
    if kind == "polars":
        import polars

        if values.ndim > 1:
            return polars.DataFrame(values, schema=columns, orient="row")
        return polars.Series(name, values)
    import pandas

    index = data.index if isinstance(data, pandas.DataFrame | pandas.Series) else None
    if values.ndim > 1:
        return pandas.DataFrame(values, columns=columns, index=index)
    return pandas.Series(values, index=index, name=name)


def _with_container(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method whose result is a data frame, if that was asked for."""

    @wraps(method)
    def contained(self: Transformer, X: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, X, *args, **kwargs)
        kind = self._chosen_output or _global_output()
        return _frame(kind, self, X, result) if kind != "default" and isinstance(result, np.ndarray) else result

    return contained


def _global_output() -> str:
    """Return the kind of output that scikit-learn is configured for, if it is imported."""
    sklearn = sys.modules.get("sklearn")
    return "default" if sklearn is None else str(sklearn.get_config().get("transform_output", "default"))


def _frame(kind: str, transformer: Transformer, X: Any, result: Array) -> Any:
    names = transformer.get_feature_names_out().tolist()
    if kind == "polars":
        import polars

        return polars.DataFrame(result, schema=names, orient="row")
    import pandas

    return pandas.DataFrame(result, columns=names, index=X.index if isinstance(X, pandas.DataFrame) else None)


def _equals_default(value: Any, default: Any) -> bool:
    """Compare an argument, which may be an array, with its default."""
    try:
        return value is default or bool(value == default)
    except ValueError:
        return False
