"""Against the definition, voxel by voxel and pair by pair."""

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.evaluation import boundary_scores
from tomoseg_tf.evaluation.boundary import nearest, volumes

SPACINGS = [None, (0.7, 0.7, 0.7), (2.5, 1.0, 1.3)]


def shapes(seed, shape=(7, 13, 12), cuts=(-0.03, 0.09)):
    """Two volumes of three classes with rough random shapes, some of the first ignored."""
    rng = np.random.default_rng(seed)
    truth, segmentation = (
        np.digitize(ndimage.gaussian_filter(rng.normal(size=shape), 1.7), cuts).astype(np.uint8)
        for _ in range(2)
    )
    truth[rng.random(shape) < 0.03] = 255
    return truth, segmentation


def reference_boundary(labels, ignored, wanted):
    """Positions of the boundary voxels of a class."""
    places = []
    for place in np.ndindex(labels.shape):
        if ignored[place] or labels[place] != wanted:
            continue
        for axis in range(labels.ndim):
            for step in (-1, 1):
                beside = list(place)
                beside[axis] += step
                beside = tuple(beside)
                inside = 0 <= beside[axis] < labels.shape[axis]
                if inside and not ignored[beside] and labels[beside] != wanted:
                    places.append(place)
    return np.unique(np.reshape(places, (-1, labels.ndim)), axis=0)


def reference(truth, segmentation, wanted, sides, tolerance):
    """BF1, BDE, ASSD and HD95 from the distances of all pairs; NaN where not defined."""
    ignored = (truth == 255) | (segmentation == 255)
    one, other = (
        reference_boundary(labels, ignored, wanted) * np.array(sides)
        for labels in (truth, segmentation)
    )
    if not (len(one) and len(other)):
        return [0.0 if len(one) or len(other) else np.nan, *[np.nan] * 3]
    lengths = np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=-1))
    there, back = lengths.min(axis=1), lengths.min(axis=0)
    recall, precision = (float(np.mean(d <= tolerance + 1e-9)) for d in (there, back))
    both = recall + precision
    return [
        2 * recall * precision / both if both else 0.0,
        (there.mean() + back.mean()) / 2,
        np.concatenate([there, back]).mean(),
        max(np.percentile(there, 95), np.percentile(back, 95)),
    ]


def expected(truth, segmentation, wanted, spacing, tolerance, boundary):
    """All scores of a class, NaN where not defined."""
    rows = []
    for sides in [(1, 1, 1)] if spacing is None else [(1, 1, 1), spacing]:
        if boundary == "volume":
            limit = tolerance * min(sides)
            row = np.array(reference(truth, segmentation, wanted, sides, limit))
        else:
            limit = tolerance * min(sides[1:])
            pairs = zip(truth, segmentation, strict=True)
            each = [reference(*pair, wanted, sides[1:], limit) for pair in pairs]
            row = np.full(4, np.nan)
            for index, column in enumerate(np.transpose(each)):
                if (~np.isnan(column)).any():
                    row[index] = np.nanmean(column)
        rows += row.tolist()
    return rows


def check_scores(pair, num_classes, spacing, tolerance, boundary):
    """Compare the scores of all classes with those from all pairs of boundary voxels."""
    got = boundary_scores(
        *pair, num_classes=num_classes, spacing=spacing, tolerance=tolerance, boundary=boundary
    )
    for wanted, found in enumerate(got.class_dicts()):
        values = [np.nan if value is None else value for value in found.values()]
        assert values == pytest.approx(
            expected(*pair, wanted, spacing, tolerance, boundary), rel=1e-12, nan_ok=True
        )


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("boundary", ["slice", "volume"])
def test_random_shapes_score_as_by_brute_force(boundary, spacing):
    check_scores(shapes(1), 3, spacing, 1.5, boundary)


@pytest.mark.parametrize("boundary", ["slice", "volume"])
def test_shapes_far_apart_score_as_by_brute_force(boundary):
    """Farther than the voxels that are looked up one by one, and through many slabs."""
    truth, segmentation = shapes(2, (14, 12, 11))
    truth[4:][truth[4:] != 255] = 0
    segmentation[:11] = 0
    segmentation[11:, :, :6] = 0
    check_scores((truth, segmentation), 3, (2.5, 1.0, 1.3), 4, boundary)


def test_noise_far_from_a_dot_takes_the_distance_transform(monkeypatch):
    rng = np.random.default_rng(3)
    truth, segmentation = np.zeros((2, 2, 24, 26), np.uint8)
    truth[:, 4, 5] = 1
    segmentation[:, :, 13:] = rng.random((2, 24, 13)) < 0.3
    taken = []
    transform = nearest.ndimage.distance_transform_edt
    monkeypatch.setattr(
        nearest.ndimage,
        "distance_transform_edt",
        lambda *args, **options: taken.append(1) or transform(*args, **options),
    )
    check_scores((truth, segmentation), 2, (2.5, 1.0, 1.3), 4, "slice")
    assert taken


@pytest.mark.parametrize("depth", [1, 3, 7])
@pytest.mark.parametrize("kept", [0, 10**6])
def test_volumes_do_not_depend_on_the_slabs(monkeypatch, depth, kept):
    from tomoseg_tf.evaluation.boundary import scores, slabs

    pair = shapes(4)
    pair[0][2:][pair[0][2:] == 2] = 0
    whole = boundary_scores(*pair, boundary="volume", spacing=(3, 1, 1)).class_dicts()
    monkeypatch.setattr(slabs, "KEPT_VOXELS", kept)
    monkeypatch.setattr(
        scores,
        "score_volumes",
        lambda *args, **options: volumes.score_volumes(*args, **options, depth=depth),
    )
    cut = boundary_scores(*pair, boundary="volume", spacing=(3, 1, 1)).class_dicts()
    for one, other in zip(whole, cut, strict=True):
        assert one == pytest.approx(other, rel=1e-12)
