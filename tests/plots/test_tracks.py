import numpy as np

from tomoseg_tf.plots import plot_tracks, track_data

STEPS = [
    {"time": time, "objects": 3, "appeared": 1, "vanished": 0, "merged": 2, "split": 0}
    for time in (0, 10, 25)
]


def test_curves_and_events():
    columns = {
        "track": np.array([1, 2, 1, 3, 1]),
        "time": np.array([0.0, 0, 10, 10, 25]),
        "equivalent_radius_um": np.array([1.0, 2, 3, 4, 5]),
    }
    axes = plot_tracks(columns, STEPS)
    lines = [line.get_xydata().tolist() for line in axes[0].lines]
    assert lines[0] == [[0, 1], [10, 3], [25, 5]]
    assert lines[1] == [[0, 1.5], [10, 3.5], [25, 5]]
    assert axes[0].get_ylabel() == "Equivalent radius (µm)"
    assert [line.get_ydata().tolist() for line in axes[2].lines][2] == [2, 2]
    data = track_data(columns, STEPS)
    assert data["merged"] == [2, 2, 2]
    assert len(data["track"]) == 5


def test_no_tracks():
    empty = {name: np.empty(0) for name in ("track", "time", "equivalent_radius_voxels")}
    steps = [dict(step, objects=0, appeared=0, merged=0) for step in STEPS]
    assert len(plot_tracks(empty, steps, unit="voxels")) == 3
