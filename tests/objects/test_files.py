import csv
import sys

import numpy as np
import pytest
from skimage.measure import label

from tomoseg_tf.objects import measure_objects, read_table, write_objects, write_table
from tomoseg_tf.volume import create_volume, open_volume


@pytest.fixture
def segmentation(tmp_path):
    """Path of random blobs of one class."""
    classes = (np.random.default_rng(0).random((9, 12, 13)) < 0.06).astype(np.uint8)
    path = tmp_path / "segmentation.tif"
    with create_volume(path, classes.shape, "uint8", spacing=(2, 1, 1)) as writer:
        writer.write(0, classes)
    return path


def test_a_table_comes_back(tmp_path, segmentation):
    columns = measure_objects(segmentation, min_voxels=1, keep_border=True).columns
    write_table(columns, tmp_path / "t.csv")
    found = read_table(tmp_path / "t.csv")
    assert list(found) == list(columns)
    for name, column in columns.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-9, err_msg=name)
    with open(tmp_path / "t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(columns["label"])
    assert {row["touches_border"] for row in rows} == {"true", "false"}
    assert "nan" not in (tmp_path / "t.csv").read_text()


def test_an_empty_table_has_its_heading(tmp_path):
    objects, _ = write_objects(np.zeros((3, 4, 5), np.uint8), tmp_path / "t.csv")
    assert len(objects) == 0
    found = read_table(tmp_path / "t.csv")
    assert "sphericity" in found
    assert all(len(column) == 0 for column in found.values())


@pytest.mark.parametrize("depth", [1, 4, 9])
@pytest.mark.parametrize("connectivity", [6, 26])
def test_labels_are_rows_of_the_table(tmp_path, segmentation, depth, connectivity):
    settings = {"connectivity": connectivity, "min_voxels": 2, "depth": depth}
    output = tmp_path / "labels.tif"
    objects, _ = write_objects(segmentation, tmp_path / "t.csv", labels=output, **settings)
    volume = open_volume(output)
    labels, classes = volume.read(0, 9), open_volume(segmentation).read(0, 9)
    assert (volume.dtype, volume.spacing) == (np.uint32, (2, 1, 1))
    sizes = np.bincount(labels.ravel(), minlength=len(objects) + 1)[1:]
    np.testing.assert_array_equal(sizes, objects.columns["voxels"])
    whole = label(classes, connectivity=1 if connectivity == 6 else 3)
    pairs = np.unique(np.stack([labels[labels > 0], whole[labels > 0]]), axis=1)
    assert len(pairs[0]) == len(objects) == len(np.unique(pairs[1]))
    assert (np.diff(pairs[1]) > 0).all()  # in the order of scikit-image


def test_parquet_needs_its_package(tmp_path, monkeypatch):
    columns = measure_objects(np.pad(np.ones((2, 2, 2), np.uint8), 1)).columns
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match="Parquet needs the package pyarrow"):
        write_table(columns, tmp_path / "t.parquet")


def test_parquet_comes_back(tmp_path):
    columns = measure_objects(np.pad(np.ones((2, 2, 2), np.uint8), 1)).columns
    write_table(columns, tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet")
    for name, column in columns.items():
        assert found[name].dtype == column.dtype
        np.testing.assert_array_equal(found[name], column)


def test_outputs_that_cannot_be(tmp_path, segmentation):
    with pytest.raises(ValueError, match=r"ends in \.csv or \.parquet"):
        write_objects(segmentation, tmp_path / "t.txt")
    with pytest.raises(ValueError, match="is named twice"):
        write_objects(segmentation, tmp_path / "t.csv", labels=segmentation, overwrite=True)
    (tmp_path / "t.csv").write_text("mine")
    with pytest.raises(ValueError, match="already exists"):
        write_objects(segmentation, tmp_path / "t.csv")
    write_objects(segmentation, tmp_path / "t.csv", overwrite=True)
    with pytest.raises(ValueError, match="without a class"):
        write_objects(np.full((2, 3, 4), 77), tmp_path / "n.csv", labels=tmp_path / "l.tif")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["segmentation.tif", "t.csv"]


def test_tables_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="is no table of objects"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("label,b\n1,two\n")
    with pytest.raises(ValueError, match="column b holds"):
        read_table(tmp_path / "t.csv")
