"""One scan, written in every format by its own library, segmented into every format."""

import h5py
import nrrd
import numpy as np
import pytest
import tifffile
import zarr

from tomoseg_tf.models import unet_3d
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

COMMAND = ("segment",)
SCAN = np.random.default_rng(0).integers(0, 4000, (6, 20, 24), dtype=np.uint16)
SPACING = (0.3, 0.2, 0.1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights of a small network that finds both classes in noise."""
    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    network, rng = unet_3d(**arguments), np.random.default_rng(2)
    for weight in network.weights:
        values = rng.normal(0, 0.3, weight.shape) + weight.path.endswith(("gamma", "variance"))
        weight.assign(abs(values) if weight.path.endswith("variance") else values)
    folder = tmp_path_factory.mktemp("weights") / "random"
    classes = class_entries(("background", "object"))
    config = WeightsConfig(model="unet_3d", arguments=arguments, classes=classes)
    save_weights(folder, network, config, card="# Random\n")
    return folder


@pytest.fixture
def reference(run, weights, tmp_path):
    np.save(tmp_path / "reference.npy", SCAN)
    code, _, _ = run(tmp_path / "reference.npy", tmp_path / "result.npy", "-w", weights)
    assert code == 0
    classes = np.load(tmp_path / "result.npy")
    assert 0.05 < classes.mean() < 0.95
    return classes


def write_slices(folder):
    folder.mkdir()
    for z, plane in enumerate(SCAN):
        tifffile.imwrite(folder / f"s{z}.tif", plane)


def write_hdf5(path, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/data", data=SCAN, **options)


def write_nexus(path):
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "scan"})
        data = entry.create_group("scan")
        data.attrs.update({"NX_class": "NXdata", "signal": "volume"})
        data["volume"] = SCAN
        file["other"] = SCAN[:, :, ::-1]


def write_ome_zarr(path):
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", data=SCAN, chunks=(4, 8, 8))
    scale = {"type": "scale", "scale": list(SPACING)}
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]


IN = {
    "a.tif": lambda path: tifffile.imwrite(path, SCAN, imagej=True, metadata={"axes": "ZYX"}),
    "lzw.tif": lambda path: tifffile.imwrite(path, SCAN, byteorder=">", compression="lzw"),
    "zstd.tif": lambda path: tifffile.imwrite(path, SCAN, tile=(16, 16), compression="zstd"),
    "a.ome.tif": lambda path: tifffile.imwrite(path, SCAN, ome=True, metadata={"axes": "ZYX"}),
    "slices": write_slices,
    "a.h5": write_hdf5,
    "deflate.h5": lambda path: write_hdf5(path, chunks=(2, 9, 9), compression="gzip"),
    "a.nxs": write_nexus,
    "v2.zarr": lambda path: zarr.save_array(path, SCAN, zarr_format=2),
    "v3.zarr": lambda path: zarr.save_array(path, SCAN, zarr_format=3),
    "a.ome.zarr": write_ome_zarr,
    "a.nrrd": lambda path: nrrd.write(str(path), SCAN, index_order="C"),
    "a.nhdr": lambda path: nrrd.write(str(path), SCAN, index_order="C", detached_header=True),
    "a.raw": SCAN.tofile,
}


@pytest.mark.parametrize("name", IN)
def test_every_input_gives_the_same_segmentation(run, weights, reference, tmp_path, name):
    IN[name](tmp_path / name)
    bare = ("--shape", "6,20,24", "--dtype", "uint16") if name == "a.raw" else ()
    code, _, err = run(tmp_path / name, tmp_path / "s.tif", "-w", weights, *bare)
    assert (code, err) == (0, "")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "s.tif"), reference)


def read_tiff(path):
    with tifffile.TiffFile(path) as file:
        page, metadata = file.pages.first, file.imagej_metadata
        across, down = (page.tags[f"{axis}Resolution"].value for axis in "XY")
        spacing = metadata["spacing"], down[1] / down[0], across[1] / across[0]
        return file.asarray(), spacing


def read_ome_tiff(path):
    with tifffile.TiffFile(path) as file:
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
        assert {pixels[f"PhysicalSize{axis}Unit"] for axis in "ZYX"} == {"µm"}
        return file.asarray(), tuple(pixels[f"PhysicalSize{axis}"] for axis in "ZYX")


def read_slices(path):
    pages = sorted(path.iterdir())
    return np.stack([tifffile.imread(page) for page in pages]), None


def read_hdf5(path):
    with h5py.File(path) as file:
        found = []
        file.visititems(lambda _, item: found.append(item) if hasattr(item, "ndim") else None)
        (volume,) = (item for item in found if item.ndim == 3)
        return volume[()], tuple(volume.attrs["element_size_um"])


def read_ome_zarr(path):
    group = zarr.open_group(path, mode="r")
    attributes = dict(group.attrs)
    image = attributes.get("ome", attributes)["multiscales"][0]
    assert {axis["unit"] for axis in image["axes"]} == {"micrometer"}
    dataset = image["datasets"][0]
    return group[dataset["path"]][:], tuple(dataset["coordinateTransformations"][0]["scale"])


def read_nrrd(path):
    array, header = nrrd.read(str(path), index_order="C")
    if "spacings" in header:
        return array, tuple(header["spacings"][::-1])
    return array, tuple(np.diag(header["space directions"])[::-1])


OUT = {
    "o.tif": read_tiff,
    "o.ome.tif": read_ome_tiff,
    "o": read_slices,
    "o.h5": read_hdf5,
    "o.ome.zarr": read_ome_zarr,
    "o.zarr": read_ome_zarr,
    "o.nrrd": read_nrrd,
    "o.nhdr": read_nrrd,
    "o.npy": lambda path: (np.load(path), None),
    "o.raw": lambda path: (np.fromfile(path, np.uint8).reshape(SCAN.shape), None),
}


@pytest.mark.parametrize("name", OUT)
def test_every_output_opens_in_its_library(run, weights, reference, tmp_path, name):
    scan, result = tmp_path / "reference.npy", tmp_path / name
    code, _, _ = run(scan, result, "-w", weights, "--spacing", "0.3,0.2,0.1")
    assert code == 0
    array, spacing = OUT[name](result)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, reference)
    assert spacing is None or spacing == pytest.approx(SPACING)
