import numpy as np
import pytest

from tomoseg_tf.objects import measure_objects, size_distribution
from tomoseg_tf.plots import plot_size_histogram, save_figure, size_data
from tomoseg_tf.plots.sizes import round_edges

TABLE = {"label": np.arange(4), "equivalent_radius_voxels": np.array([1.5, 2.0, 2.5, 3.9])}


def balls():
    """A volume of balls, some near its faces."""
    rng, classes = np.random.default_rng(0), np.zeros((40, 50, 60), np.uint8)
    places = np.indices(classes.shape).T
    for radius in (2, 3, 4, 5):
        for centre in rng.uniform(radius, np.array(classes.shape) - radius, (6, 3)):
            classes[(((places - centre) ** 2).sum(axis=-1) <= radius**2).T] = 1
    return classes


def test_bars_are_the_objects_in_ranges():
    ax = plot_size_histogram(TABLE, edges=[1, 2, 3, 4])
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 1]
    assert [bar.get_x() for bar in ax.patches] == [1, 2, 3]
    assert ax.get_xlabel() == "Equivalent radius (voxels)"
    assert ax.get_legend() is None


def test_corrected_numbers_are_those_of_the_distribution():
    objects = measure_objects(balls(), keep_border=True, spacing=(0.5, 0.5, 0.5))
    edges = np.arange(0.5, 4, 0.5)
    data = size_data(objects, edges=edges)
    seen, densities = size_distribution(objects, edges)
    volume = balls().size * 0.5**3
    np.testing.assert_allclose(data["corrected_objects"] / volume, densities)
    assert (data["corrected_objects"] >= seen).all()
    assert data["corrected_objects"].sum() > seen.sum() > 0
    np.testing.assert_array_equal(data["radius_from_um"], edges[:-1])
    labels = [text.get_text() for text in plot_size_histogram(objects).get_legend().get_texts()]
    assert labels == ["seen", "corrected for edges"]


def test_tables_by_name_are_drawn_over_one_another(tmp_path):
    both = {"truth": TABLE, "prediction": {**TABLE}}
    data = size_data(both)
    assert [*data][2:] == ["objects_truth", "objects_prediction"]
    ax = plot_size_histogram(both)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["truth", "prediction"]
    save_figure(ax, tmp_path / "sizes.svg", data=data)
    lines = (tmp_path / "sizes.csv").read_text().splitlines()
    assert lines[0] == "radius_from_voxels,radius_to_voxels,objects_truth,objects_prediction"
    assert len(lines) == 1 + len(data["objects_truth"])


@pytest.mark.parametrize("number", [1, 2, 30, 5000])
def test_edges_hold_all_and_are_few(number):
    values = np.random.default_rng(number).gamma(5, 0.7, number)
    edges = round_edges(values)
    assert edges[0] <= values.min()
    assert values.max() <= edges[-1]
    assert 1 <= len(edges) - 1 <= 85
    assert size_data({"equivalent_radius_um": values})["objects"].sum() == number


def test_empty_tables_and_mistakes():
    empty = {"label": np.array([], int), "equivalent_radius_um": np.array([])}
    assert size_data(empty)["objects"].tolist() == [0]
    assert plot_size_histogram(empty).get_xlim() == (0, 1)
    with pytest.raises(ValueError, match="no column equivalent_radius_voxels"):
        size_data({"label": np.arange(3)})
    with pytest.raises(ValueError, match="one table is in µm, another in voxels only"):
        size_data({"a": TABLE, "b": empty})
    with pytest.raises(ValueError, match="at least two radii"):
        size_data(TABLE, edges=[2, 1])
