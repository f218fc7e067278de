"""Walking in an HDF5 file: links are followed by hand, and never out of its folder.

The library itself would follow a link anywhere, also to devices. Here each step of a path is taken
alone; a link to another file is followed only when that lies at or below the folder of the first
one, symbolic links resolved.
"""

import os
from collections import deque
from pathlib import Path

import h5py

from tomoseg_tf.volume.hdf5.members import open_member
from tomoseg_tf.volume.hdf5.opening import (
    Hdf5Error,
    MissingError,
    TooManyError,
    damage,
    open_hdf5,
)

MAX_HOPS = 32  # links behind one another
MAX_FILES = 256
MAX_OBJECTS = 10_000
MAX_DEPTH = 64


class Hdf5Tree:
    """An HDF5 file together with the files that its links lead to.

    Parameters
    ----------
    path : Path
        File.

    Raises
    ------
    Hdf5Error
        On entering, if it cannot be opened.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.refused = []
        self._first = Path(os.path.realpath(path))
        self._files = {}

    def __enter__(self):
        """Open the file."""
        self._files[self._first] = open_hdf5(self._first, f"{self.path}")
        return self

    def __exit__(self, *_):
        """Close every file."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    @property
    def root(self):
        """Root group of the file."""
        return self._files[self._first]["/"]

    def resolve(self, start, path):
        """Find what lies at a path, one link after another.

        Parameters
        ----------
        start : h5py.Group
            Group that a relative path begins in.
        path : str
            Path; one that begins with a slash begins in the root of the file of `start`.

        Returns
        -------
        h5py.Group, h5py.Dataset or h5py.Datatype
            The object, reached without links of the library.

        Raises
        ------
        MissingError
            If there is nothing at the path.
        Hdf5Error
            If a link leads out of the folder, to a file that is missing, or in a loop.
        """
        node = start.file["/"] if path.startswith("/") else start
        steps = deque(_steps(path))
        hops = 0
        while steps:
            name = steps.popleft()
            kind, value = self._link(node, name)
            if kind == h5py.h5l.TYPE_HARD:
                node = open_member(node, name)
                continue
            hops += 1
            if hops > MAX_HOPS:
                raise Hdf5Error(
                    f"{self._named(node, name)} leads through more than {MAX_HOPS} links, or in a "
                    "loop; name the volume itself"
                )
            if kind == h5py.h5l.TYPE_EXTERNAL:
                file, value = value
                node = self.file(os.fsdecode(file), node, f"link {_join(node.name, name)}")["/"]
            elif value.startswith(b"/"):
                node = node.file["/"]
            steps.extendleft(reversed(_steps(value)))
        return node

    def file(self, name, holder, link):
        """Open the file that a link, or the source of a virtual dataset, names.

        Parameters
        ----------
        name : str
            Name as the link has it; ``.`` is the file that holds the link.
        holder : h5py object
            Where the link is.
        link : str
            What errors call the link.

        Returns
        -------
        h5py.File
            The file; it stays open as long as the tree.

        Raises
        ------
        Hdf5Error
            If it lies outside the folder, does not exist or is no HDF5 file.
        """
        if name == ".":
            return holder.file
        path = self.locate(name, holder, link)
        if path not in self._files:
            if len(self._files) == MAX_FILES:
                raise TooManyError(
                    f"{self.path}: links lead to more than {MAX_FILES} files; name the volume as "
                    f"{self.path}::/path"
                )
            self._files[path] = open_hdf5(path)
        return self._files[path]

    def locate(self, name, holder, link):
        """Find the file that a link names, as the library would, but only below the folder.

        Parameters
        ----------
        name, holder, link
            As for `file`.

        Returns
        -------
        Path
            The file, symbolic links resolved.

        Raises
        ------
        Hdf5Error
            If it lies outside the folder, or does not exist.
        """
        here = Path(holder.file.filename)
        wanted = Path(name)
        if wanted.is_absolute() and not os.path.lexists(wanted):
            wanted = Path(wanted.name)  # moved together with the file
        path = Path(os.path.realpath(here.parent / wanted))
        if not path.is_relative_to(self._first.parent):
            raise Hdf5Error(
                f"{self.path}: {link} leads to {name}, out of the folder {self._first.parent}; "
                "copy that file into the folder"
            )
        if not path.is_file():
            raise Hdf5Error(
                f"{self.path}: {link} leads to {name}, which is not there; put that file into "
                f"{here.parent}"
            )
        return path

    def walk(self, group):
        """Visit all that lies below a group, each object once.

        Links that cannot be followed are left out; what is wrong with them is added to `refused`.

        Parameters
        ----------
        group : h5py.Group
            Where to begin.

        Yields
        ------
        path : str
            Path from the group, without a leading slash; "" for the group itself.
        node : h5py.Group or h5py.Dataset
            The object.

        Raises
        ------
        TooManyError
            If there are too many objects, or groups too deep in one another.
        """
        seen, stack, count = set(), [("", group, 0)], 0
        while stack:
            path, node, depth = stack.pop()
            info = h5py.h5o.get_info(node.id)
            if (info.fileno, info.addr) in seen:
                continue
            seen.add((info.fileno, info.addr))
            yield path, node
            if not isinstance(node, h5py.Group):
                continue
            count += node.id.get_num_objs()
            if count > MAX_OBJECTS or depth == MAX_DEPTH:
                raise TooManyError(
                    f"{self.path}: holds more than {MAX_OBJECTS} objects, or groups more than "
                    f"{MAX_DEPTH} deep; name the volume as {self.path}::/path"
                )
            for name in sorted(node.id, reverse=True):
                child = self._child(node, name)
                if child is not None:
                    stack.append((f"{path}/{os.fsdecode(name)}".lstrip("/"), child, depth + 1))

    def _child(self, group, name):
        """Member of a group, None if it is a link that cannot be followed."""
        try:
            with damage(self._named(group, name)):
                return self.resolve(group, os.fsdecode(name))
        except Hdf5Error as error:
            self.refused.append(f"{error}")
            return None

    def _link(self, node, name):
        """Kind and value of a link in a group."""
        if not isinstance(node, h5py.Group) or not node.id.links.exists(name):
            raise MissingError(f"{self._named(node, name)} does not exist; check the path")
        kind = node.id.links.get_info(name).type
        if kind == h5py.h5l.TYPE_HARD:
            return kind, None
        if kind not in (h5py.h5l.TYPE_SOFT, h5py.h5l.TYPE_EXTERNAL):
            raise Hdf5Error(f"{self._named(node, name)} is a link of a kind that is not followed")
        return kind, node.id.links.get_val(name)

    def _named(self, node, name):
        """Name the member of a group as a location."""
        file = Path(node.file.filename)
        path = self.path if file == self._first else file
        return f"{path}::{_join(node.name, name)}"


def _steps(path):
    """Names in a path, as the library has them."""
    path = path if isinstance(path, bytes) else os.fsencode(path)
    return [step for step in path.split(b"/") if step not in (b"", b".")]


def _join(path, name):
    """Path of a member of a group."""
    return f"{(path or '').rstrip('/')}/{os.fsdecode(name)}"
