"""How AmiraMesh packs voxels: runs of bytes (HxByteRLE), zlib (HxZip), and numbers as text."""

import zlib

import numpy as np

PIECE = 2**18  # packed bytes read at a time
LITERAL = 128  # from here on a control byte tells how many bytes follow as they are
RATIOS = {"HxByteRLE": 64, "HxZip": 1032, "text": 1}  # how much smaller packing makes at most


class _Pieces:
    """Hands out what a subclass unpacks, in parts of any size."""

    def __init__(self, file, packed):
        self._file, self._left = file, packed
        self._ready = memoryview(b"")

    def read(self, size):
        """Unpack the next bytes: at most so many, none at the end."""
        while not self._ready and self._left:
            piece = self._file.read(min(PIECE, self._left))
            self._left = self._left - len(piece) if piece else 0
            self._ready = memoryview(self._unpack(piece))
        found, self._ready = self._ready[:size], self._ready[size:]
        return found

    def _unpack(self, piece):
        """Unpack the bytes that a piece completes."""
        raise NotImplementedError


class Runs(_Pieces):
    """Unpacks HxByteRLE: a number of repeats and a byte, or a number above 128 and bytes.

    Parameters
    ----------
    file : file
        Opened for reading bytes, at the first packed byte.
    packed : int
        Number of packed bytes.
    """

    def __init__(self, file, packed):
        super().__init__(file, packed)
        self._rest = b""

    def _unpack(self, piece):
        data, result, at = self._rest + piece, bytearray(), 0
        while at + 1 < len(data):
            number = data[at]
            if number < LITERAL:
                result += data[at + 1 : at + 2] * number
                at += 2
                continue
            end = at + 1 + number - LITERAL
            if end > len(data):
                break
            result += data[at + 1 : end]
            at = end
        self._rest = data[at:]
        return bytes(result)


class Inflated(_Pieces):
    """Unpacks HxZip, a zlib stream; parameters as of `Runs`."""

    def __init__(self, file, packed):
        super().__init__(file, packed)
        self._inflate = zlib.decompressobj()

    def read(self, size):
        """Unpack the next bytes: at most so many, none at the end."""
        data = b""
        while not data and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(min(PIECE, self._left))
            if not self._inflate.unconsumed_tail:
                self._left -= len(packed)
            data = self._inflate.decompress(packed, size)
            if not packed:
                break
        return data


class Numbers(_Pieces):
    """Turns numbers in a text, up to the next ``@``, into bytes.

    Parameters
    ----------
    file : file
        Opened for reading bytes, at the first number.
    packed : int
        Number of bytes of the file from there on.
    dtype : dtype
        Type of the voxels.
    """

    def __init__(self, file, packed, dtype):
        super().__init__(file, packed)
        self._dtype, self._rest = dtype, b""

    def _unpack(self, piece):
        text, mark, _ = (self._rest + piece).partition(b"@")
        if mark:
            self._left = 0
        words = text.split()
        self._rest = b""
        if self._left and words and not text[-1:].isspace():
            self._rest = words.pop()  # the piece may end within a number
        kind = float if self._dtype.kind == "f" else int
        return np.array([kind(word) for word in words], self._dtype).tobytes()
