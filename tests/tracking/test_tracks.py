import numpy as np
import pytest

from tomoseg_tf.objects import measure_objects
from tomoseg_tf.tracking import Rigid, count_overlaps, follow, growth_rates, link
from tomoseg_tf.volume import as_volume


def balls(*places, shape=(16, 24, 40)):
    """Balls of given centres and radii."""
    classes = np.zeros(shape, np.uint8)
    grid = np.indices(shape)
    for z, y, x, radius in places:
        offsets = grid - np.reshape([z, y, x], (3, 1, 1, 1))
        classes[(offsets**2).sum(axis=0) <= radius**2] = 1
    return classes


def test_events_by_hand():
    """1 stays, 2 and 3 merge, 4 splits, 5 vanishes, and one more appears."""
    links = [np.array([[0, 0], [1, 1], [2, 1], [3, 2], [3, 3]])]
    steps = follow([5, 5], links)
    assert steps.events[0].tolist() == ["first"] * 5
    assert steps.fates[0].tolist() == ["kept", "merged", "merged", "split", "vanished"]
    assert steps.events[1].tolist() == ["kept", "merged", "split", "split", "appeared"]
    assert steps.fates[1].tolist() == ["last"] * 5
    assert steps.tracks[1].tolist() == [1, 6, 7, 8, 9]
    assert steps.parents[1].tolist() == ["", "2+3", "4", "4", ""]


def test_steps_without_objects():
    steps = follow([0, 2, 0], [np.empty((0, 2), int)] * 2)
    assert steps.events[1].tolist() == ["appeared"] * 2
    assert steps.fates[1].tolist() == ["vanished"] * 2


@pytest.mark.parametrize("depth", [1, 3, 50])
def test_overlaps_of_a_shifted_step_in_every_slab_size(depth):
    before = (np.random.default_rng(0).random((9, 10, 11)) < 0.3) * np.arange(1, 12)
    after = np.zeros_like(before)
    after[2:, :-1, 3:] = before[:-2, 1:, :-3]
    motion = Rigid(offset=np.array([-2, 1, -3]) * [2, 1, 0.5], size=(2, 1, 0.5))
    found = count_overlaps(as_volume(before), as_volume(after), motion, depth)
    values, counts = np.unique(after[after > 0], return_counts=True)
    np.testing.assert_array_equal(found, np.stack([values, values, counts], axis=1))


def linked(one, other, **settings):
    """Links between two volumes of classes that are labelled in the order of their voxels."""
    from skimage.measure import label

    tables = [
        measure_objects(part, min_voxels=1, keep_border=True).columns for part in (one, other)
    ]
    labels = [as_volume(label(part, connectivity=3)) for part in (one, other)]
    found = count_overlaps(*labels, Rigid(), 5)
    return link(found, *tables, Rigid(), **settings).tolist()


def test_links_by_overlap_then_by_distance():
    before = balls((5, 6, 8, 3), (11, 16, 30, 2))
    after = balls((5, 6, 9, 3), (11, 20, 30, 1.5))
    assert linked(before, after, max_distance=5) == [[0, 0], [1, 1]]
    assert linked(before, after, max_distance=3) == [[0, 0]]
    assert linked(before, np.where(after, 2, 0).astype(np.uint8)) == []


def test_the_nearest_must_be_so_for_both():
    before = balls((5, 5, 10, 1), (5, 5, 16, 1))
    after = balls((5, 5, 13.5, 1))
    assert linked(before, after, max_distance=5) == [[1, 0]]


def test_growth_rates_and_errors_equal_those_of_scipy():
    from scipy.stats import linregress

    rng = np.random.default_rng(0)
    tracks = np.repeat([1, 2, 3, 4], [6, 4, 2, 1])
    times = np.concatenate([np.arange(6.0), np.arange(4.0) ** 2, [0, 3], [2]])
    sizes = rng.normal(size=len(tracks)) + times
    usable = np.ones(len(tracks), bool)
    usable[5] = False
    rates, errors = growth_rates(tracks, times, sizes, usable)
    for track, chosen in ((1, slice(0, 5)), (2, slice(6, 10))):
        fit = linregress(times[chosen], sizes[chosen])
        np.testing.assert_allclose(rates[tracks == track], fit.slope)
        np.testing.assert_allclose(errors[tracks == track], fit.stderr)
    assert rates[10] == pytest.approx((sizes[11] - sizes[10]) / 3)
    assert np.isnan(errors[10:]).all()
    assert np.isnan(rates[12])
