import numpy as np
import pytest

from tomoseg_tf.meshes import files


@pytest.mark.parametrize(("kind", "name"), [(files.PlyFile, "PLY"), (files.VtkFile, "VTK")])
def test_too_many_vertices_are_told_at_once_by_the_name_of_the_format(
    kind, name, tmp_path, monkeypatch
):
    monkeypatch.setattr(files, "MOST", 6)
    file = kind(tmp_path / "mesh.unfinished-1234", "A mesh.")
    piece = np.zeros((3, 3)), np.array([[0, 1, 2]]), np.zeros((1, 3, 3))
    file.add(*piece)
    with pytest.raises(ValueError, match=f"6 vertices so far: {name} counts to"):
        file.add(*piece)
    file.discard()
