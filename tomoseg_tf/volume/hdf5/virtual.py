"""The sources of a virtual dataset, checked before the library decodes them.

The library runs through a damaged list of sources for ever, or crashes; its checksum it compares
last (HDF5 file format specification, VII.A: virtual dataset).
"""

from tomoseg_tf.volume.hdf5.heap import read_object
from tomoseg_tf.volume.hdf5.opening import Hdf5Error

WORD = 2**32 - 1
SHORTEST = 4  # bytes that a source takes at least


def check_source_list(path, place, *, address_size=8, base=0, length_size=8):
    """Check the list of the sources of a virtual dataset.

    Parameters
    ----------
    path : str
        File.
    place : tuple of int
        Address of a heap and number of the object in it, as `virtual_sources` gives them.
    address_size, length_size : int, optional
        Bytes of an address and of a length in this file.
    base : int, optional
        Bytes of other content before the HDF5 file.

    Raises
    ------
    Hdf5Error
        If there is none, or its checksum is not that of its bytes.
    """
    address, index = place
    if address == 2 ** (8 * address_size) - 1:
        return  # undefined: it has no sources
    data = read_object(path, address, index, base=base, length_size=length_size)
    whole = data is not None and len(data) >= 5 + length_size
    if whole:
        count = int.from_bytes(data[1 : 1 + length_size], "little")
        whole = count * SHORTEST <= len(data)
    if not whole or lookup3(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise Hdf5Error(
            f"{path}: the list of sources of a virtual dataset is damaged, at byte "
            f"{base + address}; copy or write the file again"
        )


def lookup3(data):
    """Compute the checksum of bytes that HDF5 files have.

    Parameters
    ----------
    data : bytes
        Any bytes.

    Returns
    -------
    int
        Checksum of 32 bits.

    References
    ----------
    .. [1] B. Jenkins, "lookup3.c, for hash table lookup", 2006, public domain.

    Examples
    --------
    >>> hex(lookup3(b"Four score and seven years ago"))
    '0x17770551'
    """
    a = b = c = (0xDEADBEEF + len(data)) & WORD
    last = max(0, (len(data) - 1) // 12 * 12)
    for start in range(0, last, 12):
        a, b, c = _mixed(*_added(a, b, c, data[start : start + 12]))
    if not data:
        return c
    a, b, c = _added(a, b, c, data[last:])
    for turn in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turned(b, turn)) & WORD
        a, b, c = b, c, a
    return b


def _added(a, b, c, data):
    """Add up to 12 bytes to the state."""
    words = (int.from_bytes(data[start : start + 4], "little") for start in (0, 4, 8))
    return tuple((old + word) & WORD for old, word in zip((a, b, c), words, strict=True))


def _mixed(a, b, c):
    """Mix the state."""
    for turn in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & WORD) ^ _turned(c, turn)
        c = (c + b) & WORD
        a, b, c = b, c, a
    return a, b, c


def _turned(word, turn):
    """Rotate 32 bits to the left."""
    return (word << turn | word >> 32 - turn) & WORD
