"""What the header of an HDF5 object claims, before the library believes it.

The library allocates what the length of a text of variable length says, up to 4 GiB, and only then
notices that the file holds no such text; and it goes through the heap that the header names, which
may have no end. Lengths and addresses are read here from the header of the object, as far as that
needs (HDF5 file format specification, IV.A: object headers).
"""

import os
import struct

LAYOUT, ATTRIBUTE, CONTINUATION = 0x08, 0x0C, 0x10
VIRTUAL = 3  # class of a layout
SHARED = 0x02  # flag of a message that lies elsewhere
MAX_BLOCKS = 64
MAX_BYTES = 2**20


def claimed_texts(path, address, name, *, count, width, base=0):
    """Read where the texts in an attribute are said to be, and how long.

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
    list of tuple of int
        Length in bytes and address of the heap of each; empty if the attribute is stored elsewhere
        than in the header.
    """
    wanted = name.encode()
    for body in _messages(path, address, base, ATTRIBUTE):
        if len(body) < 9:
            continue
        version, names, kinds, spaces = struct.unpack_from("<BxHHH", body)
        start, step = (9 if version == 3 else 8), (8 if version == 1 else 1)
        if body[start : start + names].rstrip(b"\0") != wanted:
            continue
        start += sum(-(-size // step) * step for size in (names, kinds, spaces))
        if start + count * width > len(body):
            return []
        claims = (body[place : place + width] for place in range(start, len(body), width))
        return [(_integer(claim[:4]), _integer(claim[4:-4])) for claim in claims][:count]
    return []


def virtual_sources(path, address, *, address_size=8, base=0):
    """Read where the sources of a virtual dataset are said to be.

    Parameters
    ----------
    path, address, base
        As for `claimed_texts`.
    address_size : int, optional
        Bytes of an address in this file.

    Returns
    -------
    tuple of int, or None
        Address of their heap and number of the object in it; None if the object is no virtual
        dataset.
    """
    for body in _messages(path, address, base, LAYOUT):
        end = 2 + address_size
        if len(body) >= end + 4 and body[0] >= 4 and body[1] == VIRTUAL:
            return _integer(body[2:end]), _integer(body[end : end + 4])
    return None


def _integer(data):
    """Integer in bytes of the file."""
    return int.from_bytes(data, "little")


def _messages(path, address, base, wanted):
    """Bodies of the messages of a kind in the header of an object."""
    with open(path, "rb", buffering=0) as file:
        for kind, flags, body in _all_messages(file.fileno(), address, base):
            if kind == wanted and not flags & SHARED:
                yield body


def _all_messages(descriptor, address, base):
    """Kind, flags and body of each message in the header of an object."""
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
            if len(body) == size:
                yield kind, flags, body
            if kind == CONTINUATION and len(body) >= 16 and len(blocks) < MAX_BLOCKS:
                offset, length = struct.unpack_from("<QQ", body)
                # a block of the modern kind has a signature and a checksum around it
                edges = (4, 8) if modern else (0, 0)
                blocks.append((base + offset + edges[0], max(0, length - edges[1])))
