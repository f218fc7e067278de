import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tifffile
from nbclient import NotebookClient

from tomoseg_tf.bundle import bundled

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def execute(name, folder, parameters):
    """Run a notebook in a folder, with its cell of parameters replaced."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", ()))
    cell.source = parameters
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_name="python3", timeout=600, resources=where).execute()
    return notebook


def outputs(notebook):
    """What the cells printed, and how many figures they show."""
    found = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    printed = [(out.name, out.text) for out in found if out.output_type == "stream"]
    figures = sum("image/png" in out.get("data", {}) for out in found)
    return printed, figures


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
        "from pathlib import Path\n"
        'scan_path, truth_path = Path("scan.tif"), Path("truth.tif")\n'
        'weights_name, output = "unet_3d_micropillar", Path("out")'
    )


def test_segment_a_scan(small, tmp_path):
    printed, figures = outputs(execute("1_segment.ipynb", tmp_path, small))
    assert figures == 7
    assert [name for name, _ in printed if name != "stdout"] == []
    text = "".join(text for _, text in printed)
    assert "(16, 80, 80) uint8" in text
    assert re.search(r"Voxels compared +102,400", text)
    difference = re.search(r"largest difference from those of the whole scan: (\S+)", text)
    assert float(difference[1]) < 1e-5
    names = ("probabilities", "segmentation", "segmentation_040")
    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == sorted(names)
    probabilities, at_half, at_04 = (tifffile.imread(tmp_path / "out" / f"{n}.tif") for n in names)
    np.testing.assert_array_equal(at_half, probabilities > 0.5)
    np.testing.assert_array_equal(at_04, probabilities > 0.4)
