import base64
import io
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from tomoseg_tf.plots import view_slices
from tomoseg_tf.volume import ArrayVolume

Z, Y, X = 6, 20, 30


@pytest.fixture
def pair():
    """Grey levels that rise with z, and a truth with an object in slice 4, row 7."""
    grey = np.broadcast_to(np.arange(Z, dtype=np.uint8)[:, None, None] * 10, (Z, Y, X)).copy()
    truth = np.zeros((Z, Y, X), np.uint8)
    truth[4, 7, 10:15] = 1
    return ArrayVolume(grey, spacing=(1.0, 0.5, 0.5)), truth


def image(content):
    return imread(io.BytesIO(content))


def test_without_ipywidgets_there_is_a_picture_of_the_slice_with_most_objects(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    viewer = view_slices(*pair)
    assert viewer.widget() is None
    bundle = viewer._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"}
    assert bundle["text/plain"] == "SliceViewer(array, xy plane, slice 4)"
    shown = image(base64.b64decode(bundle["image/png"]))
    np.testing.assert_array_equal(shown, image(viewer.picture("xy", 4)))
    assert not np.array_equal(shown[:200, :200], image(viewer.picture("xy", 0))[:200, :200])


def test_panels_are_those_of_the_plane_with_one_range_of_grey_levels(pair):
    viewer = view_slices(*pair, pair[1], plane="xz")
    axes = viewer.draw("xz", 7)
    assert [ax.get_title() for ax in axes] == ["Scan, y = 7", "Truth", "Segmentation", "Hit map"]
    assert axes[0].images[0].get_array().shape == (Z, X)
    limits = {viewer.draw("xy", z)[0].images[0].get_clim() for z in (0, 3, 5)}
    assert limits == {(0.0, 50.0)}


def test_without_classes_it_begins_in_the_middle(pair):
    assert repr(view_slices(pair[0])) == "SliceViewer(array, xy plane, slice 3)"
    assert len(view_slices(pair[0]).draw("yz", 2)) == 1
    assert repr(view_slices(pair[0], plane="xz", index=2)).endswith("xz plane, slice 2)")


def test_what_cannot_be_shown_is_an_error_at_once(pair):
    with pytest.raises(ValueError, match=r"plane 'zy' is not known"):
        view_slices(*pair, plane="zy")
    with pytest.raises(ValueError, match="must be of one shape"):
        view_slices(pair[0], pair[1][1:])
    with pytest.raises(ValueError, match="slice 6 is outside array"):
        view_slices(*pair, index=6)


def test_the_slider_goes_through_the_slices_of_each_plane(pair):
    pytest.importorskip("ipywidgets", reason='the viewer has a slider: pip install ".[notebooks]"')
    viewer = view_slices(*pair)
    widget = viewer.widget()
    (planes, slider), shown = widget.children[0].children, widget.children[1]
    assert (slider.value, slider.min, slider.max) == (4, 0, Z - 1)
    slider.value = 2
    np.testing.assert_array_equal(image(shown.value), image(viewer.picture("xy", 2)))
    planes.value = "yz"
    assert (slider.value, slider.max) == (X // 2 - 1, X - 1)
    np.testing.assert_array_equal(image(shown.value), image(viewer.picture("yz", X // 2 - 1)))
    planes.value = "xy"
    assert slider.max == Z - 1
    np.testing.assert_array_equal(image(shown.value), image(viewer.picture("xy", Z // 2 - 1)))
    planes.value, slider.value = "xz", X // 2 - 1  # which is the middle of the next plane
    planes.value = "yz"
    np.testing.assert_array_equal(image(shown.value), image(viewer.picture("yz", X // 2 - 1)))
    bundle = viewer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"].startswith("SliceViewer(")
