"""Objects whose class along z is drawn by hand."""

import numpy as np
import pytest

from tomoseg_tf.objects import measure_consistency, read_table, vote_objects, write_consistency
from tomoseg_tf.volume import ArrayVolume, open_volume

SHAPE = (10, 12, 30)


def particles():
    """A flickering object, a composite side by side, one on top of another, and a pure one."""
    classes = np.zeros(SHAPE, np.uint8)
    for z, index in enumerate((2, 2, 1, 2, 2)):
        classes[2 + z, 2:5, 2:5] = index
    classes[1:8, 2:5, 8:10], classes[1:8, 2:5, 10:12] = 1, 2
    classes[3, 4, 9], classes[5, 4, 10] = 2, 1  # now the one, now the other has more
    classes[1:4, 2:5, 15:18], classes[4:8, 2:5, 15:18] = 1, 2
    classes[4:7, 2:5, 22:25] = 2
    classes[8, 8, 8:10] = (1, 2)
    classes[9] = 255
    return classes


@pytest.mark.parametrize("depth", [1, 4, None])
def test_changes_are_found_and_composites_are_not_called_inconsistent(depth):
    found = measure_consistency(particles(), depth=depth)
    rows = found.listed
    # in the order of first voxels: the composite, the stack, the flickering one
    assert found.voxels[rows].tolist() == [[0, 42, 42], [0, 27, 36], [0, 9, 36]]
    owners = found.sections["row"][found.changes]
    assert np.bincount(owners, minlength=len(found.voxels))[rows].tolist() == [0, 1, 2]
    assert found.sections["z"][found.changes].tolist() == [4, 4, 5]
    assert found.classes[rows].tolist() == [1, 2, 2]
    mixed = found.sections["class"][found.sections["row"] == rows[0]]
    assert (mixed == 0).all()


def test_mixed_sections_are_passed_over():
    classes = np.zeros((7, 6, 6), np.uint8)
    classes[1:6, 1:5, 1:5] = 1
    classes[3, 1:3, 1:5] = 2  # half
    assert len(measure_consistency(classes).changes) == 0
    classes[4:6, 1:5, 1:5] = 2
    found = measure_consistency(classes)
    assert found.sections["z"][found.changes].tolist() == [4]
    classes[3, 3, 1:4] = 2  # 11 of 16: above two thirds
    assert len(measure_consistency(classes).changes) == 1
    assert measure_consistency(classes, majority=0.7).sections["class"].tolist() == [1, 1, 0, 2, 2]


def test_files_grey_levels_and_vote(tmp_path):
    classes = particles()
    grey = (10 * np.arange(10)[:, None, None] + classes).astype(np.float32)
    table, voted = tmp_path / "t.csv", tmp_path / "voted.tif"
    columns, summary = write_consistency(
        ArrayVolume(classes, spacing=(2, 1, 1)), table, volume=grey, vote=voted, depth=3
    )
    assert (summary["objects"], summary["several_classes"], summary["inconsistent"]) == (4, 3, 2)
    assert columns["changes_at"].tolist() == ["", "4", "4 5"]
    assert columns["share_1"][2] == pytest.approx(0.2)
    profile = read_table(tmp_path / "t_profile.csv")
    flickering = profile["label"] == columns["label"][2]
    assert profile["z"][flickering].tolist() == [2, 3, 4, 5, 6]
    assert profile["class"][flickering].tolist() == [2, 2, 1, 2, 2]
    assert profile["grey_mean"][flickering].tolist() == [22, 32, 41, 52, 62]
    lines = table.read_text().splitlines()
    assert lines[0].endswith("inconsistent,changes_at")
    assert lines[3].endswith("true,4 5")
    output = open_volume(voted)
    result = output.read(0, 10)
    assert output.spacing == (2, 1, 1)
    expected = classes.copy()
    expected[4, 2:5, 2:5] = 2
    expected[1:8, 2:5, 8:12] = 1
    expected[1:4, 2:5, 15:18] = 2
    expected[8, 8, 8:10] = 1
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(vote_objects(classes), expected)
    assert summary["changed_voxels"] == np.count_nonzero(expected != classes)


def test_one_class_and_nothing(tmp_path):
    for classes in (np.zeros((3, 4, 5), np.uint8), np.ones((3, 4, 5), np.uint8)):
        columns, summary = write_consistency(classes, tmp_path / "t.csv", overwrite=True)
        assert summary["inconsistent"] == len(columns["label"]) == 0


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"majority is 0\.5"):
        measure_consistency(particles(), majority=0.5)
    (tmp_path / "t_profile.csv").write_text("mine")
    with pytest.raises(ValueError, match=r"t_profile\.csv already exists"):
        write_consistency(particles(), tmp_path / "t.csv")
