"""Archives of weights: the same bytes each time, and traps refused before anything is written."""

import shutil
import stat
import struct
import zipfile

import pytest

from tomoseg_tf.volume import file_hash
from tomoseg_tf.weights import open_weights, pack_weights, seal_weights, unpack_weights
from tomoseg_tf.weights.archive import archived_name, check_name


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def archive(plain, tmp_path):
    pack_weights(plain, tmp_path / "a.zip")
    return tmp_path / "a.zip"


def repacked(archive, change=lambda name, data: (name, data), *, how=zipfile.ZIP_STORED, more=()):
    """Write an archive as another program would, with changes."""
    path = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", how) as new:
        for entry in old.infolist():
            new.writestr(*change(entry.filename, old.read(entry)))
        for name, data in more:
            new.writestr(name, data)
    return path


def test_what_is_packed_comes_out(plain, archive, tmp_path):
    unpack_weights(archive, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(plain)
    assert archived_name(archive) == "steel_pores"
    assert zipfile.ZipFile(archive).testzip() is None


def test_the_same_weights_give_the_same_bytes(plain, archive, tmp_path):
    other = tmp_path / "elsewhere" / "steel_pores"
    other.parent.mkdir()
    shutil.copytree(plain, other, copy_function=shutil.copyfile)
    (other / "model.weights.h5").chmod(0o600)
    pack_weights(other, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == archive.read_bytes()


def test_only_what_is_listed_is_packed_and_the_rest_is_named(plain, tmp_path):
    (plain / "LICENSE.txt").write_text("Mine.\n")
    (plain / ".notes").write_text("x")
    assert pack_weights(plain, tmp_path / "a.zip", name="pores") == ["LICENSE.txt"]
    names = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    listed = {*open_weights(plain).hashes, "SHA256SUMS"}
    assert set(names) == {f"pores/{name}" for name in listed}
    assert len(names) == len(listed)


def test_changed_weights_are_not_packed(plain, tmp_path):
    (plain / "README.md").write_text("# Mine\n")
    with pytest.raises(ValueError, match="if you edited it: tomoseg-tf weights seal"):
        pack_weights(plain, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_other_programs_are_read(plain, archive, tmp_path, how):
    clutter = [("__MACOSX/._config.json", b"x"), ("steel_pores/.DS_Store", b"x")]
    path = repacked(archive, how=how, more=[*clutter, ("steel_pores/", b"")])
    unpack_weights(path, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(plain)
    flat = repacked(archive, lambda name, data: (name.rpartition("/")[2], data))
    unpack_weights(flat, tmp_path / "flat")
    assert contents(tmp_path / "flat") == contents(plain)
    assert archived_name(flat) == "changed"
    assert archived_name(flat, "pores.zip") == "pores"


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "a/b/evil", "..\\evil", "C:evil", "steel_pores/..", "~/evil", "a/ "],
)
def test_nothing_leaves_the_folder(archive, tmp_path, name):
    path = repacked(archive, more=[(name, b"x")])
    with pytest.raises(ValueError, match="would not be a file of one weights folder; nothing was"):
        unpack_weights(path, tmp_path / "out")
    assert not list(tmp_path.glob("**/*evil*"))
    assert not (tmp_path / "out").exists()


def test_links_are_refused(archive, tmp_path):
    link = zipfile.ZipInfo("steel_pores/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ValueError, match="steel_pores/link is a link or device"):
        unpack_weights(repacked(archive, more=[(link, b"/etc/passwd")]), tmp_path / "out")


def test_bombs_are_refused_before_they_unpack(archive, tmp_path):
    bomb = repacked(
        archive, how=zipfile.ZIP_DEFLATED, more=[("steel_pores/zeros.tif", bytes(2**26))]
    )
    assert bomb.stat().st_size < 2**21
    with pytest.raises(ValueError, match=r"bytes would unpack to \d{8}; weights hardly shrink"):
        unpack_weights(bomb, tmp_path / "out")
    many = repacked(archive, more=[(f"steel_pores/{number}.txt", b"") for number in range(70)])
    with pytest.raises(ValueError, match="more than 64 files"):
        unpack_weights(many, tmp_path / "out")


def test_a_list_of_files_without_end_is_not_read(archive, tmp_path):
    data = bytearray(archive.read_bytes())
    struct.pack_into("<I", data, len(data) - 22 + 12, 2**30)
    archive.write_bytes(data)
    with pytest.raises(ValueError, match="more than 64 files"):
        unpack_weights(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("model.weights.h5", r"changed\.zip/model\.weights\.h5 is not what was saved"),
        ("config.json", r"changed\.zip/config\.json is not what was saved"),
        ("README.md", r"changed\.zip/README\.md is not .* SHA256SUMS; copy the weights again$"),
        ("SHA256SUMS", r"line 1: not a SHA-256"),
    ],
)
def test_tampered_contents_are_refused(archive, tmp_path, name, match):
    def change(path, data):
        return path, b"?" + data[1:] if path.endswith(name) else data

    with pytest.raises(ValueError, match=match) as caught:
        unpack_weights(repacked(archive, change), tmp_path / "out")
    assert "partial" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.zip",
        "changed.zip",
        "steel_pores",
    ]


def test_what_the_sums_do_not_list_is_refused(archive, tmp_path):
    path = repacked(archive, more=[("steel_pores/run.py", b"")])
    with pytest.raises(ValueError, match=r"run\.py is not in SHA256SUMS"):
        unpack_weights(path, tmp_path / "out")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_truncated_archives_are_refused(archive, tmp_path, share):
    data = archive.read_bytes()
    archive.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match="is no zip archive, or is cut off"):
        unpack_weights(archive, tmp_path / "out")


