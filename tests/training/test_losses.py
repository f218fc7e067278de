import numpy as np
import pytest

from tomoseg_tf.backend import load_keras, load_tensorflow
from tomoseg_tf.training.losses import (
    LOSSES,
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_dice,
    half_crossentropy_minus_dice,
    mean_squared_error,
)
from tomoseg_tf.training.objective import SegmentationLoss

keras, tf = load_keras(), load_tensorflow()
LEAST = {"half_crossentropy_minus_dice": -1}  # of every other loss it is 0


def column(values, dtype):
    """Values of one voxel after another, as a batch of volumes."""
    return np.asarray(values, dtype).reshape(1, 1, 1, len(values), -1)


def random_batch(num_classes, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, max(num_classes, 2), (2, 3, 4, 5, 1)).astype("uint8")
    y_true[rng.random(y_true.shape) < 0.2] = 255
    logits = rng.normal(size=(2, 3, 4, 5, num_classes)).astype("float32")
    if num_classes == 1:
        return y_true, 1 / (1 + np.exp(-logits))
    exponentials = np.exp(logits)
    return y_true, exponentials / exponentials.sum(-1, keepdims=True)


def test_binary_crossentropy_is_the_mean_negative_logarithm():
    y_true, y_pred = column([1, 0, 1], "uint8"), column([0.5, 0.25, 0.125], "float32")
    expected = -(np.log(0.5) + np.log(0.75) + np.log(0.125)) / 3
    np.testing.assert_allclose(binary_crossentropy(y_true, y_pred), expected, rtol=1e-6)


def test_binary_crossentropy_without_ignored_voxels_is_that_of_keras():
    y_true, y_pred = random_batch(1)
    y_true[y_true == 255] = 0
    expected = keras.losses.BinaryCrossentropy()(y_true, y_pred)
    np.testing.assert_allclose(binary_crossentropy(y_true, y_pred), expected, rtol=1e-5)


