"""The segmentation in the colours of its classes."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from tomoseg_tf.prediction.colours import check_colours_output, colour_table, create_colours
from tomoseg_tf.volume import open_truth
from tomoseg_tf.weights import class_entries

CLASSES = class_entries(("a", "b", "c"))
SEGMENTATION = np.random.default_rng(0).integers(0, 3, (5, 6, 7), dtype=np.uint8)


def write(path, **settings):
    table = colour_table(CLASSES)
    with create_colours(path, SEGMENTATION.shape, **settings) as writer:
        writer.write(0, table[SEGMENTATION[:3]])
        writer.write(3, table[SEGMENTATION[3:]])


def test_the_table_has_the_colours_of_the_classes():
    table = colour_table(CLASSES)
    assert table[:4].tolist() == [[0, 0, 0], [0xE6, 0x9F, 0], [0x56, 0xB4, 0xE9], [0, 0, 0]]


def test_a_tiff_stack_is_rgb_and_keeps_the_spacing(tmp_path):
    write(tmp_path / "c.tif", spacing=(0.3, 0.2, 0.1))
    with tifffile.TiffFile(tmp_path / "c.tif") as file:
        assert file.series[0].axes == "ZYXS"
        assert file.imagej_metadata["spacing"] == pytest.approx(0.3)
        np.testing.assert_array_equal(file.asarray(), colour_table(CLASSES)[SEGMENTATION])


@pytest.mark.parametrize(("name", "suffix"), [("c", ".tif"), ("c.png", ".png")])
def test_a_folder_has_an_image_per_slice(tmp_path, name, suffix):
    write(tmp_path / name)
    paths = sorted((tmp_path / name).iterdir())
    assert [path.name for path in paths] == [f"slice_000{z}{suffix}" for z in range(5)]
    images = [np.asarray(Image.open(path)) for path in paths]
    np.testing.assert_array_equal(images, colour_table(CLASSES)[SEGMENTATION])


@pytest.mark.parametrize("name", ["c.tif", "c", "c.png"])
def test_truth_reads_the_classes_back(tmp_path, name):
    write(tmp_path / name)
    palette = ",".join(f"{entry.colour}:{index}" for index, entry in enumerate(CLASSES))
    truth = open_truth(tmp_path / name, palette)
    np.testing.assert_array_equal(truth.read(0, 5), SEGMENTATION)


def test_what_is_there_stays_unless_told_otherwise(tmp_path):
    write(tmp_path / "c.png")
    with pytest.raises(ValueError, match="already exists"):
        write(tmp_path / "c.png")
    write(tmp_path / "c.png", overwrite=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds no slice_\*\.tif"):
        check_colours_output(tmp_path / "other", overwrite=True)
    tifffile.imwrite(tmp_path / "other" / "slice_0001.tif", SEGMENTATION[0])
    (tmp_path / "other" / "notes.txt").unlink()
    with pytest.raises(ValueError, match=r"more than slices that tomoseg-tf wrote \(slice_0001"):
        check_colours_output(tmp_path / "other", overwrite=True)
    write(tmp_path / "c")
    write(tmp_path / "c", overwrite=True)
    with pytest.raises(ValueError, match="colours are written to a TIFF file"):
        check_colours_output(tmp_path / "c.npy")


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), create_colours(tmp_path / "c.tif", (5, 6, 7)):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
