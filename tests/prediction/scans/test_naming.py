import pytest

from tomoseg_tf.prediction.scans.naming import list_scans, name_results, names_several


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a10.tif", "a2.tif", "t1/rec.h5", "t2/rec.h5", "odd[1].tif"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def listed(*names):
    return [str(scan) for scan in list_scans(names)]


def test_patterns_are_in_natural_order_and_nothing_is_listed_twice(folder):
    assert listed("a*.tif", "a2.tif") == ["a2.tif", "a10.tif"]
    assert listed("t*/rec.h5::/data") == ["t1/rec.h5::/data", "t2/rec.h5::/data"]
    assert listed("odd[1].tif") == ["odd[1].tif"]


def test_a_list_holds_a_scan_or_pattern_per_line(folder):
    (folder / "list.txt").write_text("# series\n\na10.tif\nt*/rec.h5\n")
    assert listed("@list.txt") == ["a10.tif", "t1/rec.h5", "t2/rec.h5"]


@pytest.mark.parametrize(
    ("names", "several"),
    [
        (["a2.tif"], False),
        (["missing.tif"], False),
        (["odd[1].tif"], False),
        (["a*.tif"], True),
        (["@list.txt"], True),
        (["a2.tif", "a10.tif"], True),
    ],
)
def test_one_name_is_one_scan(folder, names, several):
    assert names_several(names) is several


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["b*.tif"], r"b\*\.tif: no file fits this pattern"),
        (["@none.txt"], "none.txt: is no list of scans"),
        (["@empty.txt"], "empty.txt: names no scan"),
    ],
)
def test_nothing_found_is_said(folder, names, message):
    (folder / "empty.txt").write_text("\n")
    with pytest.raises(ValueError, match=message):
        list_scans(names)


def named(suffix, *names):
    return [path.as_posix() for path in name_results(list_scans(names), "out", suffix)]


def test_results_are_named_after_scans(folder):
    assert named(".ome.zarr", "a2.tif", "t1/rec.h5") == ["out/a2.ome.zarr", "out/rec.ome.zarr"]
    assert named(".tif", "t*/rec.h5") == ["out/t1_rec.tif", "out/t2_rec.tif"]
    assert named("", "a2.tif") == ["out/a2"]


def test_results_that_cannot_differ_are_refused(folder):
    with pytest.raises(ValueError, match="another scan would give a result of the same name"):
        named(".tif", "t1/rec.h5::/a", "t1/rec.h5::/b")
    with pytest.raises(ValueError, match=r"suffix '\.jpg' is of no format"):
        named(".jpg", "a2.tif")


def test_a_dot_in_a_name_needs_a_suffix(folder):
    (folder / "t_0.5um.tif").touch()
    assert named(".ome.zarr", "t_0.5um.tif") == ["out/t_0.5um.ome.zarr"]
    with pytest.raises(ValueError, match=r"would be named t_0\.5um, where \.5um looks like the"):
        named("", "t_0.5um.tif")
