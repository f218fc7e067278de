"""Zarr and OME-Zarr stores in folders, read chunk by chunk."""

import warnings
from pathlib import Path

import numpy as np
import zarr

from tomoseg_tf.volume.storage.contiguous import native
from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.volume import BYTE_ORDERS, CLASSES, CONTENT, SLAB_BYTES, Volume
from tomoseg_tf.volume.zarr.chunks import check_there, count_chunks
from tomoseg_tf.volume.zarr.metadata import MARK
from tomoseg_tf.volume.zarr.selecting import select_array

CHUNKY = 4  # times the usual size, at most, of slabs that are as deep as a chunk
SPARSE = 1000  # a store that holds fewer of its chunks than one in so many is not believed


class ZarrVolume(Volume):
    """A volume in a Zarr store, version 2 or 3, of OME-Zarr or plain.

    Parameters
    ----------
    path : Path
        Folder of the store.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the store states.
    inside : str, optional
        Where the array lies in the store (see `select_array`); its first level or only array when
        not given.

    Raises
    ------
    ValueError
        If it is no store, the array cannot be told or is none of a volume, is encoded in a way
        that is not supported, lacks chunks that were written once, or leads out of the folder.
    """

    def __init__(self, path, spacing=None, *, inside=None):
        root = Path(path).resolve()
        chosen = select_array(root, inside)
        notices = list(chosen.notices)
        missing = _missing_chunks(root, chosen)
        notices += missing
        if spacing is None and chosen.spacing_notice:
            notices.append(chosen.spacing_notice)
        where = chosen.node.folder.relative_to(root).as_posix()
        kind = f"OME-Zarr {chosen.version}" if chosen.version else "Zarr"
        codecs = [name for name in chosen.layout.codecs if name not in ("bytes", "transpose")]
        super().__init__(
            chosen.shape,
            chosen.layout.dtype,
            spacing=spacing or chosen.spacing,
            name=path,
            format=f"{kind} (Zarr version {chosen.node.version})",
            notices=notices,
            holds_classes=_mark(chosen).get(CONTENT) == CLASSES,
            storage={
                "array": where,
                "byte_order": BYTE_ORDERS[chosen.layout.dtype.byteorder],
                "compression": ", ".join(codecs) or "none",
                "reading": f"chunks of {chosen.layout.inner}, each decoded as a whole",
            },
        )
        self._chosen = chosen
        self._array = _open(chosen)
        self._complete = not missing

    def slabs(self, depth=None):
        """Read the whole volume slab by slab; slabs end where chunks do.

        Parameters
        ----------
        depth : int, optional
            Slices per slab; as many whole chunks as fit into 64 MiB, at least one, when not given.

        Yields
        ------
        start : int
            First slice of the slab.
        slab : (n, Y, X) ndarray of `dtype`
            Slices from `start` on, `depth` of them, or fewer at the end.
        """
        return super().slabs(depth or self._slab_depth())

    @property
    def chunks(self):
        """Sides (z, y, x) of the blocks that are decoded as a whole."""
        inner = self._chosen.layout.inner
        return tuple(1 if axis is None else inner[axis] for axis in self._chosen.axes)

    def _slab_depth(self):
        """Slices per slab: whole chunks, unless they are so deep that it would take memory."""
        slice_bytes = self.shape[1] * self.shape[2] * self.dtype.itemsize
        axis, most = self._chosen.axes[0], max(1, SLAB_BYTES // slice_bytes)
        chunk = 1 if axis is None else self._chosen.layout.inner[axis]
        return max(most - most % chunk, min(chunk, CHUNKY * most))

    def _read_box(self, box):
        chosen = self._chosen
        ranges = {axis: slice(index, index + 1) for axis, index in chosen.picks.items()}
        pairs = zip(chosen.axes, box, strict=True)
        ranges |= {axis: slice(*side) for axis, side in pairs if axis is not None}
        selection = tuple(ranges[axis] for axis in range(len(chosen.layout.shape)))
        shape = tuple(stop - start for start, stop in box)
        if 0 in shape:
            return np.empty(shape, self.dtype)
        try:
            block = np.asarray(self._array[selection])
        except DAMAGE as error:
            raise ValueError(
                f"{self.name}: voxels {_text(box)} cannot be decoded ({reason(error)}); the store "
                "is damaged, copy or write it again"
            ) from error
        if self._complete:
            check_there(chosen.node.folder, chosen.layout, selection, self.name)
        order = [axis for axis in chosen.axes if axis is not None]
        block = block.transpose(*chosen.picks, *order).reshape(shape)
        # in C order, and not the reader's own memory
        return native(block if block.flags.c_contiguous and block.flags.writeable else block.copy())


def _open(chosen):
    """Open the array that was chosen and checked."""
    folder, layout = chosen.node.folder, chosen.layout
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on codecs outside of the standard
            store = zarr.storage.LocalStore(folder, read_only=True)
            array = zarr.open_array(store, mode="r", zarr_format=chosen.node.version)
    except DAMAGE as error:
        raise ValueError(
            f"{folder}: cannot be opened ({reason(error)}); copy or write the store again"
        ) from error
    types = {array.dtype.newbyteorder("="), layout.dtype.newbyteorder("=")}
    if array.shape != layout.shape or len(types) > 1:
        raise ValueError(f"{folder}: its metadata contradict themselves; write the store again")
    return array


def _mark(chosen):
    """Read what an array states that was written here; empty for others."""
    mark = chosen.node.attributes.get(MARK)
    return mark if isinstance(mark, dict) else {}


def _missing_chunks(root, chosen):
    """Say how many chunks are missing, an error where they cannot be meant to."""
    folder, layout = chosen.node.folder, chosen.layout
    stored, declared = count_chunks(root, folder, layout)
    ours = isinstance(chosen.node.attributes.get(MARK), dict)
    if ours and _mark(chosen).get("complete") is not True:
        raise ValueError(f"{folder}: its writing was interrupted; write it again")
    if stored == declared:
        return []
    if ours or stored * SPARSE < declared:
        raise ValueError(
            f"{folder}: declares {declared} chunks but holds {stored}; the store is incomplete, "
            "copy or write it again"
        )
    return [
        f"{declared - stored} of its {declared} chunks are missing; their voxels are read as "
        f"{layout.fill}"
    ]


def _text(box):
    """Write a box as a user would select it."""
    return ",".join(f"{start}:{stop}" for start, stop in box)