def test_binary_class_weights_weigh_each_voxel_by_its_class():
    y_true, y_pred = column([1, 0], "uint8"), column([0.5, 0.25], "float32")
    expected = -(7 * np.log(0.5) + 3 * np.log(0.75)) / 2
    loss = binary_crossentropy(y_true, y_pred, class_weights=[3, 7])
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_categorical_crossentropy_takes_the_probability_of_the_label():
    y_true = column([2, 0, 255], "uint8")
    y_pred = column([[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [1, 0, 0]], "float32")
    expected = -(5 * np.log(0.5) + 2 * np.log(0.1)) / 2
    loss = categorical_crossentropy(y_true, y_pred, class_weights=[2, 3, 5])
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_dice_of_a_uniform_probability_has_a_closed_form():
    """4 voxels, 1 of them object, p = 1/2: Dice = (2 * 1/2 + 1) / (2 + 1 + 1) = 1/2."""
    y_true, y_pred = column([1, 0, 0, 0], "uint8"), column([0.5] * 4, "float32")
    loss = crossentropy_dice(y_true, y_pred)
    np.testing.assert_allclose(loss, np.log(2) + 1 - 0.5, rtol=1e-6)


def test_dice_of_a_softmax_is_the_mean_over_all_classes():
    """Classes of 2 and 1 voxels of 3, p = 1/2: Dice (2 + 1) / 4.5 and (1 + 1) / 3.5."""
    y_true, y_pred = column([0, 0, 1], "uint8"), column([[0.5, 0.5]] * 3, "float32")
    loss = crossentropy_dice(y_true, y_pred)
    expected = np.log(2) + 1 - (3 / 4.5 + 2 / 3.5) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_dice_sums_run_over_the_batch_not_over_each_volume():
    y_true, y_pred = random_batch(1, seed=3)
    folded = [array.reshape(1, 6, 4, 5, 1) for array in (y_true, y_pred)]
    np.testing.assert_allclose(
        crossentropy_dice(y_true, y_pred), crossentropy_dice(*folded), rtol=1e-6
    )


def test_the_loss_of_unet_plus_plus_has_a_closed_form():
    """4 voxels, 1 of them object, p = 1/2: Dice 1/2 as above, and both parts of the entropy."""
    y_true, y_pred = column([1, 0, 0, 0, 255], "uint8"), column([0.5] * 5, "float32")
    loss = half_crossentropy_minus_dice(y_true, y_pred)
    np.testing.assert_allclose(loss, np.log(2) / 2 - 0.5, rtol=1e-6)


def test_the_loss_of_unet_plus_plus_takes_several_classes():
    """Classes of 2 and 1 voxels of 3, p = 1/2, as for the cross-entropy with Dice."""
    y_true, y_pred = column([0, 0, 1], "uint8"), column([[0.5, 0.5]] * 3, "float32")
    loss = half_crossentropy_minus_dice(y_true, y_pred, class_weights=[1, 4])
    expected = 2 * np.log(2) / 2 - (3 / 4.5 + 2 / 3.5) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_squared_error_of_a_binary_network_is_against_0_and_1():
    y_true, y_pred = column([1, 0, 255], "uint8"), column([1.5, 0.25, 9.0], "float32")
    loss = mean_squared_error(y_true, y_pred, class_weights=[2, 3])
    np.testing.assert_allclose(loss, (3 * 0.5**2 + 2 * 0.25**2) / 2, rtol=1e-6)


def test_squared_error_of_several_classes_is_that_of_keras_against_one_hot():
    y_true, y_pred = random_batch(3)
    y_true[y_true == 255] = 1
    expected = keras.losses.MeanSquaredError()(np.eye(3)[y_true[..., 0]], y_pred)
    np.testing.assert_allclose(mean_squared_error(y_true, y_pred), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "num_classes"),
    [
        ("binary_crossentropy", 1),
        ("categorical_crossentropy", 3),
        ("crossentropy_dice", 1),
        ("crossentropy_dice", 3),
        ("half_crossentropy_minus_dice", 1),
        ("half_crossentropy_minus_dice", 3),
        ("mean_squared_error", 1),
        ("mean_squared_error", 3),
    ],
)
class TestEveryLoss:
    def test_ignored_voxels_have_no_part_and_no_gradient(self, name, num_classes):
        y_true, y_pred = random_batch(num_classes)
        y_pred = tf.Variable(y_pred)
        with tf.GradientTape() as tape:
            loss = LOSSES[name](y_true, y_pred)
        gradient = tape.gradient(loss, y_pred).numpy()
        ignored = (y_true == 255)[..., 0]
        assert ignored.any()
        assert (gradient[ignored] == 0).all()
        assert (np.abs(gradient[~ignored]).max(axis=-1) > 0).all()

        other = y_pred.numpy()
        other[ignored] = 1 - other[ignored]
        assert float(LOSSES[name](y_true, other)) == float(loss)

    def test_an_ignored_batch_has_the_least_loss(self, name, num_classes):
        y_true, y_pred = random_batch(num_classes)
        assert float(LOSSES[name](np.full_like(y_true, 255), y_pred)) == LEAST.get(name, 0)

    def test_saturated_probabilities_stay_finite(self, name, num_classes):
        y_true, y_pred = random_batch(num_classes)
        y_pred = tf.Variable(np.zeros_like(y_pred))
        y_pred[..., 0].assign(np.ones(y_pred.shape[:-1]))
        with tf.GradientTape() as tape:
            loss = LOSSES[name](y_true, y_pred)
        assert np.isfinite(loss)
        assert np.isfinite(tape.gradient(loss, y_pred)).all()

    def test_a_perfect_segmentation_has_the_least_loss(self, name, num_classes):
        y_true, _ = random_batch(num_classes)
        labels = np.where(y_true == 255, 0, y_true)
        perfect = labels if num_classes == 1 else np.eye(num_classes)[labels[..., 0]]
        loss = LOSSES[name](y_true, perfect.astype("float32"))
        np.testing.assert_allclose(loss, LEAST.get(name, 0), atol=1e-6)

    def test_a_weight_map_is_added_to_the_weights_of_the_classes(self, name, num_classes):
        """A map of 2 over classes of 1 is classes of 3; the Dice has no weights."""
        y_true, y_pred = random_batch(num_classes)
        twos = np.full(y_true.shape, 2, "float32")
        weights = [3.0] * max(num_classes, 2)
        loss = LOSSES[name](y_true, y_pred, weight_map=twos)
        expected = LOSSES[name](y_true, y_pred, class_weights=weights)
        np.testing.assert_allclose(loss, expected, rtol=1e-6)
        assert float(loss) > float(LOSSES[name](y_true, y_pred))

    def test_slices_give_the_loss_of_the_volume_that_they_make(self, name, num_classes):
        y_true, y_pred = random_batch(num_classes)
        slices = [array.reshape(6, 4, 5, -1) for array in (y_true, y_pred)]
        np.testing.assert_allclose(LOSSES[name](*slices), LOSSES[name](y_true, y_pred), rtol=1e-6)

    def test_half_precision_probabilities_are_computed_in_single(self, name, num_classes):
        y_true, y_pred = random_batch(num_classes)
        rounded = y_pred.astype("float16")
        loss = LOSSES[name](y_true, rounded)
        assert keras.backend.standardize_dtype(loss.dtype) == "float32"
        expected = LOSSES[name](y_true, rounded.astype("float32"))
        np.testing.assert_allclose(loss, expected, rtol=1e-6)

    def test_keras_loss_object_gives_the_same_number(self, name, num_classes):
        y_true, y_pred = random_batch(num_classes)
        loss = SegmentationLoss(name)(y_true, y_pred)
        np.testing.assert_allclose(loss, LOSSES[name](y_true, y_pred), rtol=1e-6)
