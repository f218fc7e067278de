import json

import numpy as np

COMMAND = ("mesh",)


def test_a_cube_is_written_and_told(run, tmp_path):
    classes = np.zeros((6, 6, 6), np.uint8)
    classes[2:4, 2:4, 2:4] = 1
    np.save(tmp_path / "s.npy", classes)
    code, out, err = run(tmp_path / "s.npy", tmp_path / "m.stl", "--spacing", "2,2,2")
    assert (code, err) == (0, "")
    assert "class 1, 24 vertices, 44 faces" in out
    assert "µm³" in out
    code, out, _ = run(tmp_path / "s.npy", tmp_path / "m.obj", "--json")
    (found,) = json.loads(out)["meshes"]
    assert (code, found["unit"], found["faces"]) == (0, "voxels", 44)
    code, _, err = run(tmp_path / "s.npy", tmp_path / "m.obj", "--class", "2")
    assert (code, err.count("\n")) == (1, 1)


def test_a_mesh_of_each_object(run, tmp_path):
    classes = np.zeros((6, 6, 12), np.uint8)
    classes[2:4, 2:4, 2:4] = classes[2:4, 2:4, 6:9] = 1
    np.save(tmp_path / "s.npy", classes)
    code, out, err = run(tmp_path / "s.npy", tmp_path / "m", "--per-object", "ply")
    assert (code, err) == (0, "")
    assert "meshes of 2 objects, 104 faces" in out
    assert sorted(path.name for path in (tmp_path / "m").iterdir())[0] == "object_1.ply"
    code, _, err = run(tmp_path / "s.npy", tmp_path / "n.ply", "--keep-border")
    assert (code, "is for --per-object" in err) == (2, True)