def test_a_changed_byte_is_refused(archive, tmp_path):
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.zip is damaged or cut off \(Bad CRC-32"):
        unpack_weights(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "cut off: it is empty"),
        (b"<!DOCTYPE html><p>Sign in", "it is a web page; give the address of the file itself"),
        (b"PK\3\4", "no zip archive, or is cut off$"),
    ],
)
def test_what_is_no_archive_is_said(tmp_path, content, match):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        unpack_weights(tmp_path / "a.zip", tmp_path / "out")


def test_an_archive_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("notes.txt", "x")
    with pytest.raises(ValueError, match=r"is no weights folder packed: config\.json and all"):
        unpack_weights(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("name", ["", ".x", "a/b", "a\\b", "a:b", "a\nb", "a.", "x" * 101, "-o"])
def test_names_that_are_no_folders(name):
    with pytest.raises(ValueError, match="cannot be the name of weights"):
        check_name(name)


@pytest.mark.parametrize("name", ["steel pores 2", "poröse_316L", "a.b+c-d", "_x"])
def test_names_that_are(name):
    check_name(name)


def test_an_existing_folder_or_archive_is_kept(plain, archive, tmp_path):
    with pytest.raises(ValueError, match="already exists"):
        pack_weights(plain, archive)
    with pytest.raises(ValueError, match="already exists"):
        unpack_weights(archive, plain)
    before = open_weights(plain).hashes
    unpack_weights(archive, plain, overwrite=True)
    assert open_weights(plain).hashes == before


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["README (copy).md"], r"README \(copy\).md cannot be a file of weights: .*rename it or"),
        (["readme.md"], "cannot be a file of weights"),
        ([f"{number}.txt" for number in range(60)], "has 64 files, but weights have at most 63"),
    ],
)
def test_what_nobody_could_unpack_is_neither_sealed_nor_packed(plain, tmp_path, names, match):
    for name in names:
        (plain / name).write_text("x")
    before = (plain / "SHA256SUMS").read_text()
    with pytest.raises(ValueError, match=match):
        seal_weights(plain)
    assert (plain / "SHA256SUMS").read_text() == before
    lines = (f"{file_hash(plain / name)}  {name}\n" for name in names)
    (plain / "SHA256SUMS").write_text(before + "".join(lines))
    with pytest.raises(ValueError, match=match):
        pack_weights(plain, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_large_file_is_refused_before_the_weights_are_sealed(plain, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.weights.sums.LARGEST_TEXT", 10**6)
    (plain / "scan.raw").write_bytes(bytes(10**6 + 1))
    with pytest.raises(ValueError, match=r"scan\.raw has 1000001 bytes, more .*keep it elsewhere"):
        seal_weights(plain)
    assert "scan.raw" not in open_weights(plain).hashes


def test_as_many_files_as_may_be_and_no_backup_copy_go_through_an_archive(plain, tmp_path):
    for number in range(59):
        (plain / f"{number}.txt").write_text("x")
    (plain / "README.md~").write_text("# Old\n")
    assert len(seal_weights(plain).hashes) == 63
    assert pack_weights(plain, tmp_path / "a.zip") == ["README.md~"]
    unpack_weights(tmp_path / "a.zip", tmp_path / "out")
    assert len(contents(tmp_path / "out")) == 64
