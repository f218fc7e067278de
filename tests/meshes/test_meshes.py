import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import marching_cubes, mesh_surface_area

from tomoseg_tf.meshes import Field, march, write_meshes, write_object_meshes


def blobs(shape=(9, 11, 12), sigma=1.2, seed=0):
    """Random blobs, many of which touch the faces; noise if sigma is 0."""
    field = np.random.default_rng(seed).normal(size=shape)
    return (gaussian_filter(field, sigma) > 0.05).astype(np.uint8)


def read_vtk(path):
    """Vertices, faces and the bytes of what follows of a legacy VTK file of polygons."""
    head, _, rest = path.read_bytes().partition(b"\nPOINTS ")
    lines = head.decode("ascii").splitlines()
    assert lines[0] == "# vtk DataFile Version 3.0"
    assert lines[2:] == ["BINARY", "DATASET POLYDATA"]
    counts, _, rest = rest.partition(b" float\n")
    size = 12 * int(counts)
    places = np.frombuffer(rest[:size], ">f4").reshape(-1, 3)
    counts, _, rest = rest[size:].removeprefix(b"\nPOLYGONS ").partition(b"\n")
    faces, values = map(int, counts.split())
    rows = np.frombuffer(rest[: 4 * values], ">i4").reshape(faces, 4)
    np.testing.assert_array_equal(rows[:, 0], 3)
    return places, rows[:, 1:], rest[4 * values :].removeprefix(b"\n")


def read_ply(path):
    """Vertices, labels or None, and faces of a binary PLY by the definition of the format."""
    header, body = path.read_bytes().split(b"end_header\n", 1)
    lines = header.decode("ascii").splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    counts = [int(line.split()[2]) for line in lines if line.startswith("element")]
    labelled = "property uint label" in lines
    kind = np.dtype([("place", "<f4", 3)] + ([("label", "<u4")] if labelled else []))
    vertices = np.frombuffer(body, kind, counts[0])
    rows = np.frombuffer(body, [("n", "u1"), ("face", "<i4", 3)], counts[1], vertices.nbytes)
    assert (rows["n"] == 3).all()
    assert vertices.nbytes + rows.nbytes == len(body)
    return vertices["place"], vertices["label"] if labelled else None, rows["face"]


def read_stl(path):
    """Normals and corners of a binary STL."""
    data = path.read_bytes()
    (number,) = np.frombuffer(data, "<u4", 1, 80)
    kind = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    rows = np.frombuffer(data, kind, number, 84)
    assert 84 + rows.nbytes == len(data)
    return rows["normal"], rows["corners"]


def read_obj(path):
    """Vertices and faces of an OBJ, counted from 0."""
    rows = [line.split() for line in path.read_text().splitlines()]
    vertices = np.array([row[1:] for row in rows if row[0] == "v"], float)
    return vertices, np.array([row[1:] for row in rows if row[0] == "f"], int) - 1


def volume_of(corners):
    """Volume inside outward faces."""
    corners = np.asarray(corners, float)
    return np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6


