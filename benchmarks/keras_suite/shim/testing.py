# ruff: noqa: PT009, ARG002 - the names and arguments of unittest and Keras
"""The base of Keras's test cases: comparisons of arrays, and the checks that are made of every layer."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from absl.testing import parameterized

import nnlite
from benchmarks.keras_suite.shim import nested
from nnlite.layers import Input
from nnlite.registry import custom_object_scope
from nnlite.utils import clear_session


class OtherWords(AssertionError):
    """What a test expects to be refused is refused, in other words."""


class DifferentNumbers(AssertionError):
    """Arrays of the expected shape have other values."""


REFUSALS = (ValueError, TypeError, NotImplementedError, AttributeError, RuntimeError)


class _Raises:
    """Expects an error, and tells one in other words from none."""

    def __init__(self, case: unittest.TestCase, expected: Any, pattern: Any) -> None:
        self._case, self._expected, self._pattern = case, expected, pattern
        self.exception: BaseException | None = None

    def __enter__(self) -> _Raises:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if kind is None:
            self._case.fail(f"{self._expected} was not raised")
        self.exception = error
        if issubclass(kind, self._expected) and re.search(self._pattern, str(error)):
            return True
        if issubclass(kind, REFUSALS) and not isinstance(error, AssertionError):
            raise OtherWords(f"{kind.__name__}: {error} (expected {self._expected}: {self._pattern})") from error
        return False


class TestCase(parameterized.TestCase):
    """Base of the tests."""

    maxDiff = None

    def setUp(self) -> None:
        """Begin with fresh names."""
        super().setUp()
        clear_session()

    def get_temp_dir(self) -> str:
        """Return a folder that is removed after the test."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def assertRaisesRegex(self, expected_exception: Any, expected_regex: Any, *call: Any, **settings: Any) -> Any:
        """Expect an error; see `_Raises`."""
        expected, pattern = expected_exception, expected_regex
        context = _Raises(self, expected, pattern)
        if not call:
            return context
        with context:
            call[0](*call[1:], **settings)
        return None

    def convert_to_numpy(self, x: Any) -> Any:
        """Return a plain array."""
        return np.asarray(x.numpy() if hasattr(x, "numpy") else x)

    def assertAllClose(
        self, actual: Any, desired: Any, atol: float = 1e-6, rtol: float = 1e-6, msg: Any = None, **_: Any
    ) -> None:
        """Compare arrays within tolerances."""
        actual, desired = self.convert_to_numpy(actual), self.convert_to_numpy(desired)
        try:
            np.testing.assert_allclose(actual, desired, atol=atol, rtol=rtol, err_msg=msg or "")
        except AssertionError as error:
            kind = DifferentNumbers if np.shape(actual) == np.shape(desired) else AssertionError
            raise kind(str(error)) from error

    def assertNotAllClose(self, a: Any, b: Any, atol: float = 1e-6, rtol: float = 1e-6, msg: Any = None) -> None:
        """Expect arrays that differ."""
        if np.allclose(self.convert_to_numpy(a), self.convert_to_numpy(b), atol=atol, rtol=rtol):
            raise AssertionError(msg or "the arrays are close")

    def assertAlmostEqual(self, actual: Any, desired: Any, decimal: int = 3, msg: Any = None, **_: Any) -> None:  # type: ignore[override]
        """Compare arrays to a number of decimals."""
        try:
            np.testing.assert_almost_equal(
                self.convert_to_numpy(actual), self.convert_to_numpy(desired), decimal=decimal, err_msg=msg or ""
            )
        except AssertionError as error:
            raise DifferentNumbers(str(error)) from error

    def assertAllEqual(self, actual: Any, desired: Any, msg: Any = None) -> None:
        """Compare arrays exactly."""
        actual, desired = self.convert_to_numpy(actual), self.convert_to_numpy(desired)
        try:
            np.testing.assert_array_equal(actual, desired, err_msg=msg or "")
        except AssertionError as error:
            kind = DifferentNumbers if np.shape(actual) == np.shape(desired) else AssertionError
            raise kind(str(error)) from error

    def assertLen(self, container: Any, expected_len: int, msg: Any = None) -> None:
        """Compare a length."""
        self.assertEqual(len(container), expected_len, msg)

    def assertSparse(self, x: Any, sparse: bool = True) -> None:
        """Expect no sparse tensor: there are none."""
        self.assertFalse(sparse)

    def assertRagged(self, x: Any, ragged: bool = True) -> None:
        """Expect no ragged tensor: there are none."""
        self.assertFalse(ragged)

    def assertDType(self, x: Any, dtype: Any, msg: Any = None) -> None:
        """Compare a dtype."""
        self.assertEqual(np.dtype(x.dtype).name, np.dtype(dtype).name, msg)

    def assertFileExists(self, path: Any) -> None:
        """Expect a file."""
        self.assertTrue(Path(path).is_file(), f"there is no file {path}")

    def run_class_serialization_test(self, instance: Any, custom_objects: Any = None) -> Any:
        """Make an object from its configuration, which must be the same again, as JSON too."""
        configuration = instance.get_config()
        text = json.dumps(configuration, sort_keys=True, default=str)
        with custom_object_scope(custom_objects or {}):
            again = type(instance).from_config(instance.get_config())
        self.assertEqual(text, json.dumps(again.get_config(), sort_keys=True, default=str))
        self.assertEqual(set(dir(instance)), set(dir(again)))
        return again

    def run_layer_test(self, layer_cls: Any, init_kwargs: Any, **checks: Any) -> None:
        """Check a layer: its configuration, shapes, weights, values, and a step of training."""
        LayerChecks(self, layer_cls, init_kwargs or {}, checks).run()


