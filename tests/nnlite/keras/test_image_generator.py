"""`ImageDataGenerator`: values of Keras 3.15.1 where nothing is drawn, and the limits of what is."""

import numpy as np
import pytest

from nnlite.layers import Dense, Flatten, Input
from nnlite.models import Sequential
from nnlite.preprocessing.image import ImageDataGenerator, save_img

X = np.arange(96, dtype=np.float32).reshape(6, 4, 4, 1)
Y = np.arange(6)


def test_batches_without_a_change_are_the_images():
    batches = ImageDataGenerator(rescale=0.5).flow(X, Y, batch_size=4, shuffle=False)
    assert len(batches) == 2
    np.testing.assert_array_equal(batches[1][0], X[4:] / 2)
    np.testing.assert_array_equal(batches[1][1], [4, 5])
    seen = [next(batches)[1].tolist() for _ in range(3)]
    assert seen == [[0, 1, 2, 3], [4, 5], [0, 1, 2, 3]]
    with pytest.raises(IndexError, match="2 batches"):
        batches[2]


def test_the_first_images_are_those_for_validation():
    generator = ImageDataGenerator(validation_split=0.4)
    parts = [generator.flow(X, Y, shuffle=False, subset=one)[0][1].tolist() for one in ("validation", "training")]
    assert parts == [[0, 1], [2, 3, 4, 5]]


def test_normalizations():
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    with pytest.raises(ValueError, match="fit"):
        generator.flow(X)[0]
    generator.fit(X)
    whole = generator.flow(X, batch_size=6)[0]
    assert abs(whole.mean()) < 1e-6
    assert whole.std() == pytest.approx(1.0, rel=1e-5)
    each = ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True).flow(X, batch_size=6)[0]
    np.testing.assert_allclose(each.std(axis=(1, 2, 3)), 1.0, rtol=1e-5)


def test_a_shift_moves_pixels_and_repeats_the_border():
    class Always:
        def uniform(self, low, high, size=None):
            return high if size is None else np.full(size, high)

        def random(self):
            return 0.0

    def changed(**settings):
        generator = ImageDataGenerator(**settings)
        rng = Always()
        original = np.random.default_rng
        try:
            np.random.default_rng = lambda _=None: rng
            return generator.random_transform(X[0])[..., 0]
        finally:
            np.random.default_rng = original

    np.testing.assert_allclose(changed(width_shift_range=0.25), X[0, :, [1, 2, 3, 3], 0].T)
    np.testing.assert_allclose(changed(height_shift_range=2), X[0, [2, 3, 3, 3], :, 0])
    np.testing.assert_array_equal(changed(horizontal_flip=True), X[0, :, ::-1, 0])
    np.testing.assert_allclose(changed(rotation_range=90), np.rot90(X[0, ..., 0]), atol=1e-4)
    np.testing.assert_array_equal(changed(brightness_range=(1, 2)), X[0, ..., 0] * 2)


def test_a_network_is_trained_on_changed_images():
    generator = ImageDataGenerator(
        rescale=1 / 96, rotation_range=20, zoom_range=0.2, shear_range=5, channel_shift_range=1.0, vertical_flip=True
    )
    model = Sequential([Input((4, 4, 1)), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(generator.flow(X, Y[:, None], batch_size=3, seed=1), epochs=2, verbose=0)
    a, b = (generator.flow(X, batch_size=3, seed=1)[0] for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_folders_are_classes(tmp_path):
    pytest.importorskip("PIL", reason="image files need Pillow")
    for name, value in (("dark", 10.0), ("light", 200.0)):
        (tmp_path / name).mkdir()
        for number in range(2):
            save_img(tmp_path / name / f"{number}.png", np.full((4, 4, 3), value), scale=False)
    batches = ImageDataGenerator(validation_split=0.5).flow_from_directory(
        tmp_path, target_size=(2, 2), batch_size=4, shuffle=False, subset="training"
    )
    assert batches.class_indices == {"dark": 0, "light": 1}
    x, y = batches[0]
    np.testing.assert_array_equal(x[:, 0, 0, 0], [10, 200])
    np.testing.assert_array_equal(y, np.eye(2))
    with pytest.raises(ValueError, match="holds no images"):
        ImageDataGenerator().flow_from_directory(tmp_path / "dark")


def test_what_cannot_be_done_is_refused():
    with pytest.raises(ValueError, match="whiten"):
        ImageDataGenerator(zca_whitening=True)
    with pytest.raises(ValueError, match="shape"):
        ImageDataGenerator().flow(X[0])
    with pytest.raises(ValueError, match="5 targets"):
        ImageDataGenerator().flow(X, Y[:5])
