import numpy as np
import pytest

from anomaly import NotFittedError, TableDetector
from tests.anomaly.detectors.planes import QUICK, planes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contamination": 0}, "contamination must be 'auto' or the fraction of anomalies, above 0 and at most 0.5"),
        ({"contamination": 0.6}, "at most 0.5; found 0.6"),
        ({"contamination": "some"}, "found 'some'"),
        ({"contamination": True}, "found True"),
        ({"contamination": None}, "found None"),
        ({"threshold": "nope"}, "threshold must be a number, a Threshold or one of"),
        ({"hidden": ()}, "hidden must be the sizes"),
        ({"hidden": (8, 0)}, "hidden must be the sizes"),
        ({"hidden": np.array([8.5])}, "hidden must be the sizes"),
        ({"noise": -1}, "noise must be a number of at least 0, or several of them; found -1"),
        ({"noise": "much"}, "found 'much'"),
        ({"sparsity": -0.1}, "sparsity must be a number of at least 0; found -0.1"),
        ({"fine_share": 1.5}, "fine_share must be a number from 0 to 1; found 1.5"),
        ({"draws": -1}, "draws must be a whole number"),
        ({"draws": 1.5}, "draws must be a whole number"),
        ({"epochs": 0}, "epochs must be 'auto' or a whole number"),
        ({"epochs": "many"}, "found 'many'"),
        ({"batch_size": 0}, "batch_size must be 'auto' or a whole number"),
        ({"learning_rate": 0}, "learning_rate must be 'auto' or a number above 0"),
        ({"patience": -1}, "patience must be None or a whole number"),
        ({"random_state": "x"}, "random_state must be None"),
        ({"random_state": -1}, "random_state must be None"),
        ({"activation": "nope"}, "unknown activation 'nope'"),
        ({"scaling": "nope"}, "scaling must be"),
        ({"categorical": ["nope"]}, "'nope'"),
        ({"hidden": 8.5}, "hidden must be the sizes of one or more layers.*found 8.5"),
        ({"ignore": "label"}, "ignore must be a list of column names; found 'label'"),
        ({"ignore": True}, "ignore must be a list of column names; found True"),
        ({"ignore": ["label", 3]}, "ignore must be a list of column names"),
    ],
)
def test_fit_refuses_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        TableDetector(**{"hidden": (2,), "epochs": 1, **arguments}).fit(planes()[0])


def test_fit_refuses_unusable_tables():
    detector = TableDetector(**QUICK)
    with pytest.raises(ValueError, match="at least 2 records"):
        detector.fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="one label per record"):
        detector.fit(planes()[0], [0, 1])
    with pytest.raises(ValueError, match="column 'x0': all values missing in the training rows"):
        detector.fit(np.full((5, 1), np.nan))
    with pytest.raises(ValueError, match="inf"):
        detector.fit([[1.0], [np.inf], [2.0]])


def test_a_single_column_is_refused():
    with pytest.raises(ValueError, match=r"at least 2 columns .* found 1, 'x0' \(n_features = 1\)"):
        TableDetector(random_state=0).fit(np.ones((50, 1)))


def test_constant_columns_are_fine():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=50), np.full(50, 7.0)])
    constant = TableDetector(random_state=0).fit(x)
    # A value that never changed in training and does now is news.
    assert constant.predict([[0.0, 7.0], [0.0, 20.0]]).tolist() == [0, 1]


def test_an_unfitted_detector_says_so(tmp_path):
    detector = TableDetector()
    for call in (
        lambda: detector.predict([[1.0]]),
        lambda: detector.decision_function([[1.0]]),
        lambda: detector.explain([[1.0]]),
        lambda: detector.encode([[1.0]]),
        lambda: detector.save(tmp_path / "m.npz"),
    ):
        with pytest.raises(NotFittedError, match="has not been fitted; call fit"):
            call()
    assert list(tmp_path.iterdir()) == []
