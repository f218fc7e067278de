import pytest

from tomoseg_tf.records import pair_folders


@pytest.fixture
def folders(tmp_path):
    def make(scans, truth):
        for name, files in (("scans", scans), ("truth", truth)):
            (tmp_path / name).mkdir()
            for file in files:
                (tmp_path / name / file).touch()
        return tmp_path / "scans", tmp_path / "truth"

    return make


def test_files_of_one_name_belong_together(folders):
    scans, truth = folders(["b.tif", "a.ome.tif", ".hidden"], ["a.png", "b.nrrd"])
    (scans / "c").mkdir()
    (truth / "c.h5").touch()
    found = [(one.name, other.name) for one, other in pair_folders(scans, truth)]
    assert found == [("a.ome.tif", "a.png"), ("b.tif", "b.nrrd"), ("c", "c.h5")]


def test_dots_in_names_and_files_that_belong_to_another(folders):
    scans = ["Al_0.5h.tif", "Al_0.7h.tif", "a.vol", "a.vol.info", "b.nhdr", "b.raw"]
    truth = ["Al_0.7h.ome.tif", "Al_0.5h.h5", "a.nrrd", "b.tif"]
    found = [(one.name, other.name) for one, other in pair_folders(*folders(scans, truth))]
    assert found == [
        ("Al_0.5h.tif", "Al_0.5h.h5"),
        ("Al_0.7h.tif", "Al_0.7h.ome.tif"),
        ("a.vol", "a.nrrd"),
        ("b.nhdr", "b.tif"),
    ]


@pytest.mark.parametrize(
    ("scans", "truth", "message"),
    [
        (["a.tif", "b.tif"], ["a.tif"], "truth: has no file of the name b; each volume needs"),
        (["a.tif"], ["a.tif", "c.tif"], "scans: has no file of the name c"),
        ([], [], "scans: is empty"),
        (["Al_0.5h.tif"], ["Al_0.7h.tif"], "truth: has no file of the name Al_0.5h"),
        (["a.tif", "a.png"], ["a.tif"], "a.tif: a.png has this name, too"),
    ],
)
def test_files_without_a_partner(folders, scans, truth, message):
    with pytest.raises(ValueError, match=message):
        pair_folders(*folders(scans, truth))


def test_a_file_is_no_folder(tmp_path):
    with pytest.raises(ValueError, match="none: is no folder"):
        pair_folders(tmp_path / "none", tmp_path)
