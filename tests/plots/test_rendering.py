import numpy as np
import pytest

from tomoseg_tf.plots import plot_rendering, rendered_surfaces, rendering_data, save_figure
from tomoseg_tf.plots import rendering as module
from tomoseg_tf.plots.thinning import block_side, thin_classes
from tomoseg_tf.volume import ArrayVolume


def ball(radius, shape, centre, value=1):
    places = np.indices(shape).T - centre
    return (value * ((places**2).sum(axis=-1) <= radius**2)).T.astype(np.uint8)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_blocks_hold_the_share_of_each_class(factor):
    rng = np.random.default_rng(factor)
    classes = rng.choice([0, 1, 2, 255], (7, 8, 11)).astype(np.uint8)
    shares = thin_classes(ArrayVolume(classes), factor)
    assert sorted(shares) == [1, 2]
    pads = [(0, -side % factor) for side in classes.shape]
    sides = [side for total in shares[1].shape for side in (total, factor)]
    for index, share in shares.items():
        whole = np.pad(classes == index, pads).reshape(sides)
        np.testing.assert_allclose(share, whole.mean(axis=(1, 3, 5)), atol=1e-6)


def test_surface_of_a_ball_in_micrometres():
    """Radius 9 voxels of 0.5 µm around (z, y, x) = (14, 16, 20)."""
    classes = ball(9, (32, 36, 40), (14, 16, 20))
    (surface,) = rendered_surfaces(ArrayVolume(classes, spacing=(0.5, 0.5, 0.5)))
    corners = surface.triangles
    np.testing.assert_allclose(corners.mean(axis=(0, 1)), [10.25, 8.25, 7.25], atol=0.02)
    radii = np.linalg.norm(corners.reshape(-1, 3) - [10.25, 8.25, 7.25], axis=1)
    np.testing.assert_allclose(radii, 4.5, atol=0.35)
    products = np.cross(corners[:, 0], corners[:, 1]) * corners[:, 2]
    assert products.sum() / 6 == pytest.approx(4 / 3 * np.pi * 4.5**3, rel=0.03)  # outward: > 0
    assert surface.volume == np.count_nonzero(classes) * 0.5**3
    data = rendering_data([surface])
    assert data["equivalent_radius_um"][0] == pytest.approx(4.5, rel=0.02)
    assert data["touches_border"] == [False]


def test_the_largest_objects_are_drawn_and_touching_classes_stay_apart(tmp_path):
    shape = (24, 40, 60)
    classes = ball(8, shape, (10, 12, 14))
    classes = np.maximum(classes, ball(6, shape, (10, 12, 28), 2))
    classes = np.maximum(classes, ball(3, shape, (0, 30, 50)))
    surfaces = rendered_surfaces(classes, largest=2)
    assert [one.object_class for one in surfaces] == [1, 2]
    assert rendered_surfaces(classes)[2].touches_border
    ax = plot_rendering(classes, surfaces=surfaces, names=["matrix", "pore", "Al2Cu"])
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_zlim()) == ((0, 60), (0, 40), (0, 24))
    assert ax.get_xlabel() == "x (voxels)"
    legend = ax.figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["pore", "Al2Cu"]
    save_figure(ax, tmp_path / "r.png", dpi=60, data=rendering_data(surfaces, unit="voxels"))
    assert (tmp_path / "r.csv").read_text().startswith("class,volume_voxels,")


def test_too_many_triangles_are_thinned_and_said(monkeypatch):
    monkeypatch.setattr(module, "MOST_TRIANGLES", 500)
    classes = ball(12, (32, 36, 40), (15, 17, 19))
    surfaces = rendered_surfaces(classes)
    assert len(surfaces[0].triangles) <= 500
    assert surfaces[0].block > 1
    ax = plot_rendering(classes, surfaces=surfaces)
    assert ax.figure.texts[0].get_text() == f"in blocks of {surfaces[0].block}³ voxels"
    assert surfaces[0].volume == pytest.approx(np.count_nonzero(classes), rel=0.05)


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="no object to be drawn"):
        plot_rendering(np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(ValueError, match="classes have type uint8, not float32"):
        plot_rendering(np.zeros((4, 4, 4), np.float32))
    assert block_side((10, 10, 10), 1000) == 1
