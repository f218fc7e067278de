"""All notebooks are valid and without outputs; the first ones run small.

Those after the first one take minutes: they run with the commands of the documentation.
"""

import csv
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tifffile

from tomoseg_tf.bundle import bundled
from tomoseg_tf.volume import open_truth, open_volume
from tomoseg_tf.weights import open_weights

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.fixture
def small(tmp_path):
    """Files of a part of the example scan with a whole object; their parameters as code."""
    grey, truth = (tifffile.imread(bundled("example") / f"{n}.tif") for n in ("pillar", "truth"))
    y, x = (int(np.median(axis)) for axis in np.nonzero(truth[27]))
    box = slice(20, 36), slice(y - 40, y + 40), slice(x - 40, x + 40)
    tifffile.imwrite(tmp_path / "scan.tif", grey[box])
    tifffile.imwrite(tmp_path / "truth.tif", truth[box])
    return (
        'scan_path, truth_path = Path("scan.tif"), Path("truth.tif")\n'
        'weights_name = "unet_3d_micropillar"'
    )


def test_segment_a_scan(small, execute, outputs, tmp_path):
    text, figures = outputs(execute("1_segment.ipynb", small))
    assert figures == 7
    assert "(16, 80, 80) uint8" in text
    assert re.search(r"Voxels compared +102,400", text)
    difference = re.search(r"largest difference from those of the whole scan: (\S+)", text)
    assert float(difference[1]) < 1e-5
    names = ("probabilities", "segmentation", "segmentation_040")
    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == sorted(names)
    probabilities, at_half, at_04 = (tifffile.imread(tmp_path / "out" / f"{n}.tif") for n in names)
    np.testing.assert_array_equal(at_half, probabilities > 0.5)
    np.testing.assert_array_equal(at_04, probabilities > 0.4)


@pytest.mark.docs
def test_your_data(execute, outputs, tmp_path):
    parameters = (
        'scan_path, label_path, palette = None, None, "auto"\n'
        'class_names = "background", "inclusion", "precipitate"\n'
        "shape, patch = (12, 64, 64), (4, 32, 32)\n"
    )
    text, figures = outputs(execute("2_your_data.ipynb", parameters))
    assert figures == 7
    kept = dict(re.findall(r"^copy(\.\S+) .* (yes|no) +True$", text, re.MULTILINE))
    assert kept == {
        ".tif": "yes",
        ".ome.tif": "yes",
        ".nrrd": "yes",
        ".zarr": "yes",
        ".h5::/exchange/data": "yes",
        ".npy": "no",
        ".raw": "no",
    }
    assert (
        re.findall(r" ([\d.]+) %(?: of the voxels as they should be)?$", text, re.MULTILINE)[-4:]
        == ["100.00"] * 4
    )
    assert "(value: voxels)" in text
    assert "give a palette of them, such as" in text
    sparse = open_truth(tmp_path / "out/sparse.tif").read(0, 12)
    labelled = [z for z in range(12) if (sparse[z] != 255).any()]
    assert labelled == [1, 3, 6, 9]
    exact = open_truth(tmp_path / "out/labels.tif").read(0, 12)
    np.testing.assert_array_equal(sparse[labelled], exact[labelled])


@pytest.mark.docs
def test_train(execute, outputs, tmp_path):
    parameters = (
        "scans, compare_with = None, None\n"
        "shape, patch, crop = (16, 64, 64), (16, 32, 32), (8, 16, 16)\n"
        "epochs, steps = 2, 2\n"
    )
    text, figures = outputs(execute("3_train.ipynb", parameters))
    assert figures == 5
    assert re.search(r"^ +4 +8 +366,593 ", text, re.MULTILINE)
    assert re.search(r"^loss.name +crossentropy_dice +binary_crossentropy$", text, re.MULTILINE)
    with open(tmp_path / "out/run/history.csv", encoding="utf-8") as file:
        epochs = [*csv.DictReader(file)]
    shown = re.findall(r"^epoch +\d+ .*validation: loss ([\d.]+) ", text, re.MULTILINE)
    assert shown == [f"{float(row['val_loss']):.3f}" for row in epochs]
    stored = re.search(r"^threshold 0.5 -> ([\d.]+)$", text, re.MULTILINE)[1]
    (weights,) = (
        folder
        for folder in sorted((tmp_path / "out/run").glob("best_*"))
        if open_weights(folder).config.threshold != 0.5
    )
    assert f"{open_weights(weights).config.threshold:.3f}" == stored
    assert open_volume(tmp_path / "out/segmentation_3.tif").shape == (16, 64, 64)


@pytest.mark.docs
def test_compare(execute, outputs, tmp_path):
    parameters = (
        'scan_path, label_path, palette = None, None, "auto"\n'
        'class_names = "background", "inclusion", "precipitate"\n'
        "shape, crop, minutes = (14, 64, 64), (1, 32, 32), 0.05\n"
        'settings = "schedule.epochs=1", "schedule.steps_per_epoch=1"\n'
        'networks = {"unet_2d": {"base_features": 2, "levels": 2}}\n'
        'others = ("otsu", "random_forest")\n'
    )
    text, figures = outputs(execute("4_compare.ipynb", parameters))
    assert figures == 5
    rows = re.findall(
        r"^(\w+) +(?:1|-) +[\d.-]+ +[\d.-]+ +([\d.]+)(?: +[\d.]+){3}$", text, re.MULTILINE
    )
    names = ["unet_2d", "otsu", "random_forest"]
    assert sorted(name for name, _ in rows) == sorted(names + names + ["by_hand"])
    with open(tmp_path / "out/compared/table.csv", encoding="utf-8") as file:
        table = {row["label"]: f"{float(row['miou']):.3f}" for row in csv.DictReader(file)}
    assert dict(rows) == table
