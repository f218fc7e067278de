"""The chain of pages of a TIFF file, walked before any library follows it."""

import os
import struct

SUB_IFDS = 330  # tag: pages of lower resolution below a page
MAX_SUB_IFDS = 256


def check_chain(path):
    """Check that the pages of a TIFF file come to an end.

    Parameters
    ----------
    path : str or Path
        TIFF or BigTIFF file; what else is wrong with it is left to its reader.

    Raises
    ------
    ValueError
        If a page is named twice, or has hundreds of pages below it.
    """
    with open(path, "rb") as file:
        head = file.read(16)
        order = "<" if head[:2] == b"II" else ">"
        is_big = head[2:4] in (b"+\0", b"\0+")
        offset_format, count_format, tag = ("Q", "Q", "HHQQ") if is_big else ("I", "H", "HHII")
        tag_size = struct.calcsize(order + tag)
        seen = set()
        place = 8 if is_big else 4
        while (offset := _number(file, place, order + offset_format)) > 0:
            if offset in seen:
                raise ValueError(
                    f"{path}: page {len(seen)} is one of the pages before it, so that they never "
                    "end; the file is damaged, copy or write it again"
                )
            seen.add(offset)
            count = _number(file, offset, order + count_format)
            if not 0 <= count <= 4096:
                return
            start = offset + struct.calcsize(order + count_format)
            file.seek(start)
            entries = file.read(count * tag_size)
            whole = len(entries) - len(entries) % tag_size
            for number, _, length, _ in struct.iter_unpack(order + tag, entries[:whole]):
                if number == SUB_IFDS and length > MAX_SUB_IFDS:
                    raise ValueError(
                        f"{path}: page {len(seen) - 1} has {length} pages below it; the file is "
                        "damaged, copy or write it again"
                    )
            place = start + count * tag_size


def _number(file, place, kind):
    """Read a number; -1 beyond the end of the file."""
    if place >= os.fstat(file.fileno()).st_size:  # too far to be sought, in a damaged BigTIFF
        return -1
    file.seek(place)
    data = file.read(struct.calcsize(kind))
    return struct.unpack(kind, data)[0] if len(data) == struct.calcsize(kind) else -1
