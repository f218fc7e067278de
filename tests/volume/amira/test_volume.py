"""AmiraMesh: label fields and scans, in every packing, and damaged ones."""

import pickle
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomoseg_tf.volume import check_output, merge_truth, open_truth, open_volume

LABELS = np.zeros((4, 6, 7), np.uint8)
LABELS[1:3, 2:5, 1:4], LABELS[2, 0] = 1, 2
MATERIALS = """
    Materials {
        Exterior {
            Id 1
        }
        "large pore" {
            Color 0.64 0 0.8,
            Id 4
        }
        Fe-rich {
            Id 3,
            Color 0 1 0
        }
    }"""
HEADER = """# {program} {encoding} 2.1
# CreationDate: a Lattice {{ float Data }} @7 in a comment


define Lattice 7 6 4

Parameters {{{materials}
    HistoryLogHead "define Lattice 1 1 1 }} {{",
    Units {{
        Coordinates "{unit}"
    }}
    Content "7x6x4 byte, uniform coordinates",
    BoundingBox 0 12 10 15 -1 2,
    CoordType "uniform"
}}

{field}

# Data section follows
@1
"""


def header(field, encoding="BINARY-LITTLE-ENDIAN", *, program="AmiraMesh", unit="nm", materials=""):
    options = {"program": program, "encoding": encoding, "unit": unit, "materials": materials}
    return HEADER.format(field=field, **options).encode()


def runs(data):
    """HxByteRLE as Amira writes it: repeats of at most 127, and other bytes as they are."""
    packed, at = bytearray(), 0
    while at < len(data):
        end = at + 1
        while end < len(data) and data[end] == data[at] and end - at < 127:
            end += 1
        if end - at > 1:
            packed += bytes([end - at, data[at]])
        else:
            while end < len(data) and data[end] != data[end - 1] and end - at < 127:
                end += 1
            packed += bytes([128 + end - at]) + data[at:end]
        at = end
    return bytes(packed)


def packed_labels(path, packing, materials=MATERIALS):
    data = LABELS.tobytes()
    data = {"HxByteRLE": runs, "HxZip": zlib.compress, "": bytes}[packing](data)
    how = f"({packing},{len(data)})" if packing else ""
    field = f"Lattice {{ byte Labels }} @1{how}"
    path.write_bytes(header(field, materials=materials) + data + b"\n")
    return path


@pytest.mark.parametrize("packing", ["", "HxByteRLE", "HxZip"])
def test_label_fields_are_classes_with_names(tmp_path, packing):
    path = packed_labels(tmp_path / "scan.Labels.am", packing)
    volume = open_volume(path)
    assert (volume.shape, volume.dtype, volume.holds_classes) == (LABELS.shape, np.uint8, True)
    # the bounding box ends at the centres of the outer voxels
    assert volume.spacing == pytest.approx((0.001, 0.001, 0.002))
    assert volume.class_names == ("Exterior", "large pore", "Fe-rich")
    assert volume.notices[0] == (
        "its materials are the classes 0 Exterior, 1 large pore (#a300cc), 2 Fe-rich (#00ff00)"
    )
    np.testing.assert_array_equal(volume.read_box(((1, 3), (1, 6), (0, 5))), LABELS[1:3, 1:, :5])
    np.testing.assert_array_equal(volume.read(0, 4), LABELS)
    sent = pickle.dumps(volume)  # as to a worker of a cluster
    np.testing.assert_array_equal(pickle.loads(sent).read(0, 4), LABELS)
    np.testing.assert_array_equal(open_truth(path).read(0, 4), LABELS)


@pytest.mark.parametrize(
    ("palette", "names"),
    [
        ("auto", ("Exterior", "large pore", "Fe-rich")),
        ("0:0,2:1,1:2", ("Exterior", "Fe-rich", "large pore")),
        ("0:ignore,1:0,2:1", ("large pore", "Fe-rich")),
        ("0:0,1:1,2:1", ()),
        ("0:0,1:2,2:4", ()),
        ("levels", ("Exterior", "large pore", "Fe-rich")),
    ],
)
def test_names_of_materials_follow_a_palette(tmp_path, palette, names):
    path = packed_labels(tmp_path / "a.am", "")
    assert open_truth(path, palette).class_names == names
    assert merge_truth([path], palette=palette).class_names == names
    assert merge_truth([path], ignore=[LABELS], palette=palette).class_names == names


