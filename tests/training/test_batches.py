import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.training.batches import for_network, training_data, validation_data
from tomoseg_tf.training.border_weights import border_weights

SLICES = {"model": {"name": "unet_2d"}}
WHOLE = {"augmentation": None, "batches": {"batch_size": 2}}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Two patches of 3 x 20 x 16 voxels to train on and two to validate, of a counting volume."""
    volume = np.arange(12 * 20 * 16, dtype=np.uint16).reshape(12, 20, 16)
    truth = (volume % 3).astype(np.uint8)
    truth[:, 5:7, 5:9] = 255
    folder = tmp_path_factory.mktemp("batches") / "records"
    split = {"split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    classes = ("matrix", "one", "two")
    write_records(folder, [(volume, truth)], patch=(3, 20, 16), classes=classes, **split)
    return open_records(folder)


def as_arrays(dataset):
    return [[part.numpy() for part in batch] for batch in dataset]


def whole(opened, tiny, **sections):
    """The validation patches as a network of volumes gets them, in one array each."""
    recipe = tiny(**WHOLE, **sections)
    batches = as_arrays(validation_data(recipe, opened, (), (None,) * 3))
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def test_a_network_of_volumes_gets_the_batches_of_the_records(opened, tiny):
    image, truth = whole(opened, tiny)
    assert image.shape == truth.shape == (2, 3, 20, 16, 1)
    assert (image.dtype, truth.dtype) == ("float32", "uint8")


def test_slices_are_those_of_the_patches_in_batches_of_their_own_size(opened, tiny):
    image, truth = whole(opened, tiny)
    recipe = tiny(**SLICES, augmentation=None, batches={"validation_batch_size": 4})
    batches = as_arrays(validation_data(recipe, opened, (), (None, None)))
    assert [len(images) for images, _ in batches] == [4, 2]
    images, truths = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(images, image.reshape(6, 20, 16, 1))
    np.testing.assert_array_equal(truths, truth.reshape(6, 20, 16, 1))
    assert truths.dtype == "uint8"


def test_training_gives_each_slice_of_the_crops_and_repeats_the_grey_value(opened, tiny):
    model = {"name": "unet_2d", "channels": 3}
    batches = {"batch_size": 2, "crop": [3, 8, 8]}
    dataset, steps = training_data(tiny(model=model, batches=batches), opened, 0)
    volumes, _ = training_data(tiny(batches=batches), opened, 0)
    image, truth = as_arrays(dataset.take(1))[0]
    assert steps == 1
    assert dataset.element_spec[0].shape == (6, 8, 8, 3)
    for channel in range(3):
        expected = as_arrays(volumes.take(1))[0][0].reshape(6, 8, 8)
        np.testing.assert_array_equal(image[..., channel], expected)
    assert truth.shape == (6, 8, 8, 1)


def test_a_network_of_fixed_sides_is_validated_on_its_own_patches(opened, tiny):
    """20 x 16 pixels in patches of 8 x 16: three a slice, the last with 4 rows to be ignored."""
    image, truth = whole(opened, tiny)
    recipe = tiny(model={"name": "xlearn_unet"}, batches={"validation_batch_size": 4})
    batches = as_arrays(validation_data(recipe, opened, (), (8, 16)))
    images, truths = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert images.shape == (18, 8, 16, 1)
    assert {len(part) for part, _ in batches} == {4, 2}
    joined = truths.reshape(6, 24, 16, 1)
    np.testing.assert_array_equal(joined[:, :20], truth.reshape(6, 20, 16, 1))
    assert (joined[:, 20:] == 255).all()
    np.testing.assert_array_equal(images.reshape(6, 24, 16, 1)[:, :20], image.reshape(6, 20, 16, 1))


def test_patches_are_cut_along_both_sides(opened, tiny):
    _, truth = whole(opened, tiny)
    recipe = tiny(model={"name": "xlearn_unet"}, batches={"validation_batch_size": 5})
    batches = validation_data(recipe, opened, (), (10, 8))
    truths = np.concatenate([part for _, part in as_arrays(batches)])
    np.testing.assert_array_equal(truths[1], truth[0, 0, :10, 8:])
    np.testing.assert_array_equal(truths[6], truth[0, 1, 10:, :8])


def test_several_devices_share_each_batch_of_slices(opened, tiny):
    batches = validation_data(tiny(**SLICES), opened, ("CPU:0",) * 4, (None, None))
    assert [len(image) for image, _ in as_arrays(batches)] == [4]


@pytest.mark.parametrize("model", [{"name": "unet_3d"}, {"name": "unet_2d"}])
def test_border_weights_are_those_of_the_crop_without_the_class_weights(opened, tiny, model):
    sections = {"batches": {"batch_size": 1, "crop": [3, 16, 16]}, "augmentation": None}
    plain, _ = training_data(tiny(model=model, **sections), opened, 0)
    loss = {"border_weight": 4.0, "border_sigma": 2.0}
    weighed, _ = training_data(tiny(model=model, loss=loss, **sections), opened, 0)
    _, classes = as_arrays(plain.take(1))[0]
    _, truth = as_arrays(weighed.take(1))[0]
    assert weighed.element_spec[1].shape == (*classes.shape[:-1], 2)
    np.testing.assert_array_equal(truth[..., :1], classes)
    expected = border_weights(
        classes[..., 0].reshape(-1, 16, 16),
        border_weight=4.0,
        sigma=2.0,
        class_weights=[0, 0, 0],
    )
    assert expected.max() > 1
    np.testing.assert_allclose(truth[..., 1], expected.reshape(truth.shape[:-1]), rtol=1e-6)
    assert (truth[..., 1][classes[..., 0] == 255] == 0).all()


def test_border_weights_come_with_the_validation_too(opened, tiny):
    recipe = tiny(**SLICES, loss={"border_weight": 4.0})
    _, truth = as_arrays(validation_data(recipe, opened, (), (None, None)))[0]
    assert truth.shape == (1, 20, 16, 2)
    assert truth[..., 1].max() > 1


def test_nothing_is_done_to_batches_of_volumes_without_border_weights(opened, tiny):
    batches = object()
    assert for_network(batches, tiny()) is batches
