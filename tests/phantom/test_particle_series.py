import numpy as np
import pytest
from skimage.measure import label

from tomoseg_tf.phantom import ParticleSeries, simulate_growth

SHAPE = (52, 70, 170)


def test_objects_are_those_that_the_events_tell():
    series = ParticleSeries(SHAPE, 4)
    for step, told in enumerate(series.events()):
        classes = series.scan(step).slab(0, SHAPE[0])[1]
        assert label(classes, connectivity=3).max() == told["objects"]


def test_balls_have_their_radii_and_move_with_the_sample():
    series = ParticleSeries((60, 100, 200), 0, steps=3, shift=(2, -3, 1), rotation=2)
    balls = series.particles
    there = [(balls["first"] <= step) & (step < balls["stop"]) for step in range(3)]
    both = there[0] & there[1]
    before, after = (
        series.scan(step).centres[np.cumsum(there[step])[both] - 1] for step in range(2)
    )
    middle = np.array(series.shape) / 2
    turned = (before - middle)[:, 1:] @ [
        [np.cos(a := np.radians(2)), np.sin(a)],
        [-np.sin(a), np.cos(a)],
    ]
    np.testing.assert_allclose(after[:, 0], before[:, 0] + 2)
    np.testing.assert_allclose(after[:, 1:], turned + middle[1:] + [-3, 1])
    grey, classes = series.scan(2).slab(0, 60)
    volume = 4 / 3 * np.pi * (series.scan(2).radii ** 3).sum()
    assert classes.sum() == pytest.approx(volume, rel=0.05)  # pairs that are one count twice there
    assert grey[classes == 1].mean() < 135 < 160 < grey[classes == 0].mean()


def test_slabs_make_no_difference():
    scan = ParticleSeries(SHAPE, 1).scan(1)
    whole = scan.slab(0, SHAPE[0])
    for start, *parts in scan.slabs(9):
        for part, one in zip(parts, whole, strict=True):
            np.testing.assert_array_equal(part, one[start : start + len(part)])


def test_files_that_somebody_put_into_the_folder_are_kept(tmp_path):
    series, folder = ParticleSeries(SHAPE, 4, steps=2), tmp_path / "series"
    simulate_growth(series, folder)
    simulate_growth(series, folder, overwrite=True)
    (folder / "my_tracks.csv").touch()
    with pytest.raises(ValueError, match=r"holds my_tracks\.csv, which would be lost; move that"):
        simulate_growth(series, folder, overwrite=True)
    assert (folder / "my_tracks.csv").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 11}, "has 2 to 10"),
        ({"shape": (30, 30, 60)}, "at least 5 are needed"),
        ({"spacing": (1, 1, 2)}, "need equal sides"),
    ],
)
def test_series_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        ParticleSeries(**settings)