def test_numbered_masks_take_no_names_of_materials(tmp_path):
    path = packed_labels(tmp_path / "a.am", "")
    assert merge_truth([(path, 3)], palette="0:0,1:1,2:0").class_names == ()
    assert merge_truth([path, LABELS], priority="first").class_names == ()
    assert merge_truth([path, (LABELS, 4)], priority="first").class_names == ()


@pytest.mark.parametrize(
    ("encoding", "name", "stored"),
    [
        ("BINARY-LITTLE-ENDIAN", "ushort", "<u2"),
        ("3D BINARY", "short", ">i2"),
        ("BINARY", "float", ">f4"),
        ("BINARY-LITTLE-ENDIAN", "double", "<f8"),
        ("3D ASCII", "float", None),
        ("ASCII", "ushort", None),
    ],
)
def test_scans_of_every_type(tmp_path, encoding, name, stored):
    grey = np.random.default_rng(0).integers(0, 30_000, (4, 6, 7)) / (2 if name[0] == "f" else 1)
    data = header(f"Lattice {{ {name} Data }} = @1", encoding, program="Avizo", unit="µm")
    text = " \n".join(f"{value:g}" for value in grey.ravel()).encode() + b"\n\n@2\n"
    path = tmp_path / "scan.am"
    path.write_bytes(data + (grey.astype(stored).tobytes() if stored else text))
    volume = open_volume(path)
    assert (volume.holds_classes, volume.notices) == (False, ())
    assert volume.spacing == pytest.approx((1, 1, 2))
    np.testing.assert_array_equal(volume.read(1, 4), grey[1:])
    np.testing.assert_array_equal(volume.read(0, 1), grey[:1])


def test_headers_in_latin_1_keep_their_unit(tmp_path):
    text = header("Lattice { byte Data } @1", unit="µm").decode().encode("latin-1")
    (tmp_path / "a.am").write_bytes(text + LABELS.tobytes())
    volume = open_volume(tmp_path / "a.am")
    assert (volume.spacing, volume.notices) == (pytest.approx((1, 1, 2)), ())
    np.testing.assert_array_equal(volume.read(0, 4), LABELS)


def test_packed_floats(tmp_path):
    grey = np.random.default_rng(0).normal(size=(4, 6, 7)).astype("<f4")
    data = zlib.compress(grey.tobytes())
    field = f"Lattice {{ float Data }} @1(HxZip,{len(data)})\nLattice {{ byte Mask }} @2"
    (tmp_path / "a.am").write_bytes(header(field) + data)
    volume = open_volume(tmp_path / "a.am")
    assert volume.notices == ("it also holds Mask, which is not read",)
    np.testing.assert_array_equal(volume.read(0, 4), grey)


