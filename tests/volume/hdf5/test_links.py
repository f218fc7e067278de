"""Links and virtual datasets: followed below the folder of the file, and nowhere else."""

import os
import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import list_volumes, open_volume

ARRAY = np.arange(6 * 5 * 4, dtype="u2").reshape(6, 5, 4)


@pytest.fixture
def folder(tmp_path):
    """A folder with sources below it, and a file outside."""
    (tmp_path / "scan" / "parts").mkdir(parents=True)
    for path in ("scan/source.h5", "scan/parts/source.h5", "outside.h5"):
        with h5py.File(tmp_path / path, "w") as file:
            file["a/data"] = ARRAY
    return tmp_path / "scan"


@pytest.fixture
def master(folder):
    with h5py.File(folder / "master.h5", "w") as file:
        yield file


def opened(file, inside="/v"):
    file.flush()
    return open_volume(f"{file.filename}::{inside}" if inside else file.filename)


def assert_refused(file, message, inside="/v"):
    with pytest.raises(ValueError, match=message) as caught:
        opened(file, inside)
    assert "\n" not in str(caught.value)


def virtual(file, *sources, shape=ARRAY.shape, name="v"):
    """A virtual dataset of sources, one after another along z."""
    layout = h5py.VirtualLayout((len(sources) * shape[0], *shape[1:]), "u2")
    for index, source in enumerate(sources):
        piece = h5py.VirtualSource(str(source), "/a/data", ARRAY.shape)[: shape[0]]
        layout[index * shape[0] : (index + 1) * shape[0]] = piece
    file.create_virtual_dataset(name, layout, fillvalue=9)


@pytest.mark.parametrize("name", ["source.h5", "parts/source.h5", "./parts/../source.h5"])
@pytest.mark.parametrize("path", ["/a/data", "a"])
def test_external_links_below_the_folder(master, name, path):
    master["v"] = h5py.ExternalLink(name, path)
    volume = opened(master, "/v" if path == "/a/data" else "/v/data")
    np.testing.assert_array_equal(volume.read(1, 3), ARRAY[1:3])
    assert opened(master, None).shape == ARRAY.shape


def test_chain_of_links(master, folder):
    with h5py.File(folder / "parts" / "chain.h5", "w") as file:
        file["next"] = h5py.ExternalLink("../source.h5", "/a")
        file["soft"] = h5py.SoftLink("next/data")
    master["deep/v"] = h5py.ExternalLink("parts/chain.h5", "soft")
    master["up"] = h5py.SoftLink("deep/./v")
    np.testing.assert_array_equal(opened(master, "up").read(0, 6), ARRAY)


@pytest.mark.parametrize("name", ["../outside.h5", "{tmp}/outside.h5", "/etc/passwd", "/dev/zero"])
def test_external_links_out_of_the_folder(master, folder, name):
    master["v"] = h5py.ExternalLink(name.format(tmp=folder.parent), "/a/data")
    assert_refused(master, r"link /v leads to .*, out of the folder .*scan; copy that file")
    assert_refused(master, r"there is no volume in the file.*link /v leads to", None)


def test_symbolic_link_out_of_the_folder(master, folder):
    (folder / "inner.h5").symlink_to(folder.parent / "outside.h5")
    master["v"] = h5py.ExternalLink("inner.h5", "/a/data")
    assert_refused(master, "out of the folder")


def test_absolute_links_within_the_folder_and_of_a_moved_scan(master, folder):
    master["v"] = h5py.ExternalLink(str(folder / "source.h5"), "/a/data")
    master["w"] = h5py.ExternalLink("/beamline/run1/source.h5", "/a/data")
    for inside in "vw":
        np.testing.assert_array_equal(opened(master, inside).read(0, 6), ARRAY)


def test_scan_reached_through_a_symbolic_link(master, folder):
    master["v"] = h5py.ExternalLink("source.h5", "/a/data")
    master.flush()
    Path(folder.parent, "here.h5").symlink_to(folder / "master.h5")
    np.testing.assert_array_equal(open_volume(folder.parent / "here.h5").read(0, 6), ARRAY)


def test_links_to_nothing(master, folder):
    master["v"] = h5py.ExternalLink("missing.h5", "/a/data")
    master["w"] = h5py.ExternalLink("source.h5", "/b")
    master["x"] = h5py.SoftLink("/nothing")
    (folder / "text.h5").write_text("no HDF5")
    master["y"] = h5py.ExternalLink("text.h5", "/b")
    os.mkfifo(folder / "pipe.h5")
    master["z"] = h5py.ExternalLink("pipe.h5", "/b")
    assert_refused(master, "link /v leads to missing.h5, which is not there")
    assert_refused(master, "there is no volume in the file", "w")
    assert_refused(master, "holds no x", "x")
    assert_refused(master, r"text\.h5: is not an HDF5 file", "y")
    assert_refused(master, "link /z leads to pipe.h5, which is not there", "z")


