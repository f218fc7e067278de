"""Mesh files that are written piece by piece: PLY, VTK, STL and OBJ, in the order x, y, z."""

import shutil
import tempfile

import numpy as np

PLY = """ply
format binary_little_endian 1.0
comment {comment}
element vertex {vertices}
property float x
property float y
property float z
{more}element face {faces}
property list uchar int vertex_indices
end_header
"""
VTK = """# vtk DataFile Version 3.0
{comment}
BINARY
DATASET POLYDATA
"""


MOST = 2**31  # that a signed number of 4 bytes counts to


class CountedFile:
    """A file in which numbers come before what they count: its parts wait in temporary files.

    Parameters
    ----------
    path : Path
        File to write.
    comment : str
        One line.
    labels : bool
        Whether vertices have the label of their object.
    """

    def __init__(self, path, comment, *, labels=False):
        self._path, self._comment, self._labels = path, comment, labels
        self._parts = [tempfile.TemporaryFile(dir=path.parent) for _ in range(3)]  # noqa: SIM115
        self._vertices, self._faces = 0, 0

    def add(self, new, faces, corners, labels=None):
        """Write a piece.

        Parameters
        ----------
        new : (M, 3) ndarray of float64
            New vertices (x, y, z).
        faces : (F, 3) ndarray of int64
            Numbers of vertices.
        corners : (F, 3, 3) ndarray of float64
            Vertices of the faces.
        labels : (M,) ndarray of int, optional
            Labels of the new vertices.
        """
        arrays = self._arrays(new, faces, labels if self._labels else None)
        for file, array in zip(self._parts, arrays, strict=False):
            file.write(array.tobytes())
        self._vertices += len(new)
        self._faces += len(faces)
        if self._vertices >= MOST:
            raise ValueError(
                f"{self._vertices:,} vertices so far: {self.name} counts to 2**31; use a larger "
                "step"
            )

    def close(self):
        """Put the file together."""
        with open(self._path, "wb") as file:
            for text, part in zip(self._headers(), self._parts, strict=False):
                file.write(text.encode("ascii"))
                part.seek(0)
                shutil.copyfileobj(part, file)

    def discard(self):
        """Close the temporary files."""
        for part in self._parts:
            part.close()


class PlyFile(CountedFile):
    """Binary PLY, with labels as a property of the vertices."""

    name = "PLY"

    def _arrays(self, new, faces, labels):
        kind = [("place", "<f4", 3)] + ([("label", "<u4")] if self._labels else [])
        vertices = np.zeros(len(new), kind)
        vertices["place"] = new
        if labels is not None:
            vertices["label"] = labels
        rows = np.zeros(len(faces), [("number", "u1"), ("face", "<i4", 3)])
        rows["number"], rows["face"] = 3, faces
        return vertices, rows

    def _headers(self):
        more = "property uint label\n" if self._labels else ""
        counts = {"vertices": self._vertices, "faces": self._faces}
        return PLY.format(comment=self._comment, more=more, **counts), ""


class VtkFile(CountedFile):
    """Binary legacy VTK, with labels as point data, which ParaView shows."""

    name = "VTK"

    def _arrays(self, new, faces, labels):
        rows = np.full((len(faces), 4), 3, ">i4")
        rows[:, 1:] = faces
        arrays = new.astype(">f4"), rows
        return arrays if labels is None else (*arrays, np.asarray(labels, ">i4"))

    def _headers(self):
        yield f"{VTK.format(comment=self._comment)}POINTS {self._vertices} float\n"
        yield f"\nPOLYGONS {self._faces} {4 * self._faces}\n"
        if self._labels:
            data = f"POINT_DATA {self._vertices}\nSCALARS label int 1\nLOOKUP_TABLE default\n"
            yield f"\n{data}"


class StlFile:
    """Binary STL: faces with their normals; see `CountedFile`."""

    def __init__(self, path, comment, *, labels=False):
        del labels
        self._file, self._faces = open(path, "wb"), 0  # noqa: SIM115
        self._file.write(comment.encode("ascii")[:80].ljust(80) + bytes(4))

    def add(self, new, faces, corners, labels=None):
        """Write a piece: see `CountedFile.add`."""
        del new, faces, labels
        kind = [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
        rows = np.zeros(len(corners), kind)
        sides = corners[:, 1:] - corners[:, :1]
        normals = np.cross(sides[:, 0], sides[:, 1])
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        rows["normal"] = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
        rows["corners"] = corners
        self._file.write(rows.tobytes())
        self._faces += len(corners)

    def close(self):
        """State the number of faces."""
        if self._faces >= 2**32:
            raise ValueError(f"{self._faces:,} faces: STL counts to 2**32; use a larger step")
        self._file.seek(80)
        self._file.write(np.uint32(self._faces).astype("<u4").tobytes())
        self._file.close()

    def discard(self):
        """Close the file."""
        self._file.close()


class ObjFile:
    """Wavefront OBJ, a text; see `CountedFile`."""

    def __init__(self, path, comment, *, labels=False):
        del labels
        self._file = open(path, "w", encoding="ascii", newline="\n")  # noqa: SIM115
        self._file.write(f"# {comment}\n")

    def add(self, new, faces, corners, labels=None):
        """Write a piece: see `CountedFile.add`."""
        del corners, labels
        self._file.write(("v %.9g %.9g %.9g\n" * len(new)) % tuple(new.ravel().tolist()))
        self._file.write(("f %d %d %d\n" * len(faces)) % tuple((faces + 1).ravel().tolist()))

    def close(self):
        """End the file."""
        self._file.close()

    discard = close


FORMATS = {".ply": PlyFile, ".vtk": VtkFile, ".stl": StlFile, ".obj": ObjFile}
LABELLED = ".ply", ".vtk"  # these hold labels
