"""Properties that hold for every model."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.models import clone_model, load_model
from nnlite.optimizers import SGD
from nnlite.registry import serialize
from nnlite.utils import set_random_seed
from tests.nnlite.random_models import by_hand
from tests.nnlite.random_models.architecture import frozen_weights
from tests.nnlite.random_models.cases import Case, build_model, data_of, fit, float_type, ready_model
from tests.nnlite.random_models.comparison import (
    Mismatch,
    Skipped,
    as_list,
    assert_agree,
    assert_same_history,
    assert_same_model,
    assert_same_predictions,
    assert_same_state,
    assert_same_weights_train,
    compiled,
)
from tests.nnlite.random_models.training import compile_model


def check_backends(case: Case) -> None:
    """Train by the layers and by the engine: history, weights, optimizer's state, what callbacks saw, predictions."""
    if case.architecture.is_random():
        raise Skipped("the backends draw different numbers")
    data, dtype = data_of(case), case.architecture.dtype
    expected, found = ready_model(case, data), ready_model(case, data)
    acted = fit(case, expected, data, "numpy")
    set_random_seed((case.seed + 1) % 2**32)
    acting = compiled(lambda: fit(case, found, data, "numba"))
    assert_same_history(found.history.history, expected.history.history, dtype)
    assert_same_state(found, expected, dtype)
    assert_agree(acting.seen, acted.seen, dtype, "what callbacks saw")
    assert_same_predictions(found.predict(data.x, verbose=0, backend="numba"), expected, data, dtype)


def check_batches(case: Case) -> None:
    """Predict and evaluate record by record, in batches, all at once, and by the engine."""
    data, dtype = data_of(case), case.architecture.dtype
    model = ready_model(case, data)
    whole = model.predict(data.x, verbose=0, backend="numpy", batch_size=1000)
    for size in (1, 3):
        assert_same_predictions(whole, model, data, dtype, batch_size=size)
    evaluate = {"verbose": 0, "sample_weight": data.weights, "return_dict": True}
    expected = model.evaluate(*data.all, **evaluate, backend="numpy", batch_size=case.training.batch_size)
    for threads in (1, 2):
        assert_same_predictions(
            compiled(lambda n=threads: model.predict(data.x, verbose=0, backend="numba", threads=n)),
            model,
            data,
            dtype,
        )
    found = model.evaluate(*data.all, **evaluate, backend="numba", batch_size=case.training.batch_size)
    assert_same_history(found, expected, dtype)


def check_gradients(case: Case) -> None:
    """Measure the slope of the loss along random directions, and compare it with the gradient.

    The gradient is read off a step of plain gradient descent of length 1.
    """
    case = replace(case, architecture=replace(case.architecture, dtype="float64"))
    if case.architecture.is_random():
        raise Skipped("the loss draws numbers")
    with float_type("float64"):
        data = data_of(case)
        model = ready_model(case, data)
    compile_model(model, case.outputs, case.training, SGD(1.0))
    start = model.get_weights()
    weighted = {"sample_weight": data.weights, "class_weight": data.class_weight, "return_dict": True}

    def loss_at(weights: list[Any]) -> float:
        model.set_weights(weights)
        return float(model.train_on_batch(*data.all, **weighted)["loss"])

    loss_at(start)
    trained = [weight.trainable and model.trainable for weight in model.weights]
    gradient = [before - after for before, after in zip(start, model.get_weights(), strict=True)]
    if not any(trained):
        raise Skipped("nothing trains")
    rng = np.random.default_rng([case.seed, 3])
    errors = []
    for step in (1e-6, 1e-6, 1e-7):
        way = [rng.normal(size=w.shape) * flag for w, flag in zip(start, trained, strict=True)]
        values = [loss_at([w + h * d for w, d in zip(start, way, strict=True)]) for h in (-step, 0.0, step)]
        below, above = (values[1] - values[0]) / step, (values[2] - values[1]) / step
        slope = sum(float((g * d).sum()) for g, d in zip(gradient, way, strict=True))
        scale = max(abs(slope), abs(values[1]), 1e-3)
        if not np.isfinite(scale) or scale > 1e5 or abs(above - below) > 1e-3 * scale:
            raise Skipped("the loss has a kink here")
        errors.append(abs((below + above) / 2 - slope) / scale)
    if min(errors) > 1e-5:
        raise Mismatch(f"the gradient is off by {min(errors):.2g} of the slope")


def check_files(case: Case) -> None:
    """Save a trained model, load it, and train both on."""
    data, dtype = data_of(case), case.architecture.dtype
    model = ready_model(case, data)
    fit(case, model, data, "numpy")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        model.save(path)
        found = load_model(path)
    assert_same_model(found, model, data)
    evaluate = {"verbose": 0, "sample_weight": data.weights, "return_dict": True, "backend": "numpy"}
    assert_same_history(found.evaluate(*data.all, **evaluate), model.evaluate(*data.all, **evaluate), dtype)
    if case.architecture.is_random():
        return
    for one in (model, found):
        fit(case, one, data, "numpy", shuffle=False, callbacks=None, epochs=1)
    assert_same_state(found, model, dtype)


