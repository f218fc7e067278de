"""Regions of ImageJ, written by roifile, as truth."""

import zipfile

import numpy as np
import pytest
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi, roiwrite
from skimage.draw import polygon2mask

from tomoseg_tf.volume import ArrayVolume, count_classes, open_rois
from tomoseg_tf.volume.truth.outlines import Oval, Polygons, fill_outline

SCAN = ArrayVolume(np.zeros((4, 12, 15), np.uint8), spacing=(3, 2, 1), name="scan.tif")


def box(left, top, right, bottom, *, z=1, roitype=ROI_TYPE.RECT, **options):
    roi = ImagejRoi(roitype=roitype, left=left, top=top, right=right, bottom=bottom, **options)
    roi.position = z
    return roi


def drawn(points, *, z=1, name="", **options):
    roi = ImagejRoi.frompoints(np.array(points), name=name, position=z - 1)
    for key, value in options.items():
        setattr(roi, key, value)
    return roi


def save(folder, *rois):
    path = folder / "RoiSet.zip"
    roiwrite(path, list(rois), name=[roi.name or f"{n:04}" for n, roi in enumerate(rois)], mode="w")
    return path


def classes(path, **options):
    return open_rois(path, SCAN, **{"classes": 1, **options}).read(0, 4)


def test_rectangles_polygons_and_ovals(tmp_path):
    triangle = drawn([(6, 0), (12, 0), (6, 6)], z=2)
    path = save(tmp_path, box(1, 2, 4, 5), triangle, box(0, 0, 4, 4, z=3, roitype=ROI_TYPE.OVAL))
    found = classes(path)
    expected = np.zeros((3, 12, 15), np.uint8)
    expected[0, 2:5, 1:4] = 1
    for row in range(6):
        expected[1, row, 6 : 12 - row] = 1  # centres on the slanted side are inside: a right edge
    expected[2, :4, :4] = [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]
    np.testing.assert_array_equal(found[:3], expected)
    assert (found[3] == 255).all()


def test_freehand_outlines_with_parts_of_pixels_equal_scikit_image(tmp_path):
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    points = np.stack([7.3 + 5 * np.cos(angles), 6.1 + 4 * np.sin(3 * angles)], 1)
    freehand = drawn(points.astype(np.float32), z=4, roitype=ROI_TYPE.FREEHAND)
    found = classes(save(tmp_path, freehand))
    inside = polygon2mask((12, 15), points[:, ::-1] - 0.5)
    assert inside.sum() > 40
    np.testing.assert_array_equal(found[3], inside)


def test_compositions_have_holes(tmp_path):
    outer, inner = [(1, 1), (9, 1), (9, 9), (1, 9)], [(3, 3), (3, 6), (6, 6), (6, 3)]
    path = []
    for ring in (outer, inner):
        path += [0, *ring[0], *(value for point in ring[1:] for value in (1, *point)), 4]
    roi = box(1, 1, 9, 9, shape_roi_size=len(path))
    roi.multi_coordinates = np.array(path, np.float32)
    expected = np.zeros((12, 15), bool)
    expected[1:9, 1:9] = True
    expected[3:6, 3:6] = False
    np.testing.assert_array_equal(classes(save(tmp_path, roi))[0], expected)


def test_rectangles_between_pixels_and_a_single_file(tmp_path):
    options = ROI_OPTIONS.SUB_PIXEL_RESOLUTION
    roi = box(2, 3, 6, 8, options=options, xd=1.6, yd=2.4, widthd=4, heightd=5)
    roiwrite(tmp_path / "one.roi", roi)
    expected = np.zeros((12, 15), bool)
    expected[2:7, 2:6] = True
    np.testing.assert_array_equal(classes(tmp_path / "one.roi")[0], expected)


@pytest.mark.parametrize(
    ("unlabelled", "other", "empty"),
    [("slices", 0, 255), ("ignore", 255, 255), ("background", 0, 0)],
)
def test_what_lies_in_no_region(tmp_path, unlabelled, other, empty):
    truth = open_rois(save(tmp_path, box(0, 0, 2, 2)), SCAN, classes=3, unlabelled=unlabelled)
    found = truth.read(0, 4)
    assert (found[0, 0, 0], found[0, 11, 14], found[3, 0, 0]) == (3, other, empty)
    assert truth.spacing == SCAN.spacing
    np.testing.assert_array_equal(truth.read_box(((0, 2), (1, 5), (1, 9))), found[:2, 1:5, 1:9])


def test_names_and_groups_say_the_class(tmp_path):
    rois = [box(0, 0, 2, 2, name="pore-1"), box(4, 0, 6, 2, name="Fe 2", group=7)]
    rois += [box(8, 0, 10, 2, name="doubt"), box(11, 0, 12, 3, name="pore-2", z=0, z_position=2)]
    rules = [("pore*", 1), ("group:7", 2), ("*", 255)]
    counts = count_classes(open_rois(save(tmp_path, *rois), SCAN, classes=rules))
    assert (counts[1], counts[2]) == (4 + 3, 4)
    assert counts[255] == 4 + 2 * 12 * 15
    grouped = [box(0, 0, 2, 2, group=2), box(4, 0, 6, 2, group=5)]
    counts = count_classes(open_rois(save(tmp_path, *grouped), SCAN))
    assert (counts[2], counts[5]) == (4, 4)


