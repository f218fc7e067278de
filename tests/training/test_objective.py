import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.backend import load_tensorflow
from tomoseg_tf.training.losses import binary_crossentropy, categorical_crossentropy
from tomoseg_tf.training.objective import SegmentationLoss, inverse_frequencies, near_boundaries

tf = load_tensorflow()


def batch(shape, num_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, num_classes, (*shape, 1)).astype("uint8")
    y_true = np.repeat(np.repeat(y_true, 3, axis=-2), 3, axis=-3)
    y_true[rng.random(y_true.shape) < 0.1] = 255
    return y_true, rng.dirichlet(np.ones(num_classes), y_true.shape[:-1]).astype("float32")


def chessboard(classes, width):
    """The same weights from SciPy: distance of each voxel to the nearest one of another class."""
    distance = np.full(classes.shape, np.inf)
    for value in np.unique(classes[classes != 255]):
        others = (classes != value) & (classes != 255)
        if others.any():
            away = ndimage.distance_transform_cdt(~others, "chessboard")
            distance = np.where(classes == value, away, distance)
    return np.clip((width + 1 - distance) / width, 0, 1)


def test_weights_fall_linearly_from_both_sides_of_a_boundary():
    row = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1], "uint8").reshape(1, 1, 9, 1)
    near = np.asarray(near_boundaries(row, 2, width=3))
    expected = np.array([0, 1, 2, 3, 3, 2, 1, 0, 0]) / 3
    np.testing.assert_allclose(near.ravel(), expected, rtol=1e-6)


def test_an_ignored_voxel_makes_no_boundary_and_has_no_weight():
    row = np.array([0, 0, 255, 255, 0, 255, 1], "uint8").reshape(1, 1, 7, 1)
    near = np.asarray(near_boundaries(row, 2, width=2)).ravel()
    np.testing.assert_allclose(near, [0, 0, 0, 0, 0.5, 0, 0.5])
    assert (np.asarray(near_boundaries(np.where(row == 1, 255, row), 2)) == 0).all()


@pytest.mark.parametrize("shape", [(2, 5, 4), (2, 4, 5, 4)])
@pytest.mark.parametrize("width", [1, 3])
def test_distances_are_those_of_scipy_in_slices_and_volumes(shape, width):
    y_true, _ = batch(shape)
    near = np.asarray(near_boundaries(y_true, 3, width=width))
    expected = np.stack([chessboard(each[..., 0], width) for each in y_true])[..., None]
    assert 0 < expected.mean() < 1
    np.testing.assert_allclose(near, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "crossentropy_dice"])
def test_boundary_and_border_weights_add_to_those_of_the_classes(name):
    y_true, y_pred = batch((2, 4, 4))
    border = np.random.default_rng(1).random(y_true.shape).astype("float32")
    packed = np.concatenate([y_true.astype("float32"), border], axis=-1)
    weighed = SegmentationLoss(name, [1, 2, 3], boundary_weight=5.0, boundary_width=2)
    difference = float(weighed(packed, y_pred)) - float(SegmentationLoss(name)(y_true, y_pred))

    near = np.stack([chessboard(each[..., 0], 2) for each in y_true])
    classes, valid = np.where(y_true == 255, 0, y_true)[..., 0], y_true[..., 0] != 255
    added = np.array([0, 1, 2])[classes] + border[..., 0] + 5 * near
    entropy = -np.log(np.take_along_axis(y_pred, classes[..., None], -1)[..., 0])
    expected = (added * entropy * valid).sum() / valid.sum()
    np.testing.assert_allclose(difference, expected, rtol=1e-4)


def test_boundaries_of_a_binary_network_are_those_between_background_and_object():
    y_true, _ = batch((1, 4, 4), num_classes=2)
    y_pred = np.full(y_true.shape, 0.3, "float32")
    near = np.stack([chessboard(each[..., 0], 3) for each in y_true])[..., None]
    loss = SegmentationLoss("binary_crossentropy", boundary_weight=2.0)(y_true, y_pred)
    expected = binary_crossentropy(y_true, y_pred, weight_map=2 * near)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_ignored_voxels_have_no_gradient_whatever_their_weights():
    y_true, y_pred = batch((2, 4, 4))
    border = np.full(y_true.shape, 7, "float32")
    packed = np.concatenate([y_true.astype("float32"), border], axis=-1)
    y_pred = tf.Variable(y_pred)
    with tf.GradientTape() as tape:
        loss = SegmentationLoss("crossentropy_dice", [1, 2, 3], boundary_weight=5.0)(packed, y_pred)
    gradient = tape.gradient(loss, y_pred).numpy()
    ignored = y_true[..., 0] == 255
    assert (gradient[ignored] == 0).all()
    assert (np.abs(gradient[~ignored]).max(axis=-1) > 0).all()


def test_weights_of_zero_change_nothing():
    y_true, y_pred = batch((2, 4, 4))
    packed = np.concatenate([y_true, np.zeros_like(y_true)], axis=-1)
    loss = SegmentationLoss("categorical_crossentropy")(packed, y_pred)
    np.testing.assert_allclose(loss, categorical_crossentropy(y_true, y_pred), rtol=1e-6)


def test_inverse_frequencies_give_each_class_the_same_sum():
    """Voxels 1 : 3 : 4 of 8."""
    weights = inverse_frequencies([100, 300, 400], ("a", "b", "c"))
    assert weights == pytest.approx([8 / 3, 8 / 9, 8 / 12])


def test_a_class_without_voxels_has_no_inverse_frequency():
    with pytest.raises(ValueError, match="hold no voxel of 'b'"):
        inverse_frequencies([3, 0], ("a", "b"))