def check_configurations(case: Case) -> None:
    """Make a model from its configuration, clone it, copy it: before and after it knows its shapes."""
    data = data_of(case)
    model = build_model(case)
    early = type(model).from_config(json.loads(json.dumps(model.get_config())))
    model = ready_model(case, data)
    made = [
        early,
        clone_model(model),
        type(model).from_config(json.loads(json.dumps(model.get_config()))),
    ]
    for one in made:
        one.predict(data.x, verbose=0, backend="numpy")
        one.set_weights(model.get_weights())
        assert_same_weights_train(one, model)
    assert_same_model(made[-1], model, data)
    assert_same_model(copy.deepcopy(model), model, data)
    if serialize(copy.deepcopy(model).optimizer) != serialize(model.optimizer):
        raise Mismatch("the copy has another optimizer")


def check_two_fits(case: Case) -> None:
    """Fit in two goes and in one, the optimizer's state carried on, by both backends."""
    actions = [event.action for event in case.training.events]
    if case.training.epochs < 2 or "stop" in actions:
        raise Skipped("there is one epoch")
    data, dtype = data_of(case), case.architecture.dtype
    backends = ("numpy",) if case.architecture.is_random() else ("numpy", "numba")
    for backend in backends:
        whole, parts = ready_model(case, data), ready_model(case, data)
        compiled(lambda model=whole, by=backend: fit(case, model, data, by))
        set_random_seed((case.seed + 1) % 2**32)
        parts = ready_model(case, data)
        acting = compiled(lambda model=parts, by=backend: fit(case, model, data, by, epochs=1))
        first = dict(parts.history.history)
        callbacks = [acting] if case.training.events else None
        fit(case, parts, data, backend, initial_epoch=1, callbacks=callbacks)
        both = {name: curve + parts.history.history.get(name, []) for name, curve in first.items()}
        assert_same_history(both, whole.history.history, dtype)
        assert_same_state(parts, whole, dtype)


def check_evaluation(case: Case) -> None:
    """Compute from predictions by hand what `evaluate` returns."""
    case = replace(case, architecture=case.architecture.without_activity_penalties())
    if case.architecture.is_masked() or "GaussianLatent" in str(case.architecture.layers):
        raise Skipped("the loss is more than that of the outputs")
    data, dtype = data_of(case), case.architecture.dtype
    model = ready_model(case, data)
    size = case.training.batch_size
    predictions = [np.asarray(one, float) for one in as_list(model.predict(data.x, verbose=0, backend="numpy"))]
    penalty = by_hand.penalties(model, frozen_weights(model, case.architecture))
    expected = by_hand.evaluation(case, data, predictions, size, penalty)
    found = model.evaluate(*data.all, verbose=0, batch_size=size, sample_weight=data.weights, backend="numpy")
    assert_agree(as_list(found), expected, dtype, "evaluation")


def check_frozen(case: Case) -> None:
    """Train, and look that what is frozen stays as it was, by the description alone."""
    if {event.action for event in case.training.events} & {"freeze", "thaw", "weights"}:
        raise Skipped("callbacks change what is frozen")
    if not case.architecture.frozen:
        raise Skipped("nothing is frozen")
    data = data_of(case)
    for backend in ("numpy", "numba"):
        model = ready_model(case, data)
        frozen = frozen_weights(model, case.architecture)
        before = [weight.numpy() for weight in model.weights]
        compiled(lambda model=model, by=backend: fit(case, model, data, by))
        for weight, old in zip(model.weights, before, strict=True):
            if id(weight) in frozen and not np.array_equal(weight.value, old, equal_nan=True):
                raise Mismatch(f"frozen weight {weight.name} of shape {weight.shape} has changed ({backend})")


CHECKS: dict[str, Callable[[Case], None]] = {
    "backends": check_backends,
    "batches": check_batches,
    "gradients": check_gradients,
    "files": check_files,
    "configurations": check_configurations,
    "two fits": check_two_fits,
    "evaluation": check_evaluation,
    "frozen": check_frozen,
}


def failure(case: Case, check: str) -> str | None:
    """Run a check on a case; return what is wrong, or None."""
    try:
        with float_type(case.architecture.dtype), np.errstate(all="ignore"):
            CHECKS[check](case)
    except Skipped:
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def failures(case: Case, checks: list[str] | None = None) -> dict[str, str]:
    """Run checks on a case; return what is wrong by the check's name."""
    found = {check: failure(case, check) for check in checks or CHECKS}
    return {check: message for check, message in found.items() if message is not None}
