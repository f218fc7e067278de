from pathlib import Path

import pytest

from tomoseg_tf.volume import Location, check_output, file_hash, open_volume, split_location


@pytest.mark.parametrize(
    ("text", "path", "inside"),
    [
        ("scan.h5", "scan.h5", None),
        ("scan.h5::/exchange/data", "scan.h5", "/exchange/data"),
        ("cells.zarr::0", "cells.zarr", "0"),
        ("a/scan.h5::/t[3]", "a/scan.h5", "/t[3]"),
        ("C:scan.h5::/a", "C:scan.h5", "/a"),
        ("run_12:30/scan.tif", "run_12:30/scan.tif", None),
        ("scan.h5::", "scan.h5", None),
        ("scan.h5::/a::b", "scan.h5", "/a::b"),
        ("::a", "::a", None),
    ],
)
def test_parts_of_texts_and_paths(text, path, inside):
    for location in (text, Path(text), split_location(text)):
        assert split_location(location) == Location(Path(path), inside)


def test_text_is_what_a_user_would_write():
    assert str(split_location("a/scan.h5::/b/c")) == "a/scan.h5::/b/c"
    assert str(split_location("a/scan.h5")) == "a/scan.h5"


def test_file_with_the_whole_text_as_its_name_is_taken(tmp_path):
    (tmp_path / "a::b.npy").write_text("")
    assert split_location(tmp_path / "a::b.npy") == Location(tmp_path / "a::b.npy")


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "slices"])
def test_place_inside_is_refused_where_the_format_has_none(tmp_path, name):
    with pytest.raises(ValueError, match=r"::/data: the format .* holds one volume; leave out"):
        check_output(f"{tmp_path / name}::/data")


def test_missing_file_is_named_without_the_place_inside(tmp_path):
    with pytest.raises(ValueError, match=r"a\.h5 does not exist; check the path"):
        open_volume(f"{tmp_path}/a.h5::/data")


def test_shape_and_type_are_refused_where_the_file_states_them(tmp_path):
    (tmp_path / "a.npy").write_text("")
    with pytest.raises(
        ValueError, match=r"NPY states its shape and type itself; leave out --shape"
    ):
        open_volume(tmp_path / "a.npy", shape=(1, 2, 3), dtype="u1")


def test_hash_of_a_location_is_that_of_its_file(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_hash(f"{tmp_path}/a.h5::/data") == expected


def test_hash_of_a_folder_tells_names_and_contents(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "c").mkdir(parents=True)
        (tmp_path / folder / "c" / "0").write_bytes(b"x")
    assert file_hash(tmp_path / "a") == file_hash(tmp_path / "b")
    (tmp_path / "b" / "c" / "0").rename(tmp_path / "b" / "c" / "1")
    assert file_hash(tmp_path / "a") != file_hash(tmp_path / "b")