@pytest.mark.parametrize("target", ["/v", "w", "/group/v"])
def test_loops_of_links(master, target):
    master["v"], master["w"] = h5py.SoftLink(target), h5py.SoftLink("/v")
    master["group"] = h5py.SoftLink("/")
    assert_refused(master, "leads through more than 32 links, or in a loop")
    assert_refused(master, "there is no volume in the file.*loop", None)


def test_groups_that_hold_themselves(master):
    master["group/data"] = ARRAY
    master["group/self"] = master["group"]
    master["group/external"] = h5py.ExternalLink("master.h5", "/group")
    assert opened(master, None).name.endswith("/data")


def test_virtual_dataset_over_several_files(master):
    virtual(master, "source.h5", "parts/source.h5")
    volume = opened(master, None)
    assert volume.storage["reading"] == "virtual dataset over 2 other files"
    assert volume.notices == ()
    np.testing.assert_array_equal(volume.read(4, 9), np.concatenate([ARRAY[4:], ARRAY[:3]]))
    np.testing.assert_array_equal(
        volume.read_box(((5, 7), (1, 3), (2, 4))), np.stack([ARRAY[5], ARRAY[0]])[:, 1:3, 2:4]
    )


def test_virtual_dataset_over_its_own_file(master):
    master["a/data"] = ARRAY
    virtual(master, ".")
    np.testing.assert_array_equal(opened(master).read(0, 6), ARRAY)


def test_virtual_dataset_that_grows(master, folder):
    with h5py.File(folder / "source.h5", "w") as file:
        file.create_dataset("a/data", data=ARRAY, maxshape=(None, 5, 4))
    layout = h5py.VirtualLayout(ARRAY.shape, "u2", maxshape=(None, 5, 4))
    source = h5py.VirtualSource("source.h5", "a/data", ARRAY.shape, maxshape=(None, 5, 4))
    layout[: h5py.UNLIMITED] = source[: h5py.UNLIMITED]
    master.create_virtual_dataset("v", layout)
    np.testing.assert_array_equal(opened(master).read(0, 6), ARRAY)


@pytest.mark.parametrize("name", ["../outside.h5", "/etc/passwd", "{tmp}/outside.h5"])
def test_virtual_dataset_over_files_out_of_the_folder(master, folder, name):
    virtual(master, "source.h5", name.format(tmp=folder.parent))
    assert_refused(master, r"virtual dataset /v leads to .*, out of the folder")
    assert_refused(master, r"there is no volume in the file.*out of the folder", None)


def test_missing_source_is_an_error_and_not_zeros(master, folder):
    virtual(master, "source.h5", "parts/source.h5")
    volume = opened(master)
    (folder / "parts" / "source.h5").unlink()
    assert_refused(master, "virtual dataset /v leads to parts/source.h5, which is not there")
    with pytest.raises(ValueError, match=r"its source .*source\.h5 is gone; put it back"):
        volume.read(0, 1)


@pytest.mark.parametrize("content", [None, ARRAY[:3], ARRAY[0]])
def test_source_that_holds_too_little(master, folder, content):
    with h5py.File(folder / "source.h5", "w") as file:
        if content is not None:
            file["a/data"] = content
    virtual(master, "source.h5")
    assert_refused(master, "takes .* voxels from|source.* is no dataset; write it again")


def test_source_that_was_never_written(master, folder):
    with h5py.File(folder / "source.h5", "w") as file:
        file.create_dataset("a/data", ARRAY.shape, "u2", chunks=(2, 5, 4))
    virtual(master, "source.h5")
    assert_refused(master, "0 of its 3 chunks were written")


def test_parts_without_a_source_are_reported(master):
    layout = h5py.VirtualLayout((8, 5, 4), "u2")
    layout[:6] = h5py.VirtualSource("source.h5", "/a/data", ARRAY.shape)
    master.create_virtual_dataset("v", layout, fillvalue=9)
    volume = opened(master)
    assert volume.notices == ("40 of its voxels have no source; they are read as 9",)
    assert volume.read(6, 8).min() == 9


def test_virtual_dataset_over_itself_ends(master):
    layout = h5py.VirtualLayout(ARRAY.shape, "u2")
    layout[:] = h5py.VirtualSource(".", "/v", ARRAY.shape)
    master.create_virtual_dataset("v", layout)
    assert_refused(master, "is virtual through more than 8 datasets, or in a loop")


def test_source_behind_a_link_out_of_the_folder(master, folder):
    with h5py.File(folder / "source.h5", "w") as file:
        file["a/data"] = h5py.ExternalLink("../outside.h5", "/a/data")
    virtual(master, "source.h5")
    assert_refused(master, "link /a/data leads to ../outside.h5, out of the folder")


def test_broken_volume_beside_the_chosen_one_is_told(master):
    virtual(master, "missing.h5")
    master["a"] = ARRAY
    assert opened(master, None).notices[0].startswith("left out: ")
    assert "missing.h5, which is not there" in opened(master, None).notices[0]


