"""The widgets in a real viewer; skipped where napari is not installed.

Where it is: ``python -m pytest -o filterwarnings= tests/napari/test_widgets.py``, without a screen
behind ``xvfb-run``.
"""

import re
import time

import numpy as np
import pytest
import tifffile

from tomoseg_tf.bundle import bundled
from tomoseg_tf.volume import create_volume, open_volume

napari = pytest.importorskip("napari")

SPACING = (0.1, 0.1, 0.1)
SHAPE = (12, 32, 32)
PATIENCE = 120  # seconds for a process that loads TensorFlow


@pytest.fixture
def viewer():
    viewer = napari.Viewer(show=False)
    yield viewer
    viewer.close()


@pytest.fixture
def scan(viewer, tmp_path):
    """The scan, open in the viewer: its grey levels."""
    pillar = tifffile.imread(bundled("example") / "pillar.tif")[:12, 80:112, 80:112]
    with create_volume(tmp_path / "scan.tif", SHAPE, pillar.dtype, spacing=SPACING) as writer:
        writer.write(0, pillar)
    viewer.open(tmp_path / "scan.tif", plugin="tomoseg-tf")
    return pillar


@pytest.fixture
def shown(monkeypatch):
    """Messages that would pop up."""
    texts = []
    for module in ("segment_widget", "correct_widget", "task_widget"):
        for name in ("show_info", "show_warning", "show_error"):
            place = f"tomoseg_tf.napari.{module}.{name}"
            monkeypatch.setattr(place, texts.append, raising=False)
    return texts


def press(button, widget):
    """Press a button and wait for what it began."""
    from qtpy.QtWidgets import QApplication

    button.changed.emit(True)
    until = time.monotonic() + PATIENCE
    while widget._worker is not None and time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.02)
    QApplication.processEvents()
    assert widget._worker is None


def dock(viewer, name):
    return viewer.window.add_plugin_dock_widget("tomoseg-tf", name)[1]


def test_a_scan_is_segmented(viewer, scan, shown):
    widget = dock(viewer, "Segment a scan")
    widget.weights.name.value = "unet_3d_micropillar"
    widget.slices.value = 4
    viewer.dims.set_point(0, 0.6)
    press(widget.start, widget)
    layer = viewer.layers[-1]
    assert layer.name == "unet_3d_micropillar, slices 4 to 7"
    assert layer.data.shape == (4, 32, 32)
    np.testing.assert_allclose(layer.translate, (0.4, 0, 0))
    share = 100 * layer.data.mean()
    assert shown[-1] == f"unet_3d_micropillar, slices 4 to 7: object {share:.3g} %"


def test_the_worst_slices_are_mended(viewer, scan, shown, tmp_path):
    widget = dock(viewer, "Correct the worst slices")
    widget.weights.name.value = "unet_3d_micropillar"
    widget.count.value = 2
    widget.folder.value = tmp_path / "mend"
    widget.merged.value = tmp_path / "mended.tif"
    press(widget.start, widget)
    layer = viewer.layers.selection.active
    assert not viewer.layers["scan"].visible  # its slices are not those that are shown
    assert (layer.name, layer.mode, layer.data.shape) == ("mend: labels", "paint", (2, 32, 32))
    told = re.fullmatch(r"slider 0 to 1: slices (\d+), (\d+)", shown[-1])
    layer.data[1, 5:9] = 1
    widget.mended.value = told[2]
    press(widget.merge, widget)
    assert f"slices {told[2]} merged" in shown[-1]
    assert widget.truth.value == tmp_path / "mended.tif"
    truth = open_volume(tmp_path / "mended.tif").read(0, SHAPE[0])
    (labelled,) = np.flatnonzero((truth != 255).any(axis=(1, 2)))
    assert labelled == int(told[2])
    np.testing.assert_array_equal(truth[labelled], layer.data[1])
    press(widget.merge, widget)
    assert "exists: choose another new truth" in shown[-1]
    press(widget.start, widget)
    assert "exists; choose another folder, or open it" in shown[-1]


def test_without_a_scan_one_line_is_shown(viewer, shown):
    for name in ("Segment a scan", "Correct the worst slices"):
        press((widget := dock(viewer, name)).start, widget)
        assert shown[-1] == "there is no scan; open one first"