@pytest.mark.parametrize("axis", ["c", "z", "t"])
def test_slices_lie_along_the_axis_that_imagej_names(tmp_path, axis):
    places = {"c_position": 1, "z_position": 1, "t_position": 1}
    rois = [
        box(0, 0, 2, 2, **{**places, f"{axis}_position": number}, z=0, name=f"{number}")
        for number in (1, 4)
    ]
    truth = open_rois(save(tmp_path, *rois, box(4, 4, 6, 6, z=2, name="stack")), SCAN, classes=1)
    assert any("is taken for the slice" in notice for notice in truth.notices) == (axis != "z")
    found = truth.read(0, 4)
    np.testing.assert_array_equal(found[:, 0, 0], [1, 0, 255, 1])
    np.testing.assert_array_equal(found[:, 5, 5], [0, 1, 255, 0])


def test_one_channel_of_several_is_a_volume_and_several_are_none(tmp_path):
    rois = [box(0, 0, 2, 2, z=0, z_position=z, c_position=2, name=f"{z}") for z in (1, 3)]
    np.testing.assert_array_equal(classes(save(tmp_path, *rois))[:, 0, 0], [1, 255, 1, 255])
    rois[0].c_position = 1
    with pytest.raises(ValueError, match="its regions differ in channel and slice, but a volume"):
        classes(save(tmp_path, *rois))


def test_lines_and_texts_are_left_out(tmp_path):
    line = ImagejRoi(roitype=ROI_TYPE.LINE, x1=1, y1=1, x2=5, y2=5, name="width", position=1)
    text = box(0, 0, 5, 5, name="label", subtype=ROI_SUBTYPE.TEXT, text_name="", text="")
    path = save(tmp_path, box(0, 0, 2, 2), line, text)
    truth = open_rois(path, SCAN, classes=1)
    assert count_classes(truth)[1] == 4
    assert truth.notices == (
        "1 region in 1 of 4 slices; what is in none is background there, and 255 in all other "
        "slices",
        "2 without an area are left out: width, label",
    )
    with pytest.raises(ValueError, match="holds no region with an area but width; draw outlines"):
        open_rois(save(tmp_path, line), SCAN)


def test_overlaps_need_a_priority(tmp_path):
    path = save(tmp_path, box(0, 0, 3, 3, name="a"), box(2, 2, 5, 5, name="b"))
    rules = [("a", 1), ("b", 2)]
    with pytest.raises(ValueError, match="region b of class 2 in slice 1 covers 1 pixels of a reg"):
        classes(path, classes=rules)
    assert classes(path, classes=rules, priority="first")[0, 2, 2] == 1
    assert classes(path, classes=rules, priority="last")[0, 2, 2] == 2
    assert classes(path, classes=5)[0, 2, 2] == 5


@pytest.mark.parametrize(
    ("rois", "options", "message"),
    [
        ([box(0, 0, 2, 2, z=5, name="a")], {}, "region a has slice 5, but scan.tif has the slices"),
        ([box(0, 0, 2, 2, z=0, name="a")], {}, "region a has no slice.*Properties... > Position"),
        ([box(20, 0, 22, 2, name="a")], {}, "region a lies outside the 12 × 15 pixels of scan.tif"),
        ([box(0, 20, 2, 22, name="a")], {}, "region a lies outside"),
        ([box(0, 0, 2, 2, name="a")], {"classes": None}, "1 of 1 regions have no class: a .*0: 1"),
        ([box(0, 0, 2, 2)], {"classes": 300}, "class 300 of its regions is not in 0 to 255"),
        ([box(0, 0, 2, 2)], {"unlabelled": "no"}, "unlabelled 'no' or priority None is not known"),
    ],
)
def test_what_cannot_be_meant_is_one_line(tmp_path, rois, options, message):
    with pytest.raises(ValueError, match=message) as error:
        classes(save(tmp_path, *rois), **options)
    assert "\n" not in str(error.value)


def test_damaged_files_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.truth.rois.MAX_BYTES", 2**16)
    path = save(tmp_path, drawn([(0, 0), (3, 0), (3, 5)]))
    data = path.read_bytes()
    path.write_bytes(data[:-30])
    with pytest.raises(ValueError, match="is no archive of regions, or damaged"):
        classes(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.roi", drawn([(0, 0), (3, 0), (3, 5)]).tobytes()[:70])
    with pytest.raises(ValueError, match="its region a cannot be read"):
        classes(path)
    (tmp_path / "a.roi").write_bytes(b"Iout")
    with pytest.raises(ValueError, match=r"its region a cannot be read .*too short"):
        classes(tmp_path / "a.roi")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.roi", bytes(2**16 + 1))
    with pytest.raises(ValueError, match="its regions have 65537 bytes, more than"):
        classes(path)


@pytest.mark.parametrize(
    "outline",
    [Polygons((np.array([[np.nan, 0], [5, np.inf], [-np.inf, 9]]),)), Oval(0, 0, 1e30, 5)],
)
def test_numbers_beyond_reason_are_cut(outline):
    assert fill_outline(outline, (6, 7)).shape == (6, 7)
