"""TXM files: OLE containers, laid out here by the public description of compound files [MS-CFB]."""

import pickle
import struct

import numpy as np
import pytest

from tomoseg_tf.volume import check_output, open_volume

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
GREY = np.random.default_rng(0).integers(0, 60_000, (103, 41, 60))


def chain(table, count, extra):
    """Append the chain of so many sectors to an allocation table; return the first."""
    first = len(table) + extra
    table += [*range(first + 1, first + count), END] if count else []
    return first if count else END


def padded(data, size):
    return data + bytes(-len(data) % size)


def entry(name, kind, child, sibling, start, size):
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<III", NONE, sibling, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def container(tree):
    """Bytes of a compound file of folders (dict) and streams (bytes), with few sectors."""
    table, mini_table, blob, mini = [], [], b"", b""
    nodes = [("Root Entry", tree)]
    entries = []
    for name, content in nodes:  # grows: folders append what they hold
        if isinstance(content, dict):
            child = len(nodes) if content else NONE
            nodes += list(content.items())
            ends = {len(nodes) - 1} if content else set()
            entries.append([name, 1, child, ends, END, 0])
            continue
        if len(content) < CUTOFF:
            start = chain(mini_table, -(-len(content) // MINI), 0)
            mini += padded(content, MINI)
        else:
            start = chain(table, -(-len(content) // SECTOR), 0)
            blob += padded(content, SECTOR)
        entries.append([name, 2, NONE, set(), start, len(content)])
    ends = set().union(*(item[3] for item in entries))
    entries[0][1] = 5
    entries[0][4] = chain(table, -(-len(mini) // SECTOR), 0)
    entries[0][5] = len(mini)
    blob += padded(mini, SECTOR)
    folder = b"".join(
        entry(name, kind, child, NONE if index in ends | {0} else index + 1, start, size)
        for index, (name, kind, child, _, start, size) in enumerate(entries)
    )
    folder_start = chain(table, -(-len(folder) // SECTOR), 0)
    blob += padded(folder, SECTOR)
    minis = struct.pack(f"<{len(mini_table)}I", *mini_table)
    mini_start = chain(table, -(-len(minis) // SECTOR), 0)
    blob += minis + b"\xff" * (-len(minis) % SECTOR)
    sectors = 1
    while sectors * 128 < len(table) + sectors:
        sectors += 1
    places = range(len(table), len(table) + sectors)
    table += [FAT] * sectors
    fat = struct.pack(f"<{len(table)}I", *table) + b"\xff" * (-4 * len(table) % SECTOR)
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    )
    head += bytes(6) + struct.pack(
        "<IIIIIIIIII",
        0,
        sectors,
        folder_start,
        0,
        CUTOFF,
        mini_start,
        max(1, -(-len(minis) // SECTOR)),
        END,
        0,
        places[0],
    )
    head += struct.pack(f"<{sectors - 1}I", *places[1:]) + b"\xff" * 4 * (109 - sectors)
    return head + blob + fat


def scan(grey, kind, **changes):
    info = {
        "NoOfImages": struct.pack("<i", len(grey)),
        "ImageHeight": struct.pack("<i", grey.shape[1]),
        "ImageWidth": struct.pack("<i", grey.shape[2]),
        "DataType": struct.pack("<i", kind),
        "PixelSize": struct.pack("<f", 0.0325),
    } | changes
    tree = {"ImageInfo": {name: data for name, data in info.items() if data is not None}}
    for z, image in enumerate(grey):
        tree.setdefault(f"ImageData{z // 100 + 1}", {})[f"Image{z + 1}"] = image.tobytes()
    return container(tree)


@pytest.mark.parametrize(("kind", "stored"), [(5, "<u2"), (10, "<f4"), (3, "u1")])
def test_slices_and_pixel_size(tmp_path, kind, stored):
    grey = (GREY / (256 if kind == 3 else 1)).astype(stored)
    (tmp_path / "a.txm").write_bytes(scan(grey, kind))
    volume = open_volume(tmp_path / "a.txm")
    assert (volume.shape, volume.dtype) == (GREY.shape, np.dtype(stored))
    assert volume.spacing == (0.0325, 0.0325, 0.0325)
    assert volume.notices == ()
    np.testing.assert_array_equal(volume.read(98, 103), grey[98:])
    np.testing.assert_array_equal(
        volume.read_box(((7, 9), (3, 30), (11, 60))), grey[7:9, 3:30, 11:]
    )


def test_another_process_opens_the_file_anew(tmp_path):
    (tmp_path / "a.txm").write_bytes(scan(GREY[:3].astype("<u2"), 5))
    sent = pickle.dumps(open_volume(tmp_path / "a.txm"))
    np.testing.assert_array_equal(pickle.loads(sent).read(0, 3), GREY[:3])


def test_radiographs_and_a_missing_pixel_size_are_told(tmp_path):
    (tmp_path / "a.txrm").write_bytes(scan(GREY[:3].astype("<u2"), 5, PixelSize=None))
    volume = open_volume(tmp_path / "a.txrm")
    assert volume.spacing is None
    assert volume.notices == (
        "it states no pixel size: the spacing is unknown; state it with --spacing",
        "a TXRM file holds radiographs, not slices; reconstruct it first",
    )
    assert open_volume(tmp_path / "a.txrm", spacing=(1, 2, 3)).notices[0].startswith("a TXRM")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NoOfImages": struct.pack("<i", 4)}, "slice 3 of 4 has 0 bytes, but 41 × 60 voxels of"),
        ({"ImageWidth": struct.pack("<i", 61)}, "slice 0 of 3 has 4920 bytes, but 41 × 61 voxels"),
        ({"ImageWidth": struct.pack("<i", -1)}, "is not that of a volume"),
        ({"ImageWidth": b""}, "states no ImageWidth"),
        ({"DataType": struct.pack("<i", 12)}, "its voxels have type 12, which is not read"),
        ({"DataType": None}, "states no DataType .*; it is no scan of a Zeiss microscope"),
    ],
)
def test_what_contradicts_itself_is_one_line(tmp_path, changes, message):
    (tmp_path / "a.txm").write_bytes(scan(GREY[:3].astype("<u2"), 5, **changes))
    with pytest.raises(ValueError, match=message) as error:
        open_volume(tmp_path / "a.txm")
    assert "\n" not in str(error.value)


def test_other_and_cut_files_are_one_line(tmp_path):
    path = tmp_path / "a.txm"
    data = scan(GREY[:3].astype("<u2"), 5)
    for wrong in (b"", b"hello" * 500, data[:700], data[: len(data) // 2]):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"a\.txm: ") as error:
            open_volume(path).read(0, 3)
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match=r"b\.txm: this format is only read"):
        check_output(tmp_path / "b.txm")
