"""scikit-learn's own suite of checks, on every detector of tables and every public transformer."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError as TheirNotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import anomaly
from anomaly import AutoencoderDetector, NotFittedError, SequenceDetector, TableDetector, VariationalDetector
from anomaly.preprocessing import (
    IdentityScaler,
    MinMaxScaler,
    QuantileScaler,
    RobustScaler,
    StandardScaler,
    TablePreprocessor,
)
from anomaly.preprocessing.scaling.linear import CoreScaler

SMALL = {"hidden": (4,), "epochs": 2, "random_state": 0}
DETECTORS = [TableDetector(**SMALL), AutoencoderDetector(**SMALL), VariationalDetector(**SMALL)]
SCALERS = [StandardScaler(), MinMaxScaler(), RobustScaler(), CoreScaler(), IdentityScaler(), QuantileScaler()]

_LABELS = "labels are PyOD's, as documented: 1 is an anomaly and 0 is normal, not -1 and 1"
_NAME = "the check sets a parameter of scikit-learn's class of the same name"


_ORDER = "the rows of a series have an order, and the score of each depends on those before it"
_ONE_COLUMN = "a series of one column may be an array of one dimension"
_OF_SERIES = {
    "check_methods_sample_order_invariance": _ORDER,
    "check_methods_subset_invariance": _ORDER,
    "check_fit1d": _ONE_COLUMN,
    "check_fit2d_predict1d": _ONE_COLUMN,
}


def not_ours(estimator):
    """Return the checks that the documented purpose of an estimator rules out, each with its reason."""
    if isinstance(estimator, anomaly.BaseDetector):
        labels = {"check_outliers_train": _LABELS, "check_outliers_fit_predict": _LABELS}
        return labels | (_OF_SERIES if isinstance(estimator, SequenceDetector) else {})
    if isinstance(estimator, StandardScaler):
        return {"check_estimator_sparse_array": _NAME, "check_estimator_sparse_matrix": _NAME}
    return {}


with warnings.catch_warnings():
    # It warns of estimators that do not inherit from a class of scikit-learn.
    warnings.simplefilter("ignore")
    # Of images the suite has none: all its inputs are tables.
    SUITE = parametrize_with_checks(
        [*DETECTORS, SequenceDetector(window=2, random_state=0), *SCALERS, TablePreprocessor()],
        expected_failed_checks=not_ours,
    )


@SUITE
@pytest.mark.filterwarnings("ignore")
def test_suite(estimator, check):
    check(estimator)


# -- what the suite leaves out ---------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [*DETECTORS, *SCALERS, TablePreprocessor()])
def test_the_error_of_the_unfitted_is_of_both_classes(estimator):
    method = getattr(estimator, "decision_function", getattr(estimator, "transform", None))
    with pytest.raises(NotFittedError, match="has not been fitted") as error:
        method([[1.0, 2.0]])
    assert isinstance(error.value, TheirNotFittedError)
    again = pickle.loads(pickle.dumps(error.value))
    assert isinstance(again, (NotFittedError, TheirNotFittedError))
    assert str(again) == str(error.value)


def test_scikit_learn_is_never_imported():
    program = (
        "import sys, numpy, anomaly\n"
        "from anomaly.preprocessing import StandardScaler\n"
        "x = numpy.random.default_rng(0).normal(size=(60, 2))\n"
        "scaler = StandardScaler().set_output(transform='default')\n"
        "detector = anomaly.TableDetector(hidden=(4,), epochs=1)\n"
        "try: detector.predict(x)\n"
        "except anomaly.NotFittedError as error: assert type(error) is anomaly.NotFittedError\n"
        "detector.fit(scaler.fit_transform(x)).predict(x)\n"
        "assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("scaler", SCALERS)
def test_scalers_keep_names(scaler):
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 3.0, 1.0]}, index=[7, 8, 9])
    scaled = scaler.set_output(transform="pandas").fit_transform(frame)
    assert list(scaled.columns) == ["a", "b"]
    assert list(scaled.index) == [7, 8, 9]
    assert scaler.get_feature_names_out().tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="feature names should match"):
        scaler.transform(frame[["b", "a"]])
    with pytest.raises(ValueError, match="X has 1 features"):
        scaler.transform(frame[["a"]])
    assert isinstance(scaler.set_output(transform="polars").transform(frame), pl.DataFrame)
    array = scaler.set_output(transform="default").fit_transform(frame.to_numpy())
    np.testing.assert_array_equal(array, scaled.to_numpy())
    assert scaler.get_feature_names_out().tolist() == ["x0", "x1"]
    assert scaler.get_feature_names_out(["p", "q"]).tolist() == ["p", "q"]
    with pytest.raises(ValueError, match="a scaler needs numbers"):
        scaler.fit(pd.DataFrame({"a": ["x", "y"]}))


def test_tables_become_frames():
    frame = pd.DataFrame({"amount": [1.0, 2.0, 3.0, 2.0], "country": ["FR", "DE", "FR", "DE"]})
    preprocessor = TablePreprocessor().set_output(transform="pandas")
    features = preprocessor.fit_transform(frame)
    assert list(features.columns) == ["amount", "country=DE", "country=FR", "country=<unseen>"]
    assert preprocessor.get_feature_names_out().tolist() == list(features.columns)
    assert repr(TablePreprocessor(scaling="core")) == "TablePreprocessor(scaling='core')"
    with pytest.raises(ValueError, match="set_output|transform must be"):
        preprocessor.set_output(transform="csv")


def test_in_a_pipeline():
    x = np.random.default_rng(0).normal(size=(80, 3))
    pipeline = make_pipeline(TablePreprocessor(), QuantileScaler(), TableDetector(**SMALL)).fit(x)
    assert pipeline.set_output(transform="pandas").decision_function(x).shape == (80,)
