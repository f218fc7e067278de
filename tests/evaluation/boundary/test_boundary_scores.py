import numpy as np
import pytest

from tomoseg_tf.evaluation import boundary_scores, confusion_matrix
from tomoseg_tf.evaluation.boundary import slices, volumes
from tomoseg_tf.volume import ArrayVolume

VALUES = "bf1", "bde", "assd", "hd95"
MODES = pytest.mark.parametrize("boundary", ["slice", "volume"])


class Watched(ArrayVolume):
    """An array that remembers how many slices were read at once and in all."""

    def __init__(self, array, spacing=None):
        super().__init__(array, spacing)
        self.depths = []

    def read(self, start, stop):
        self.depths.append(stop - start)
        return super().read(start, stop)


def values(one):
    """Scores of a class in voxels."""
    return [getattr(one, name) for name in VALUES]


@pytest.fixture
def pair():
    """Two volumes of three classes that agree on most voxels, some ignored in each."""
    rng = np.random.default_rng(5)
    truth = np.kron(rng.integers(0, 3, (4, 4, 5)), np.ones((5, 6, 6))).astype(np.uint8)
    segmentation = np.roll(truth, 1, axis=2)
    segmentation[8:12, 10:20, 10:20] = 1
    truth[:, :2] = 255
    segmentation[19] = 255
    return truth, segmentation


@MODES
def test_operators_may_change_places(pair, boundary):
    assert (
        boundary_scores(*pair, boundary=boundary).classes
        == boundary_scores(*pair[::-1], boundary=boundary).classes
    )
    matrices = [confusion_matrix(*both, second_truth=True) for both in (pair, pair[::-1])]
    np.testing.assert_array_equal(matrices[0], matrices[1].T)
    assert matrices[0].sum() == 19 * 22 * 30


@MODES
def test_ignored_voxels_are_as_if_the_volume_ended_there(pair, boundary):
    cropped = boundary_scores(*(one[:19, 2:] for one in pair), boundary=boundary)
    assert boundary_scores(*pair, boundary=boundary).classes == cropped.classes


@MODES
def test_what_is_predicted_where_truth_ignores_does_not_matter(pair, boundary):
    truth, segmentation = pair
    before = boundary_scores(truth, segmentation, num_classes=3, boundary=boundary)
    changed = np.where(truth == 255, 2 - segmentation.clip(0, 2), segmentation)
    after = boundary_scores(truth, changed, num_classes=3, boundary=boundary)
    assert before.classes == after.classes


@MODES
def test_flips_and_relabelling_change_nothing(pair, boundary):
    classes = boundary_scores(*pair, boundary=boundary).classes
    flipped = boundary_scores(*(one[::-1, ::-1, ::-1] for one in pair), boundary=boundary).classes
    order = np.arange(256, dtype=np.uint8)
    order[:3] = 2, 0, 1
    named = boundary_scores(*(order[one] for one in pair), boundary=boundary).classes
    for index, one in enumerate(classes):
        for other in (flipped[index], named[order[index]]):
            assert values(one) == pytest.approx(values(other), rel=1e-12)


@MODES
def test_classes_of_one_side_and_of_none(boundary):
    truth = np.zeros((3, 8, 8), np.uint8)
    truth[:, 2:5, 2:5] = 1
    found = boundary_scores(truth, truth * 0, num_classes=3, boundary=boundary).class_dicts()
    one_sided = {"bf1": 0.0, "bde": None, "assd": None, "hd95": None}
    assert found == [one_sided, one_sided, dict.fromkeys(one_sided)]


def test_slices_of_one_side_count_for_bf1_alone():
    """Of three slices one agrees, one is missed and one has nothing."""
    truth = np.zeros((3, 8, 8), np.uint8)
    truth[:2, 2:5, 2:5] = 1
    segmentation = truth.copy()
    segmentation[1] = 0
    scores = boundary_scores(truth, segmentation)
    one = scores.classes[1]
    assert (one.bf1, one.bde, one.hd95, one.slices, one.one_sided) == (0.5, 0, 0, 2, 1)
    assert scores.to_dict()["one_sided_slices"] == [1, 1]


@MODES
def test_streamed_with_few_slices_in_memory(monkeypatch, pair, boundary):
    expected = boundary_scores(*pair, num_classes=3, boundary=boundary)
    monkeypatch.setattr(slices, "_SLAB_VOXELS", 3 * 24 * 30)
    monkeypatch.setattr(volumes, "_SLAB_VOXELS", 3 * 24 * 30)
    watched, seen = [Watched(one) for one in pair], []
    scores = boundary_scores(
        *watched,
        num_classes=3,
        boundary=boundary,
        jobs=2,
        progress=lambda *step: seen.append(step),
    )
    for one, other in zip(scores.classes, expected.classes, strict=True):
        assert values(one) == pytest.approx(values(other), rel=1e-12)
    assert seen == [*((stop, 20) for stop in range(3, 20, 3)), (20, 20)]
    for volume in watched:
        assert max(volume.depths) <= 3 + 4
        assert sum(volume.depths) == 20 or boundary == "volume"


def test_spacing_of_either_volume_is_taken(pair):
    plain = boundary_scores(*pair)
    assert (plain.spacing, "bde_um" in plain.class_dicts()[0]) == (None, False)
    known = Watched(pair[1], (3, 0.5, 0.5))
    for scores in (boundary_scores(pair[0], known), boundary_scores(known, pair[0])):
        assert scores.spacing == (3, 0.5, 0.5)
        one = scores.classes[1]
        assert (one.bf1_um, one.bde_um) == (one.bf1, 0.5 * one.bde)
    given = boundary_scores(known, pair[0], spacing=(1, 1, 1))
    assert given.classes[1].bde_um == given.classes[1].bde


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"boundary": "surface"}, "use one of slice, volume"),
        ({"tolerance": -1}, "tolerance is -1"),
        ({"tolerance": float("nan")}, "tolerance is nan"),
        ({"spacing": (1, 1)}, "three positive numbers"),
        ({"num_classes": 2}, "2 .* is none of the classes 0 to 1"),
    ],
)
def test_wrong_arguments(pair, options, message):
    with pytest.raises(ValueError, match=message):
        boundary_scores(*pair, **options)


def test_shapes_must_agree(pair):
    with pytest.raises(ValueError, match="must be of one shape"):
        boundary_scores(pair[0], pair[1][1:], num_classes=3)
