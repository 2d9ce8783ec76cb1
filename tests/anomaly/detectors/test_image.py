"""Convolutional autoencoders on small images."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from anomaly import ImageDetector, NotFittedError, load_detector
from nnlite.archive import FileFormatError, read_archive, write_archive

QUICK = {"filters": (4,), "epochs": 3, "random_state": 0}


def diagonals(n=60, size=8, seed=0):
    return np.eye(size) + 0.05 * np.random.default_rng(seed).normal(size=(n, size, size))


@pytest.fixture(scope="module")
def fitted():
    return ImageDetector(**{**QUICK, "epochs": 40}).fit(diagonals())


def test_other_digits_are_anomalous():
    images, digit = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    normal = digit == 0
    detector = ImageDetector(filters=(16, 4), epochs=80, random_state=0).fit(images[normal][:120])
    rest = np.concatenate([images[normal][120:], images[digit == 1][:60]])
    truth = np.arange(len(rest)) >= normal.sum() - 120
    assert roc_auc_score(truth, detector.decision_function(rest)) > 0.95


def test_the_anomalous_pixel_contributes_most(fitted):
    image = diagonals(1, seed=1)
    image[0, 1, 6] = 3.0
    parts = fitted.explain(image)
    assert parts.shape == (1, 8, 8)
    assert np.unravel_index(parts[0].argmax(), (8, 8)) == (1, 6)
    np.testing.assert_allclose(parts.sum(axis=(1, 2)), fitted.decision_function(image), rtol=1e-5)
    assert fitted.predict(image).tolist() == [1]


def test_the_score_is_the_mean_squared_error(fitted):
    images = diagonals(5, seed=1)
    errors = (images[..., None] - fitted.reconstruct(images)) / fitted.scale_
    np.testing.assert_allclose(fitted.decision_function(images), (errors**2).mean(axis=(1, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize("number", [np.float32, np.float64])
def test_scores_rise_with_brightness_up_to_the_largest_numbers(fitted, number):
    images = np.repeat(diagonals(1, seed=1), 4, axis=0)
    images[:, 1, 6] = [0.0, 10.0, 1e4, 1e38 if number == np.float32 else 1e308]
    scores = fitted.decision_function(images.astype(number))
    assert np.isfinite(scores).all()
    assert (np.diff(scores) > 0).all()
    assert fitted.predict(images.astype(number)).tolist() == [0, 1, 1, 1]
    assert np.unravel_index(fitted.explain(images.astype(number))[3].argmax(), (8, 8)) == (1, 6)


@pytest.mark.parametrize("unit", [1e300, 1e-300, 1e35])
def test_pixels_in_any_unit(fitted, unit, tmp_path):
    detector = ImageDetector(**{**QUICK, "epochs": 40}).fit(diagonals() * unit)
    assert detector.scale_ == pytest.approx(fitted.scale_ * unit)
    np.testing.assert_allclose(detector.decision_scores_, fitted.decision_scores_, rtol=1e-3)
    fresh = diagonals(5, seed=1)
    np.testing.assert_allclose(detector.reconstruct(fresh * unit) / unit, fitted.reconstruct(fresh), atol=1e-3)
    assert np.isfinite(detector.decision_function(fresh.astype(np.float32))).all()
    detector.save(tmp_path / "m.npz")
    again = load_detector(tmp_path / "m.npz").decision_function(fresh * unit)
    np.testing.assert_allclose(again, detector.decision_function(fresh * unit))


def test_an_extreme_pixel_in_training():
    images = diagonals()
    images[3, 2, 2] = 1e300
    detector = ImageDetector(**QUICK).fit(images)
    assert np.isfinite(detector.decision_scores_).all()
    assert detector.labels_[3] == 1


@pytest.mark.parametrize("shape", [(8, 8), (7, 5, 1), (9, 6, 3), (1, 1), (2, 13)])
@pytest.mark.parametrize("filters", [(2,), (3, 2)])
def test_images_of_any_size(shape, filters):
    images = np.random.default_rng(0).normal(size=(10, *shape))
    detector = ImageDetector(filters=filters, epochs=1, random_state=0).fit(images)
    assert detector.decision_function(images).shape == (10,)
    assert detector.reconstruct(images).shape == (10, *shape, *([1] if len(shape) == 2 else []))


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_integer_pixels_and_constant_images():
    bytes_ = np.random.default_rng(0).integers(0, 255, size=(10, 6, 6), dtype=np.uint8)
    assert np.isfinite(ImageDetector(**QUICK).fit(bytes_).decision_scores_).all()
    assert np.isfinite(ImageDetector(**QUICK).fit(np.zeros((5, 4, 4))).decision_scores_).all()


def test_a_loaded_detector_gives_the_same_scores(fitted, tmp_path):
    images = diagonals(5, seed=1)
    fitted.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(images), fitted.decision_function(images))
    assert loaded.get_params() == fitted.get_params()
    assert loaded.image_shape_ == (8, 8, 1)


@pytest.mark.parametrize("change", [{"scale": 0.0}, {"scale": "x"}, {"center": float("inf")}])
def test_an_inconsistent_file_is_refused(fitted, tmp_path, change):
    fitted.save(tmp_path / "m.npz")
    config, arrays = read_archive(tmp_path / "m.npz", "detector")
    config = {name: value for name, value in config.items() if name not in ("format", "version", "kind")}
    write_archive(tmp_path / "m.npz", "detector", {**config, **change}, arrays)
    with pytest.raises(FileFormatError):
        load_detector(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 4)), "images must have shape"),
        (np.zeros((0, 4, 4)), "images must have shape"),
        (np.zeros((1, 4, 4)), "at least 2 images"),
        (np.full((3, 4, 4), np.nan), "images must be finite; image 0 is not"),
        ([["a"]], "images must be an array of numbers"),
    ],
)
def test_unusable_images(images, message):
    with pytest.raises(ValueError, match=message):
        ImageDetector(**QUICK).fit(images)


def test_other_sizes_and_labels_that_do_not_fit(fitted):
    with pytest.raises(ValueError, match=r"training images' shape \(8, 8, 1\); found \(4, 4, 1\)"):
        fitted.predict(np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="one label per image"):
        ImageDetector(**QUICK).fit(diagonals(), [0, 1])
    with pytest.raises(NotFittedError):
        ImageDetector().explain(diagonals())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": ()}, "filters must be"),
        ({"kernel": 0}, "kernel must be"),
        ({"noise": -1}, "noise must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"contamination": 2}, "contamination"),
    ],
)
def test_fit_refuses_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageDetector(**{**QUICK, **arguments}).fit(diagonals())


def test_clone():
    assert clone(ImageDetector(filters=(4, 2))).get_params()["filters"] == (4, 2)