class LayerChecks:
    """The checks of one layer; the arguments are those that Keras's tests give."""

    def __init__(self, case: TestCase, kind: Any, settings: dict[str, Any], checks: dict[str, Any]) -> None:
        self.case, self.kind, self.settings, self.checks = case, kind, settings, checks
        self.call = checks.get("call_kwargs") or {}
        self.shape, self.data = checks.get("input_shape"), checks.get("input_data")

    def run(self) -> None:
        """Run them all."""
        if self.checks.get("input_sparse") or self.checks.get("input_ragged"):
            self.case.skipTest("sparse and ragged tensors")
        layer = self.kind(**self.settings)
        self.case.run_class_serialization_test(layer, self.checks.get("custom_objects"))
        masking = self.checks.get("supports_masking")
        if masking is not None:
            self.case.assertEqual(layer.supports_masking, masking, "supports_masking")
        if self.shape is None and self.data is None:
            return
        self._check_build()
        self._check_symbolic()
        self._check_arrays()

    def _check_build(self) -> None:
        layer = self.kind(**self.settings)
        layer.build(self.shape if self.shape is not None else nested.map_structure(np.shape, self.data))
        self._check_weights(layer)

    def _check_weights(self, layer: Any) -> None:
        self.case.assertTrue(layer.built)
        for name in ("trainable_weights", "non_trainable_weights", "non_trainable_variables"):
            expected = self.checks.get(f"expected_num_{name}")
            # Keras's layers keep the state of their generators among these.
            seeds = (self.checks.get("expected_num_seed_generators") or 0) if name == "non_trainable_variables" else 0
            if expected is not None:
                self.case.assertEqual(len(getattr(layer, name)), expected - seeds, f"number of {name}")

    def _inputs(self) -> Any:
        if self.shape is not None:
            kinds = self.checks.get("input_dtype") or "float32"
            if nested.is_shape(self.shape):
                return Input(batch_shape=tuple(self.shape), dtype=kinds)
            if isinstance(self.shape, dict):
                return {name: Input(batch_shape=tuple(one)) for name, one in self.shape.items()}
            return [Input(batch_shape=tuple(one)) for one in self.shape]
        return nested.map_structure(lambda x: Input(batch_shape=np.shape(x), dtype=_known_dtype(x)), self.data)

    def _called(self, layer: Any, inputs: Any) -> Any:
        return layer(**inputs, **self.call) if isinstance(inputs, dict) else layer(inputs, **self.call)

    def _check_symbolic(self) -> None:
        layer = self.kind(**self.settings)
        outputs = self._called(layer, self._inputs())
        self._check_weights(layer)
        self._check_shapes(outputs)

    def _check_shapes(self, outputs: Any) -> None:
        expected = self.checks.get("expected_output_shape")
        if expected is not None:
            flat = (
                [expected]
                if nested.is_shape(expected)
                else list(expected.values() if isinstance(expected, dict) else expected)
            )
            found = [tuple(one.shape) for one in nested.flatten(outputs)]
            fits = len(flat) == len(found) and all(
                len(a) == len(b) and all(x is None or x == y for x, y in zip(a, b, strict=True))
                for a, b in zip(flat, found, strict=True)
            )
            self.case.assertTrue(fits, f"expected shapes {flat}; found {found}")
        dtype = self.checks.get("expected_output_dtype")
        if isinstance(dtype, str):
            for one in nested.flatten(outputs):
                self.case.assertEqual(np.dtype(one.dtype).name, dtype, "dtype of the output")

    def _arrays(self) -> Any:
        if self.data is not None:
            return self.data
        kinds = self.checks.get("input_dtype")

        def draw(shape: Any, dtype: Any = None) -> Any:
            sizes = [2 if one is None else one for one in shape]
            numbers = np.random.default_rng(0).uniform(size=sizes)
            if dtype is not None and np.dtype(dtype).kind in "iub":
                return (numbers * 2).astype(dtype)
            return numbers.astype(dtype or "float32")

        if nested.is_shape(self.shape):
            return draw(self.shape, kinds)
        if isinstance(self.shape, dict):
            return {name: draw(one) for name, one in self.shape.items()}
        return [draw(one) for one in self.shape]

    def _check_arrays(self) -> None:
        layer, arrays = self.kind(**self.settings), self._arrays()
        outputs = self._called(layer, arrays)
        self._check_shapes(outputs)
        expected = self.checks.get("expected_output")
        if expected is not None:
            for one, other in zip(nested.flatten(outputs), nested.flatten(expected), strict=True):
                self.case.assertAllClose(one, other, msg="output")
        losses = self.checks.get("expected_num_losses")
        if losses is not None:
            self.case.assertEqual(len(layer.losses), losses, "number of losses")
        if self.checks.get("run_training_check", True) and not isinstance(arrays, dict):
            self._check_training(arrays, outputs)

    def _check_training(self, arrays: Any, outputs: Any) -> None:
        layer = self.kind(**self.settings)
        inputs = self._inputs()
        model = nnlite.Model(inputs, layer(inputs))
        model.compile("sgd", "mse")
        model.fit(
            arrays, nested.map_structure(np.asarray, outputs), batch_size=len(nested.flatten(arrays)[0]), verbose=0
        )


