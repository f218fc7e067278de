import numpy as np
import pytest

from tomoseg_tf.plots import plot_shapes, shape_data

TABLE = {
    "label": np.array([1, 2, 3]),
    "class": np.array([1, 1, 1]),
    "equivalent_radius_um": np.array([0.1, 0.2, 0.3]),
    "sphericity": np.array([0.8, 0.66, 0.5]),
    "sphericity_crofton": np.array([1.1, 0.9, 0.7]),
    "grey_mean": np.array([40.0, 90.0, 120.0]),
}


def test_points_line_and_grey_scale():
    ax = plot_shapes(TABLE)
    np.testing.assert_allclose(
        ax.collections[0].get_offsets(), np.stack([TABLE["equivalent_radius_um"],
                                                   TABLE["sphericity"]], axis=1)
    )  # fmt: skip
    np.testing.assert_array_equal(ax.collections[0].get_array(), TABLE["grey_mean"])
    assert ax.lines[0].get_ydata()[0] == 2 / 3
    assert ax.get_xlabel() == "Equivalent radius (µm)"
    assert ax.figure.axes[1].get_ylabel() == "Mean grey level"
    assert ax.get_ylim()[0] < 0.5 < 0.8 < ax.get_ylim()[1]


def test_without_grey_and_by_crofton():
    table = {name: column for name, column in TABLE.items() if name != "grey_mean"}
    ax = plot_shapes(table, sphericity="sphericity_crofton")
    assert ax.lines[0].get_ydata()[0] == 1
    assert len(ax.figure.axes) == 1
    assert [*shape_data(table, sphericity="sphericity_crofton")] == [
        "label",
        "class",
        "equivalent_radius_um",
        "sphericity_crofton",
    ]


def test_the_line_of_meshes_is_where_a_ball_of_voxels_lies():
    from tomoseg_tf.objects import measure_objects

    ball = sum((axis - 14.3) ** 2 for axis in np.indices((30, 30, 30))) < 13**2
    columns = measure_objects(ball.astype(np.uint8), mask="none").columns
    line = plot_shapes(columns, sphericity="sphericity_mesh").lines[0]
    assert columns["sphericity_mesh"][0] == pytest.approx(line.get_ydata()[0], abs=0.01)
    assert line.get_label() == "ball of voxels, 0.92"


def test_many_points_become_pixels_in_vector_formats():
    number = 3001
    table = {"equivalent_radius_voxels": np.ones(number), "sphericity": np.ones(number)}
    assert plot_shapes(table).collections[0].get_rasterized()
    assert not plot_shapes(TABLE).collections[0].get_rasterized()


def test_mistakes_and_no_objects():
    with pytest.raises(ValueError, match="no column sphericity; write it anew"):
        plot_shapes({"equivalent_radius_voxels": np.ones(2)})
    with pytest.raises(ValueError, match="'round' is not known; use sphericity, "):
        plot_shapes(TABLE, sphericity="round")
    empty = {name: column[:0] for name, column in TABLE.items()}
    assert plot_shapes(empty).lines[0].get_ydata()[0] == 2 / 3
