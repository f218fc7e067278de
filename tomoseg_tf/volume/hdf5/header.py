"""How long the texts of an HDF5 attribute claim to be, before the library believes it.

The library allocates what the length of a text of variable length says, up to 4 GiB, and only then
notices that the file holds no such text. The lengths are in the header of the object, which is read
here as far as that needs (HDF5 file format specification, IV.A: object headers).
"""

import os
import struct

ATTRIBUTE, CONTINUATION = 0x0C, 0x10
SHARED = 0x02  # flag of a message that lies elsewhere
MAX_BLOCKS = 64
MAX_BYTES = 2**20


def claimed_lengths(path, address, name, *, count, width, base=0):
    """Read the lengths of the texts in an attribute.

    Parameters
    ----------
    path : str
        File.
    address : int
        Where the header of the object begins, counted from `base`.
    name : str
        Name of the attribute.
    count : int
        How many texts it holds.
    width : int
        Bytes that each takes in the header.
    base : int, optional
        Bytes of other content before the HDF5 file.

    Returns
    -------
    tuple of int
        Their lengths in bytes; empty if the attribute is stored elsewhere than in the header.
    """
    wanted = name.encode()
    with open(path, "rb", buffering=0) as file:
        for body in _attributes(file.fileno(), address, base):
            version, names, kinds, spaces = struct.unpack_from("<BxHHH", body)
            start, step = (9 if version == 3 else 8), (8 if version == 1 else 1)
            if body[start : start + names].rstrip(b"\0") != wanted:
                continue
            start += sum(-(-size // step) * step for size in (names, kinds, spaces))
            if start + count * width > len(body):
                return ()
            places = range(start, start + count * width, width)
            return tuple(struct.unpack_from("<I", body, place)[0] for place in places)
    return ()


def _attributes(descriptor, address, base):
    """Bodies of the attribute messages in the header of an object."""
    head = os.pread(descriptor, 64, base + address).ljust(64, b"\0")
    modern = head.startswith(b"OHDR")
    if modern:
        flags = head[5]
        start = 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
        width = 1 << (flags & 3)
        size = int.from_bytes(head[start : start + width], "little")
        start, layout = start + width, struct.Struct("<BHB" + "2x" * bool(flags & 4))
    else:
        start, size = 16, int.from_bytes(head[8:12], "little")
        layout = struct.Struct("<HHB3x")
    blocks = [(base + address + start, size)]
    for offset, length in blocks:
        data, place = os.pread(descriptor, min(length, MAX_BYTES), offset), 0
        while place + layout.size <= len(data):
            kind, size, flags = layout.unpack_from(data, place)
            place += layout.size
            body = data[place : place + size]
            place += size
            if kind == ATTRIBUTE and size >= 9 and len(body) == size and not flags & SHARED:
                yield body
            if kind == CONTINUATION and len(body) >= 16 and len(blocks) < MAX_BLOCKS:
                offset, length = struct.unpack_from("<QQ", body)
                # a block of the modern kind has a signature and a checksum around it
                edges = (4, 8) if modern else (0, 0)
                blocks.append((base + offset + edges[0], max(0, length - edges[1])))