def _known_dtype(x: Any) -> str:
    """Return the dtype of an input for an array."""
    name = np.asarray(x).dtype.name
    return "float32" if name == "float64" else name


def named_product(*arguments: Any, **choices: Any) -> list[dict[str, Any]]:
    """Return the settings of named tests: all combinations of the choices.

    Parameters
    ----------
    *arguments : list of dict or list of tuple
        Choices that have names of their own, under ``testcase_name`` or as the first element.
    **choices : list
        Choices of other arguments; their values name them.
    """
    groups: list[list[tuple[str, dict[str, Any]]]] = []
    for one in arguments:
        groups.append([(_name_of(entry), _settings_of(entry)) for entry in one])
    for key, values in choices.items():
        groups.append([(f"{key}_{value}", {key: value}) for value in values])
    found = []
    for combination in itertools.product(*groups):
        settings: dict[str, Any] = {"testcase_name": "_" + "_".join(name for name, _ in combination)}
        for _, part in combination:
            settings.update(part)
        found.append(settings)
    return found


def _name_of(entry: Any) -> str:
    return str(entry["testcase_name"] if isinstance(entry, dict) else entry[0])


def _settings_of(entry: Any) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "testcase_name"} if isinstance(entry, dict) else {}


def uses_gpu(*_: Any) -> bool:
    """Return False: there is no other processor."""
    return False


tensorflow_uses_gpu = jax_uses_gpu = jax_uses_tpu = uses_tpu = torch_uses_gpu = uses_gpu


def get_test_data(
    train_samples: int,
    test_samples: int,
    input_shape: tuple[int, ...],
    num_classes: int,
    random_seed: int | None = None,
) -> Any:
    """Return records of classes that can be told apart, and their labels: those to train on, and others."""
    rng = np.random.default_rng(random_seed)
    labels = rng.permutation(np.arange(train_samples + test_samples) % num_classes)
    centers = 2 * num_classes * rng.random((num_classes, *input_shape))
    records = (centers[labels] + rng.normal(size=(len(labels), *input_shape))).astype("float32")
    return (records[:train_samples], labels[:train_samples]), (records[train_samples:], labels[train_samples:])