def test_pattern_of_sources_is_refused(master):
    source = h5py.VirtualSource("source_%b.h5", "a/data", ARRAY.shape)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    space = h5py.h5s.create_simple(ARRAY.shape, (h5py.h5s.UNLIMITED, 5, 4))
    blocks = space.copy()
    blocks.select_hyperslab((0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1), (6, 5, 4), (6, 5, 4))
    properties.set_virtual(blocks, b"source_%b.h5", b"a/data", source.sel.id)
    h5py.h5d.create(master.id, b"v", h5py.h5t.NATIVE_UINT16, space, properties)
    assert_refused(master, "names its sources by the pattern source_%b.h5")


def over_frames(file, sources, shape=ARRAY.shape):
    """A virtual dataset whose frames are whole sources; closes the file, as acquisition does."""
    layout = h5py.VirtualLayout(shape, "u2")
    for index, source in enumerate(sources):
        layout[index] = h5py.VirtualSource(source, "data", shape[1:])
    file.create_virtual_dataset("v", layout, fillvalue=9)
    name = file.filename
    file.close()
    return name


def over_whole(file, source="source.h5", claimed=ARRAY.shape, place=np.s_[:]):
    """A virtual dataset over one whole source, in a file that is closed."""
    layout = h5py.VirtualLayout(ARRAY.shape, "u2")
    layout[place] = h5py.VirtualSource(source, "a/data", shape=claimed)
    file.create_virtual_dataset("v", layout, fillvalue=9)
    name = file.filename
    file.close()
    return name


def test_whole_source_is_read_as_h5py_reads_it(master):
    name = over_whole(master)
    with h5py.File(name) as file:
        np.testing.assert_array_equal(file["v"], ARRAY)
    volume = open_volume(name)
    assert volume.notices == ()
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)


def test_whole_source_of_another_shape_is_read_as_h5py_reads_it(master, folder):
    with h5py.File(folder / "source.h5", "w") as file:
        file["a/data"] = ARRAY.reshape(12, 10)
    name = over_whole(master)
    with h5py.File(name) as file:
        np.testing.assert_array_equal(open_volume(name).read(0, 6), file["v"])


def test_whole_source_in_a_part_leaves_the_rest_empty(master, folder):
    with h5py.File(folder / "source.h5", "w") as file:
        file["a/data"] = ARRAY[:4]
    name = over_whole(master, claimed=(4, 5, 4), place=np.s_[1:5])
    volume = open_volume(name)
    assert volume.notices == ("40 of its voxels have no source; they are read as 9",)
    with h5py.File(name) as file:
        np.testing.assert_array_equal(volume.read(0, 6), file["v"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ARRAY[:4], r"takes 120 voxels from source\.h5::a/data, which has \(4, 5, 4\); its acq"),
        (np.stack([ARRAY] * 2), r"which has \(2, 6, 5, 4\); the two do not fit, write it again"),
    ],
)
def test_whole_source_of_another_size_is_refused(master, folder, content, message):
    with h5py.File(folder / "source.h5", "w") as file:
        file["a/data"] = content
    with pytest.raises(ValueError, match=message):
        open_volume(over_whole(master))


def test_a_file_for_each_frame(master, folder):
    names = [f"frame{index}.h5" for index in range(6)]
    for name, image in zip(names, ARRAY, strict=True):
        with h5py.File(folder / name, "w") as file:
            file["data"] = image
    volume = open_volume(over_frames(master, names))
    assert volume.notices == ()
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    with h5py.File(folder / "frame3.h5", "w") as file:
        file["data"] = ARRAY[3, :2]
    with pytest.raises(ValueError, match=r"takes 20 voxels from frame3\.h5.*cut short"):
        open_volume(volume.name)


def test_more_files_than_can_be_held_open_are_refused(master, folder):
    """The library reads a source as fill values where no more files may be opened."""
    names = [f"frame{index}.h5" for index in range(256)]
    for name in names:
        (folder / name).touch()
    name = over_frames(master, names, (256, 5, 4))
    with pytest.raises(ValueError, match="takes its voxels from 256 files, more than 255; copy it"):
        open_volume(name)


@pytest.mark.parametrize("is_default", [True, False])
def test_all_that_is_left_out_is_listed_with_the_reason(master, is_default):
    data = master.create_group("data")
    data["a"] = h5py.ExternalLink("source.h5", "a/data")
    data["b"] = h5py.ExternalLink("gone.h5", "a/data")
    data["c"] = h5py.ExternalLink("../outside.h5", "a/data")
    if is_default:
        master.attrs["default"], data.attrs["signal"] = "data", "a"
    master.flush()
    volume, gone, outside = list_volumes(master.filename)
    assert volume.startswith("/data/a (6 × 5 × 4")
    assert re.fullmatch(r"left out: .*link /data/b leads to gone\.h5, which is not there.*", gone)
    assert re.fullmatch(r"left out: .*link /data/c leads to .*, out of the folder .*", outside)


def test_many_that_are_left_out_are_counted(master):
    for index in range(12):
        master[f"link{index:02d}"] = h5py.ExternalLink("gone.h5", f"{index}")
    master["v"] = ARRAY
    master.flush()
    listed = list_volumes(master.filename)
    assert (len(listed), listed[-1]) == (10, "left out: 4 more, for the like")
