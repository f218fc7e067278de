"""Labels of ilastik: strokes in a project, and segmentations that begin at 1."""

import json

import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import ArrayVolume, open_truth
from tomoseg_tf.volume.truth.ilastik import open_ilastik

SHAPE = 5, 20, 30
SCAN = ArrayVolume(np.zeros(SHAPE, np.uint8), spacing=(3, 2, 1), name="/data/b.h5::/exchange/data")
STROKES = np.zeros(SHAPE, np.uint8)
STROKES[1, 3:6, 4:9], STROKES[4, 18:, 29], STROKES[1, 10, 10:20] = 1, 2, 3


def tags(axes):
    return json.dumps({"axes": [{"key": axis} for axis in axes]})


def project(path, axes="zyxc", boxes=(((1, 2), (2, 12), (3, 21)), ((4, 5), (17, 20), (28, 30)))):
    """Write the parts of a project file that hold labels, as ilastik 1.4 does."""
    with h5py.File(path, "w") as file:
        file["Input Data/StorageVersion"] = "0.2"
        raw = file.create_group("Input Data/infos/lane0000/Raw Data")
        raw["filePath"], raw["axistags"] = "C:\\scans\\a.tif", tags(axes)
        names = np.array([b"matrix", b"pore", b"Fe rich"])
        file["PixelClassification/LabelNames"] = names
        group = file.create_group("PixelClassification/LabelSets/labels000")
        for number, box in enumerate(boxes):
            data = STROKES[tuple(slice(*side) for side in box)]
            ranges = dict(zip("zyx", box, strict=True)) | {"c": (0, 1), "t": (0, 1)}
            sides = {axis: "zyx".index(axis) for axis in axes if axis in "zyx"}
            data = data.transpose([*sides.values()])
            data = data.reshape([ranges[axis][1] - ranges[axis][0] for axis in axes])
            dataset = group.create_dataset(f"block{number:04}", data=data, compression="gzip")
            slices = ",".join(f"{start}:{stop}" for start, stop in (ranges[axis] for axis in axes))
            dataset.attrs["blockSlice"] = np.bytes_(f"[{slices}]")
    return path


@pytest.mark.parametrize("axes", ["zyxc", "zyx", "tzyxc", "xyzc"])
def test_strokes_of_a_project_are_sparse_truth(tmp_path, axes):
    truth = open_ilastik(project(tmp_path / "a.ilp", axes), SCAN)
    expected = np.where(STROKES, STROKES - 1, 255)
    np.testing.assert_array_equal(truth.read(0, 5), expected)
    box = (0, 5), (4, 19), (5, 30)
    np.testing.assert_array_equal(truth.read_box(box), expected[:, 4:19, 5:])
    assert truth.spacing == SCAN.spacing
    assert truth.notices == (
        "what has no label is 255; of its labels matrix is class 0, pore is class 1, Fe rich is "
        "class 2",
    )


def test_names_say_the_class(tmp_path):
    path = project(tmp_path / "a.ilp")
    found = open_ilastik(path, SCAN, classes=[("pore", 4), ("*", 0)]).read(0, 5)
    np.testing.assert_array_equal(found, np.array([255, 0, 4, 0])[STROKES])
    with pytest.raises(ValueError, match="its label Fe rich has no class; say it with --named"):
        open_ilastik(path, SCAN, classes=[("pore", 1), ("matrix", 0)])


def test_the_scan_names_one_of_several_images(tmp_path):
    path = project(tmp_path / "a.ilp")
    with h5py.File(path, "r+") as file:
        file.copy(
            "PixelClassification/LabelSets/labels000", "PixelClassification/LabelSets/labels001"
        )
        del file["PixelClassification/LabelSets/labels001/block0000"]
        file["Input Data/infos/lane0001/Raw Data/filePath"] = "../scans/b.h5/exchange/data"
    found = open_ilastik(path, SCAN).read(0, 5)
    assert (found != 255).sum() == (STROKES[4] > 0).sum()
    with pytest.raises(ValueError, match=r"has labels of a\.tif, b\.h5, and none of c\.tif"):
        open_ilastik(path, ArrayVolume(np.zeros(SHAPE, np.uint8), name="c.tif"))


def test_an_image_without_labels_does_not_get_those_of_another(tmp_path):
    path = project(tmp_path / "a.ilp")
    with h5py.File(path, "r+") as file:
        file["Input Data/infos/lane0001/Raw Data/filePath"] = "../scans/b.h5/exchange/data"
    with pytest.raises(ValueError, match=r"has labels of a\.tif, and none of b\.h5; name the scan"):
        open_ilastik(path, SCAN)
    for name in ("/data/a.tif", "renamed.tif"):
        truth = open_ilastik(path, ArrayVolume(np.zeros(SHAPE, np.uint8), name=name))
        assert (truth.read(0, 5) != 255).any()


def test_what_cannot_be_meant_is_one_line(tmp_path):
    path = project(tmp_path / "a.ilp")
    with pytest.raises(ValueError, match=r"labels up to voxel \(5, 20, 30\), but small has shape"):
        open_ilastik(path, ArrayVolume(np.zeros((5, 20, 29), np.uint8), name="small"))
    with h5py.File(path, "r+") as file:
        group = file["PixelClassification/LabelSets/labels000"]
        group["block0000"].attrs["blockSlice"] = "[1:2]"
    with pytest.raises(ValueError, match="its labels block0000 lie along zyxc, not z, y and x"):
        open_ilastik(path, SCAN)
    with h5py.File(path, "r+") as file:
        del file["PixelClassification/LabelSets/labels000"]
        file["PixelClassification/LabelSets/labels000"] = h5py.ExternalLink("b.h5", "/")
    with pytest.raises(ValueError, match="holds no labels of pixel classification; save"):
        open_ilastik(path, SCAN)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ValueError, match=r"a\.ilp: is damaged or cut short"):
        open_ilastik(path, SCAN)


@pytest.mark.parametrize("shape", [(5, 20, 30), (5, 20, 30, 1), (1, 5, 20, 30, 1)])
def test_simple_segmentations_begin_at_one(tmp_path, shape):
    path = tmp_path / "a_Simple Segmentation.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("exported_data", data=STROKES.reshape(shape))
        dataset.attrs["axistags"] = tags("tzyxc"[-len(shape) :])
    found = open_truth(path, "ilastik").read(0, 5)
    np.testing.assert_array_equal(found, np.where(STROKES, STROKES - 1, 255))
