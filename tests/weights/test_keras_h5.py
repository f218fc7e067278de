import h5py
import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import unet_3d
from tomoseg_tf.weights.arrays import read_values
from tomoseg_tf.weights.importers.keras_h5 import CURRENT, LEGACY, load_keras_h5, sniff

keras = load_keras()


def fresh(**options):
    return unet_3d((None, None, None, 1), 1, **{"levels": 2, "base_features": 2, **options})


def assert_equal(ours, theirs):
    for our, their in zip(read_values(ours), read_values(theirs), strict=True):
        np.testing.assert_array_equal(our, their)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", ["final.h5", "final.hdf5", "final.weights.h5", "final"])
def test_keras_2_files_load_under_any_name(tmp_path, network, write_legacy, whole, name):
    path = write_legacy(tmp_path / name, network, whole=whole)
    assert sniff(path) == (LEGACY, "2.12.0")
    model = fresh()
    load_keras_h5(model, path)
    assert_equal(model, network)


@pytest.mark.parametrize("whole", [False, True])
def test_keras_reads_the_same_file_alike(tmp_path, network, write_legacy, whole):
    """Keras' own reader of its old format is the oracle, for the file and for the reader."""
    path = write_legacy(tmp_path / "final.h5", network, whole=whole)
    theirs, ours = fresh(), fresh()
    theirs.load_weights(path)
    load_keras_h5(ours, path)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("name", ["new.weights.h5", "renamed.h5"])
def test_keras_3_files_load_under_any_name(tmp_path, network, name):
    network.save_weights(tmp_path / "new.weights.h5")
    path = (tmp_path / "new.weights.h5").rename(tmp_path / name)
    assert sniff(path) == (CURRENT, "")
    model = fresh()
    load_keras_h5(model, path)
    assert_equal(model, network)


def test_a_long_list_of_layers_is_spread_over_attributes(tmp_path, network, write_legacy):
    path = write_legacy(tmp_path / "final.h5", network)
    with h5py.File(path, "r+") as file:
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:9], names[9:]
    model = fresh()
    load_keras_h5(model, path)
    assert_equal(model, network)


@pytest.mark.parametrize("current", [False, True])
@pytest.mark.parametrize("options", [{"levels": 1}, {"levels": 3}, {"base_features": 3}])
def test_a_misfit_is_one_line_and_changes_nothing(
    tmp_path, network, write_legacy, options, current
):
    path = tmp_path / "final.weights.h5"
    if current:
        network.save_weights(path)
    else:
        write_legacy(path, network)
    model = fresh(**options)
    before = read_values(model)
    with pytest.raises(ValueError, match=f"{path.name} does not fit unet_3d: ") as caught:
        load_keras_h5(model, path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    if not current:
        assert all(map(np.array_equal, before, read_values(model)))


def test_equal_shapes_of_another_kind_do_not_pass(tmp_path, network, write_legacy):
    path = write_legacy(tmp_path / "final.h5", network)
    with h5py.File(path, "r+") as file:
        group = file["batch_normalization"]
        names = group.attrs["weight_names"]
        group.attrs["weight_names"] = names[[1, 0, 2, 3]]
    with pytest.raises(ValueError, match=r"beta:0 \(2,\) stands where .*norm0/gamma \(2,\)"):
        load_keras_h5(fresh(), path)


def test_a_listed_array_that_is_missing_is_named(tmp_path, network, write_legacy):
    path = write_legacy(tmp_path / "final.h5", network)
    with h5py.File(path, "r+") as file:
        del file["conv3d_1/conv3d_1/bias:0"]
    with pytest.raises(ValueError, match="'conv3d_1/bias:0' is listed but missing"):
        load_keras_h5(fresh(), path)


@pytest.mark.parametrize("current", [False, True])
def test_values_that_are_not_finite_are_refused(tmp_path, network, write_legacy, current):
    broken = fresh()
    broken.set_weights([np.full_like(array, np.nan) for array in read_values(network)])
    path = tmp_path / "final.weights.h5"
    if current:
        broken.save_weights(path)
    else:
        write_legacy(path, broken)
    with pytest.raises(ValueError, match="values that are not finite"):
        load_keras_h5(fresh(), path)


def test_an_hdf5_file_of_something_else_is_refused(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["exchange/data"] = np.zeros((2, 3, 4))
    with pytest.raises(ValueError, match="not one that Keras wrote"):
        sniff(tmp_path / "scan.h5")
