import pytest

from tomoseg_tf.records.names import match_names


@pytest.fixture
def folders(tmp_path):
    """Make two folders of empty files with the given names."""

    def make(*lists):
        for name, names in zip(("grey", "truth"), lists, strict=True):
            (tmp_path / name).mkdir()
            for file in names:
                (tmp_path / name / file).touch()
        return [(tmp_path / "grey", str(tmp_path / "truth"))]

    return make


SPOTS = ["spot3_0d_3.tif", "spot3_180d_2.tif", "spot10_0d_1.tif"]


@pytest.mark.parametrize(
    ("grey", "truth"),
    [
        (SPOTS, SPOTS),
        (SPOTS, [name.replace(".tif", "_mask.tif") for name in SPOTS]),
        (SPOTS, ["label_" + name.replace(".tif", ".png") for name in SPOTS]),
        (["img_1.tif", "img_2.tif", "img_10.tif"], ["gt-0001.tif", "gt-0002.tif", "gt-0010.tif"]),
        (["a_11.tif", "a_12.tif"], ["A_11 Labels.TIFF", "A_12 Labels.TIFF"]),
        (["one.tif"], ["two.tif"]),
        (["c 1.tif", "c.tif"], ["c 1_m.tif", "c_m.tif"]),
        (["x.tif", "y.tif"], ["17.tif", "18.tif"]),
        (SPOTS, [*SPOTS, "notes.txt", ".hidden.tif"]),
    ],
)
def test_names_that_match(folders, grey, truth):
    assert match_names(folders(grey, truth)) == []


def test_what_is_no_pair_of_folders_is_passed_over(folders, tmp_path):
    folders(SPOTS, SPOTS[:1])
    assert match_names([(tmp_path / "grey", "truth.tif"), (None, tmp_path / "truth")]) == []


def test_numbers_from_another_start_are_told(folders):
    grey = [f"recon_{z:05d}.tif" for z in range(1, 4)]
    (notice,) = match_names(folders(grey, [f"labels{z:04d}.tif" for z in range(3)]))
    assert "its slices are numbered from 0 on, those of" in notice
    assert "grey from 1; they are matched in their order" in notice


@pytest.mark.parametrize(
    ("grey", "truth", "message"),
    [
        (SPOTS, SPOTS[:2], r"\(3 and 2 slices\) by name: .*truth has no slice for spot10_0d_1; g"),
        (
            SPOTS,
            [*SPOTS[:2], "spot4_0d_3.tif"],
            r"truth has no slice for spot10_0d_1; .*grey has no slice for spot4_0d_3",
        ),
        (
            [f"a_{z:02d}.tif" for z in range(9)],
            [f"a_{z + 10}.tif" for z in range(9)],
            "no slice for a_00, a_01, a_02, a_03 and 5 more",
        ),
        (["s0.tif", "s50.tif", "s100.tif"], ["m0.tif", "m1.tif", "m2.tif"], "no slice for s50"),
    ],
)
def test_names_that_do_not_match_are_listed(folders, grey, truth, message):
    with pytest.raises(ValueError, match=message):
        match_names(folders(grey, truth))


def test_folders_that_sort_differently_are_refused(folders):
    """The names match, but c comes before c= and c=_m before c_m."""
    pairs = folders(["c=.tif", "c.tif", "d.tif"], ["c=_m.tif", "c_m.tif", "d_m.tif"])
    with pytest.raises(ValueError, match=r"slice 0 is c=_m there and c here; rename them alike"):
        match_names(pairs)