def test_a_unit_that_is_missing_is_said(tmp_path):
    path = tmp_path / "a.am"
    data = header("Lattice { byte Data } @1") + bytes(168)
    path.write_bytes(data.replace(b'    Units {\n        Coordinates "nm"\n    }\n', b""))
    volume = open_volume(path)
    assert volume.spacing is None
    assert "voxel size 1,1,2 (z, y, x) has no unit" in volume.notices[0]
    assert open_volume(path, spacing=(1, 1, 2)).notices == ()
    path.write_bytes(data.replace(b"0 12 10 15 -1 2", b"0 12 10 15 2 2"))
    assert "its bounding box is none" in open_volume(path).notices[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"# AmiraMesh", b"# Amiga", "is no AmiraMesh file; its first bytes are b'# Amiga "),
        (b"LITTLE-ENDIAN", b"MIDDLE-ENDIAN", "its encoding 'BINARY-MIDDLE-ENDIAN' is not known"),
        (b"define Lattice 7 6 4", b"define Vertices 9", "has no three-dimensional lattice"),
        (b"define Lattice 7 6 4", b"define Lattice 7 6 9", "but its header tells of 378"),
        (b"define Lattice 7 6 4", b"define Lattice 7 0 4", "is not that of a volume"),
        (b"byte Labels", b"byte[4] Labels", "has 4 numbers a voxel, colours or vectors"),
        (b"byte Labels", b"complex Labels", "its voxel type complex is not read"),
        (b"@1\n\n", b"@1(HxBrotli,100)\n\n", "its packing HxBrotli is not known"),
        (b"@1\n\n", b"@1(HxByteRLE,100000)\n\n", "its header tells of 100000"),
        (b"@1\n\n", b"@1(HxByteRLE,2)\n\n", "cut short or damaged"),
        (b"@1\n\n", b"@2\n\n", "has no field on its lattice at @1"),
        (b"follows\n@1\n", b"follows\n", "its voxels .@1. are missing"),
        (b'"uniform"', b'"curvilinear"', "its coordinates are curvilinear, not uniform"),
        (b'"uniform"\n}', b'"uniform"\n', "its parameters do not end"),
        (b"Parameters {", b"Parameters }", "the header is damaged, save it again"),
    ],
)
def test_what_is_no_volume_is_one_line(tmp_path, old, new, message):
    path = packed_labels(tmp_path / "a.am", "")
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(ValueError, match=message) as error:
        open_volume(path)
    assert "\n" not in str(error.value)


def test_runs_of_two_bytes_a_voxel_are_refused(tmp_path):
    field = "Lattice { ushort Labels } @1(HxByteRLE,100)"
    (tmp_path / "a.am").write_bytes(header(field) + bytes(100))
    with pytest.raises(ValueError, match="only read for voxels of one byte, not uint16; save it"):
        open_volume(tmp_path / "a.am")


@pytest.mark.parametrize("packing", ["HxByteRLE", "HxZip"])
def test_packed_voxels_that_are_damaged(tmp_path, packing):
    path = packed_labels(tmp_path / "a.am", packing)
    data = path.read_bytes()
    begin = data.index(b"\n@1\n") + 4
    path.write_bytes(data[:begin] + bytes(len(data) - begin))
    volume = open_volume(path)
    with pytest.raises(ValueError, match=r"a\.am: cannot be unpacked .(it ends after 0|Error)"):
        volume.read(0, 1)


def test_text_that_is_no_number(tmp_path):
    path = tmp_path / "a.am"
    path.write_bytes(header("Lattice { byte Data } @1", "ASCII") + b"1 2 300 " * 168)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        open_volume(path).read(0, 4)


def test_it_is_only_read(tmp_path):
    with pytest.raises(ValueError, match=r"a\.am: this format is only read; write OME-TIFF .*RAW"):
        check_output(tmp_path / "a.am")
    with pytest.raises(ValueError, match=r"no format has the suffix \.x; use (?!.*AmiraMesh)"):
        check_output(tmp_path / "a.x")


@pytest.mark.parametrize("packing", ["", "HxByteRLE", "HxZip"])
@settings(max_examples=30, deadline=None)
@given(place=st.floats(0, 1), value=st.integers(0, 255), cut=st.floats(0.3, 1))
def test_damage_is_one_line_or_a_volume(packing, place, value, cut):
    with tempfile.TemporaryDirectory() as folder:
        path = packed_labels(Path(folder, "a.am"), packing)
        data = bytearray(path.read_bytes())
        data[int(place * (len(data) - 1))] = value
        path.write_bytes(data[: int(cut * len(data)) + 1])
        message = ""
        try:
            volume = open_volume(path)
            volume.read(0, volume.shape[0] if volume.nbytes < 10**6 else 1)
        except ValueError as error:
            message = str(error)
        assert "\n" not in message
        assert not message or str(path) in message
