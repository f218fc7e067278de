import numpy as np
import pytest

from tomoseg_tf.plots import busiest_slice, plot_panels, save_figure
from tomoseg_tf.volume import ArrayVolume


@pytest.fixture
def scan():
    """A scan of 5 slices whose slice 3 holds most objects, its truth and a segmentation."""
    rng = np.random.default_rng(0)
    truth = np.zeros((5, 20, 30), np.uint8)
    truth[1, 5:8, 5:8] = 1
    truth[3, 5:12, 5:12] = 1
    truth[4] = 255
    segmentation = np.roll(truth, 1, axis=2) % 255
    volume = (150 - 80.0 * (truth == 1) + rng.normal(0, 9, truth.shape)).astype(np.uint8)
    return ArrayVolume(volume, spacing=(0.03, 0.03, 0.03)), truth, segmentation


def test_busiest_slice_does_not_count_ignored_voxels(scan):
    assert busiest_slice(scan[1]) == 3


def test_panels_show_the_busiest_slice(scan, tmp_path):
    volume, truth, segmentation = scan
    axes = plot_panels(volume, truth, segmentation)
    assert axes.shape == (4,)
    titles = [ax.get_title() for ax in axes]
    assert titles == ["Scan, slice 3", "Truth", "Segmentation", "Hit map"]
    np.testing.assert_array_equal(axes[0].images[0].get_array(), volume.read(3, 4)[0])
    np.testing.assert_array_equal(axes[1].images[0].get_array(), truth[3])
    np.testing.assert_array_equal(axes[2].images[0].get_array(), segmentation[3])
    assert len(axes[0].patches) == 1
    save_figure(axes[0], tmp_path / "panels.png", dpi=50)


def test_panels_of_files(scan, tmp_path):
    paths = [tmp_path / f"{name}.npy" for name in ("volume", "truth", "segmentation")]
    for path, array in zip(paths, (scan[0].read(0, 5), *scan[1:]), strict=True):
        np.save(path, array)
    axes = plot_panels(*paths, z=1, names=("Raw", "By hand", "U-Net"))
    assert [ax.get_title() for ax in axes] == ["Raw, slice 1", "By hand", "U-Net", "Hit map"]
    np.testing.assert_array_equal(axes[1].images[0].get_array(), scan[1][1])


def test_the_scale_bar_is_by_the_spacing_given(scan):
    given = plot_panels(*scan, spacing=(0.3, 0.3, 0.3))[0]
    bar, own = (axes.texts[0].get_text() for axes in (given, plot_panels(*scan)[0]))
    assert (bar, own) == ("2 µm", "200 nm")


def test_slice_outside_is_an_error(scan):
    with pytest.raises(ValueError, match="slice 5 is outside array; it has 0 to 4"):
        plot_panels(*scan, z=5)


def test_shapes_must_agree(scan):
    with pytest.raises(ValueError, match="must be of one shape"):
        plot_panels(scan[0], scan[1][:4], scan[2])