def edge_counts(faces):
    """How many faces go along each edge one way and the other."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    turned = edges[:, 0] > edges[:, 1]
    _, index = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    return np.bincount(index[~turned.ravel()]), np.bincount(index[turned.ravel()])


@pytest.mark.parametrize("sigma", [0, 1.2])
@pytest.mark.parametrize("depth", [1, 2, 4, 50])
def test_meshes_equal_scikit_image_on_the_whole_volume_in_every_slab_size(tmp_path, depth, sigma):
    classes = blobs(sigma=sigma)
    padded = np.pad(classes, 1).astype(float)
    vertices, faces, _, _ = marching_cubes(padded, 0.5)
    (found,), _ = write_meshes(classes, tmp_path / "m.ply", depth=depth)
    places, labels, own = read_ply(tmp_path / "m.ply")
    assert labels is None
    assert len(own) == len(faces) == found["faces"]
    expected = np.unique(vertices[:, ::-1] - 1, axis=0)
    np.testing.assert_allclose(np.unique(places, axis=0), expected, atol=1e-5)
    assert len(places) == len(vertices) == found["vertices"]
    assert found["area"] == pytest.approx(mesh_surface_area(vertices, faces), rel=1e-6)
    assert found["volume"] == pytest.approx(volume_of((vertices[:, ::-1] - 1)[faces]), rel=1e-5)
    assert found["volume"] == pytest.approx(volume_of(places[own]), rel=1e-5)
    assert found["volume"] > 0
    one, other = edge_counts(own)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("settings", [{}, {"smooth": 1.0}, {"step": 2}, {"step": 3, "smooth": 2}])
def test_surfaces_are_closed_whatever_is_done_before(tmp_path, settings):
    classes, areas = blobs((14, 15, 16), 1.6), []
    for depth in (1, 3, 50):
        (found,), _ = write_meshes(
            classes,
            tmp_path / "m.ply",
            depth=depth,
            spacing=(2, 1, 0.5),
            overwrite=True,
            **settings,
        )
        one, other = edge_counts(read_ply(tmp_path / "m.ply")[2])
        assert (one == 1).all()
        assert (other == 1).all()
        areas.append((found["area"], found["volume"], found["vertices"]))
    np.testing.assert_allclose(areas[1:], areas[:1] * 2, rtol=1e-6)


def test_a_ball_in_um_has_its_closed_form():
    """The mesh of its voxels has its volume, and an area that is too large by up to 9 %."""
    size, radius = np.array([0.5, 0.25, 0.25]), 4.0
    z, y, x = (side * (np.arange(-20, 21) + 0.3) for side in size)
    inside = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= radius**2
    corners = {}
    for smooth in (0, 1.5):
        field = Field(_volume(inside.astype(np.uint8)), np.arange(256) == 1, smooth=smooth)
        pieces = [piece.corners[:, :, ::-1] * size[::-1] for piece in march(field, 7)]
        corners[smooth] = np.concatenate(pieces)
    ball = 4 / 3 * np.pi * radius**3
    assert volume_of(corners[0]) == pytest.approx(ball, rel=0.02)
    assert volume_of(corners[1.5]) == pytest.approx(ball, rel=0.06)
    sphere = 4 * np.pi * radius**2
    assert sphere < _area(corners[0]) < 1.13 * sphere
    assert _area(corners[1.5]) == pytest.approx(sphere, rel=0.04)
    middle = corners[0].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(middle, (20 - 0.3) * size[::-1], atol=0.05)


def _volume(array):
    from tomoseg_tf.volume import as_volume

    return as_volume(array)


def _area(corners):
    sides = corners[:, 1:] - corners[:, :1]
    return np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2


def test_all_formats_hold_the_same_surface(tmp_path):
    classes, spacing = blobs(), (2.0, 1.0, 0.5)
    for suffix in ("ply", "vtk", "stl", "obj"):
        (found,), _ = write_meshes(classes, tmp_path / f"m.{suffix}", spacing=spacing, depth=3)
        assert found["unit"] == "um"
    places, _, faces = read_ply(tmp_path / "m.ply")
    vertices, own = read_obj(tmp_path / "m.obj")
    np.testing.assert_allclose(vertices, places, rtol=1e-6)
    np.testing.assert_array_equal(own, faces)
    vertices, own, data = read_vtk(tmp_path / "m.vtk")
    np.testing.assert_array_equal(vertices, places)
    np.testing.assert_array_equal(own, faces)
    assert data == b""
    normals, corners = read_stl(tmp_path / "m.stl")
    np.testing.assert_allclose(corners, places[faces], rtol=1e-6)
    sides = corners[:, 1:] - corners[:, :1]
    own = np.cross(sides[:, 0].astype(float), sides[:, 1])
    lengths = np.linalg.norm(own, axis=1)
    kept = lengths > 1e-6
    np.testing.assert_allclose(normals[kept], own[kept] / lengths[kept, None], atol=1e-5)


def test_labels_classes_and_small_objects(tmp_path):
    classes = np.zeros((8, 9, 12), np.uint8)
    classes[1:3, 1:3, 1:3] = 1
    classes[4:7, 4:7, 4:7] = 1
    classes[2:5, 2:5, 8:11] = 2
    classes[7, 8, 0] = 1
    meshes, _ = write_meshes(classes, tmp_path / "m.ply", labels=True, min_voxels=2, depth=2)
    assert [one["path"][-7:] for one in meshes] == ["m_1.ply", "m_2.ply"]
    places, labels, _ = read_ply(tmp_path / "m_1.ply")
    np.testing.assert_array_equal(np.unique(labels), [1, 3])
    assert places[labels == 1].max() <= 2.5
    assert places[labels == 3].min() >= 3.5
    write_meshes(classes, tmp_path / "m.vtk", labels=True, min_voxels=2, depth=2)
    vertices, _, data = read_vtk(tmp_path / "m_1.vtk")
    np.testing.assert_array_equal(vertices, places)
    header = f"POINT_DATA {len(places)}\nSCALARS label int 1\nLOOKUP_TABLE default\n".encode()
    assert data[: len(header)] == header
    np.testing.assert_array_equal(np.frombuffer(data[len(header) :], ">i4"), labels)
    (alone,), _ = write_meshes(classes, tmp_path / "n.ply", classes=(2,))
    assert alone["path"].endswith("n.ply")
    assert alone["unit"] == "voxels"


def test_labels_where_classes_touch_are_those_of_the_class(tmp_path):
    classes = np.zeros((9, 9, 9), np.uint8)
    classes[2:7, 2:7, 2:5], classes[2:7, 2:7, 5:7] = 1, 2
    write_meshes(classes, tmp_path / "m.ply", labels=True)
    found = [np.unique(read_ply(tmp_path / f"m_{index}.ply")[1]).tolist() for index in (1, 2)]
    assert sorted(found) == [[1], [2]]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("m.off", {}, "a mesh ends in .ply, .vtk, .stl, .obj"),
        ("m.stl", {"labels": True}, "labels of vertices need a .ply or .vtk file"),
        ("m.ply", {"labels": True, "smooth": 1}, "neither thinned nor smoothed"),
        ("m.ply", {"classes": (3,)}, "no voxel is of class 3; there is 1"),
        ("m.ply", {"step": 0}, "step is 0"),
        ("m.ply", {"smooth": np.inf}, "smooth is inf"),
        ("m.ply", {"min_voxels": 0}, "min_voxels is 0"),
        ("here.ply", {}, "already exists"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, name, settings, message):
    (tmp_path / "here.ply").write_text("mine")
    with pytest.raises(ValueError, match=message):
        write_meshes(blobs(), tmp_path / name, **settings)
    assert [path.name for path in tmp_path.iterdir()] == ["here.ply"]


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="nothing to draw"):
        write_meshes(np.zeros((3, 4, 5), np.uint8), tmp_path / "m.ply")


def test_meshes_of_single_objects_are_those_of_all_together(tmp_path):
    classes = blobs((14, 15, 16), 1.6)
    classes[0], classes[-1] = 0, 0
    settings = {"spacing": (2, 1, 0.5), "min_voxels": 4}
    meshes, _ = write_object_meshes(classes, tmp_path / "m", keep_border=True, **settings)
    write_meshes(classes, tmp_path / "all.ply", labels=True, **settings)
    places, labels, _ = read_ply(tmp_path / "all.ply")
    assert [one["label"] for one in meshes] == np.unique(labels).tolist()
    for one in meshes:
        own, _, faces = read_ply(tmp_path / "m" / f"object_{one['label']}.ply")
        assert (one["vertices"], one["faces"]) == (len(own), len(faces))
        expected = places[labels == one["label"]]
        np.testing.assert_allclose(np.unique(own, axis=0), np.unique(expected, axis=0), atol=1e-5)
    rows = (tmp_path / "m" / "objects.csv").read_text().splitlines()
    assert rows[0] == "path,label,class,vertices,faces,area,volume,unit"
    assert len(rows) == 1 + len(meshes)


def test_objects_that_are_cut_too_small_or_of_another_class_have_no_mesh(tmp_path):
    classes = np.zeros((8, 9, 12), np.uint8)
    classes[1:3, 1:3, 1:3] = 1
    classes[4:7, 4:7, 4:7] = 1
    classes[2:5, 2:5, 8:11] = 2
    classes[7, :, 0] = 1
    settings = {"suffix": ".stl", "min_voxels": 9}
    meshes, _ = write_object_meshes(classes, tmp_path / "m", **settings)
    assert [(one["label"], one["class"], one["unit"]) for one in meshes] == [
        (1, 2, "voxels"),
        (2, 1, "voxels"),
    ]
    names = {path.name for path in (tmp_path / "m").iterdir()}
    assert names == {"object_1.stl", "object_2.stl", "objects.csv"}
    with pytest.raises(ValueError, match="already exists"):
        write_object_meshes(classes, tmp_path / "m", **settings)
    options = {"overwrite": True, "classes": (2,)}
    (one,), _ = write_object_meshes(classes, tmp_path / "m", **options, **settings)
    assert (one["label"], len([*(tmp_path / "m").iterdir()])) == (1, 2)
    write_object_meshes(classes, tmp_path / "m", overwrite=True)  # in another format
    assert (tmp_path / "m" / "object_1.ply").exists()
    mistakes = [({"min_voxels": 99}, "nothing to draw"), ({"suffix": ".off"}, "ends in")]
    mistakes += [({"step": 0}, "step is 0"), ({"smooth": -1}, "smooth is -1")]
    for wrong, message in mistakes:
        with pytest.raises(ValueError, match=message):
            write_object_meshes(classes, tmp_path / "n", **wrong)
    assert not (tmp_path / "n").exists()


def test_only_a_folder_of_meshes_is_replaced_and_none_with_the_segmentation(tmp_path):
    classes = np.zeros((6, 6, 6), np.uint8)
    classes[2:4, 2:4, 2:4] = 1
    own = tmp_path / "mine"
    own.mkdir()
    np.save(own / "s.npy", classes)
    (own / "objects.csv").write_text("label\n1\n")  # as docs call the table of objects
    with pytest.raises(ValueError, match=r"mine holds the input .*s\.npy; name another"):
        write_object_meshes(own / "s.npy", own, overwrite=True)
    with pytest.raises(ValueError, match=r"mine already exists and holds no object_.* else"):
        write_object_meshes(classes, own, overwrite=True)
    assert (own / "s.npy").exists()
