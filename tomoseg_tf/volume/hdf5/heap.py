"""Heaps of HDF5 files: the library walks through some damaged ones for ever, so they are refused.

Texts of variable length and the sources of virtual datasets lie in collections of objects behind
one another (HDF5 file format specification, III.E: global heap). The library, asked for one of
them, first steps from object to object, each by the size that the file states, and never ends
where that is none.
"""

import mmap
import os

from tomoseg_tf.volume.hdf5.opening import Hdf5Error

SIGNATURE = b"GCOL"
MAX_OBJECTS = 2**16 + 1  # their indices have 16 bits
MAX_SCANNED = 2**26


def check_heap(path, address, *, base=0, length_size=8):
    """Check that the library gets through the heap at an address.

    Parameters
    ----------
    path : str
        File.
    address : int
        Where the heap begins, counted from `base`.
    base : int, optional
        Bytes of other content before the HDF5 file.
    length_size : int, optional
        Bytes of a length in this file.

    Raises
    ------
    Hdf5Error
        If one of its objects leads nowhere, or it holds more than there can be. What is no heap at
        all is left to the library, which says so.
    """
    with open(path, "rb", buffering=0) as file:
        for _ in _objects(file, base + address, length_size):
            pass


def read_object(path, address, index, *, base=0, length_size=8):
    """Read an object of a heap.

    Parameters
    ----------
    path, address, base, length_size
        As for `check_heap`.
    index : int
        Number of the object.

    Returns
    -------
    bytes or None
        Its content; None if there is no heap at the address or no such object in it.

    Raises
    ------
    Hdf5Error
        As for `check_heap`.
    """
    with open(path, "rb", buffering=0) as file:
        found = {
            number: (place, size)
            for number, place, size in _objects(file, base + address, length_size)
        }
        place, size = found.get(index, (0, 0))
        return os.pread(file.fileno(), size, place) if size else None


def check_heaps(path, *, base=0, length_size=8):
    """Check every heap of a file of up to 64 MiB, where it is not known which one is needed.

    Parameters
    ----------
    path, base, length_size
        As for `check_heap`.

    Raises
    ------
    Hdf5Error
        As for `check_heap`.
    """
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > MAX_SCANNED:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            place = data.find(SIGNATURE, base)
            while place >= 0:
                check_heap(path, place - base, base=base, length_size=length_size)
                place = data.find(SIGNATURE, place + 1)


def _objects(file, start, length_size):
    """Yield index, place and size of each object of the heap at a byte, none if it is no heap."""
    descriptor, end = file.fileno(), os.fstat(file.fileno()).st_size
    if start + 8 + length_size > end:
        return
    head = os.pread(descriptor, 8 + length_size, start)
    if not head.startswith(SIGNATURE):
        return
    width = _aligned(8 + length_size)  # of the head of the heap, and of that of each object
    end = min(end, start + int.from_bytes(head[8:], "little"))
    place = start + width
    for _ in range(MAX_OBJECTS):
        if place + width > end:
            return
        head = os.pread(descriptor, 8 + length_size, place)
        index, size = (int.from_bytes(part, "little") for part in (head[:2], head[8:]))
        # as the library counts: in 64 bits; the size of free space has its head in it
        step = (width + _aligned(size)) % 2**64 if index else size
        if step == 0:
            break
        if index and place + width + size <= end:
            yield index, place + width, size
        place += step
    raise Hdf5Error(
        f"{file.name}: the heap at byte {start} has no end, it is damaged; copy or write the file "
        "again"
    )


def _aligned(size):
    """Round up to whole words of 8 bytes."""
    return -(-size // 8) * 8
