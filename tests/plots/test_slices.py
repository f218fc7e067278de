import numpy as np
import pytest

from tomoseg_tf.plots import new_axes, plot_classes, plot_slice, save_figure, scale_bar
from tomoseg_tf.plots.slices import grey_range


@pytest.mark.parametrize(
    ("width", "spacing", "length", "text"),
    [
        (1024, 0.0295, 5.0, "5 µm"),
        (200, 1.0, 50.0, "50 µm"),
        (160, 0.5, 20.0, "20 µm"),
        (100, 0.01, 0.2, "200 nm"),
        (1000, 10.0, 2000.0, "2 mm"),
    ],
)
def test_scale_bar_has_a_round_length_and_the_right_width(width, spacing, length, text):
    ax = new_axes()
    assert scale_bar(ax, (width, width), (spacing,) * 3) == pytest.approx(length)
    assert ax.patches[0].get_width() * spacing == pytest.approx(length)
    assert ax.texts[0].get_text() == text


def test_scale_bar_lies_inside_the_image():
    ax = plot_slice(np.random.default_rng(0).random((30, 40)), spacing=(1, 2, 0.5))
    bar = ax.patches[0]
    assert bar.get_x() > -0.5
    assert bar.get_x() + bar.get_width() < 39.5
    assert 0 < bar.get_y() < bar.get_y() + bar.get_height() < 29.5
    assert bar.get_width() * 0.5 == 5


def test_unknown_spacing_draws_no_scale_bar():
    ax = plot_slice(np.zeros((4, 5)))
    assert not ax.patches
    assert not ax.texts


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_grey_levels_of_any_size_have_a_range_of_their_own(unit):
    """Such as absorption indices of a phase reconstruction, which are less than 1e-9."""
    assert grey_range(unit * np.arange(201.0)) == pytest.approx((unit, 199 * unit))
    low, high = grey_range(np.full(9, unit))
    assert low == unit < high
    assert plot_slice(unit * np.eye(3)).images[0].get_clim()[1] == pytest.approx(unit)


def test_sides_are_in_proportion():
    assert plot_slice(np.zeros((4, 5)), spacing=(1, 3.0, 1.5)).get_aspect() == 2


def test_grey_levels_are_stretched_between_percentiles():
    image = np.arange(1001.0).reshape(7, 143)
    drawn = plot_slice(image, percentiles=(10, 90)).images[0]
    assert drawn.get_clim() == (100, 900)
    np.testing.assert_array_equal(drawn.get_array(), image)


def test_constant_slice_can_be_drawn(tmp_path):
    axes = plot_slice(np.full((8, 8), 3), title="flat")
    save_figure(axes, tmp_path / "flat.png", dpi=50)
    assert (axes.images[0].get_array() == 3).all()


def test_classes_have_fixed_colours():
    drawn = plot_classes(np.array([[0, 1], [2, 255]])).images[0]
    rgba = drawn.cmap(drawn.norm(drawn.get_array()))
    assert rgba[0, 0, :3].tolist() == [0, 0, 0]
    assert rgba[0, 1, :3].tolist() == [1, 1, 1]
    assert len({tuple(colour) for colour in rgba.reshape(4, 4)}) == 4


def test_many_classes_repeat_the_colours_of_objects():
    shown = plot_classes(np.array([[0, 1, 8, 9, 16, 17]])).images[0].get_array()
    assert shown.tolist() == [[0, 1, 8, 1, 8, 1]]


@pytest.mark.parametrize("plot", [plot_slice, plot_classes])
def test_volume_is_no_slice(plot):
    with pytest.raises(ValueError, match=r"this array has shape \(2, 3, 4\)"):
        plot(np.zeros((2, 3, 4), int))


@pytest.mark.parametrize(("fill", "limits"), [(np.nan, (10, 20)), (np.inf, (10, 20))])
def test_the_range_of_grey_levels_is_that_of_finite_ones(fill, limits):
    image = np.full((4, 6), fill)
    image[1:3, 1:5] = [[10, 10, 15, 20], [10, 15, 20, 20]]
    assert plot_slice(image, percentiles=(0, 100)).images[0].get_clim() == limits
    assert plot_slice(np.full((4, 6), fill)).images[0].get_clim() == (0, 1)
