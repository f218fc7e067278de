"""Gzip decompressed in pieces, faster than by the file object of the standard library."""

import zlib

PIECE = 2**20  # compressed bytes read at a time
GZIP = 31  # window of 32 KiB, with header and checksum


class Gunzip:
    """Decompresses a gzip file from where it stands; the checksums are compared.

    Parameters
    ----------
    file : file
        Opened for reading bytes. It is not closed.
    """

    def __init__(self, file):
        self._file = file
        self._inflate = zlib.decompressobj(GZIP)

    def read(self, size):
        """Decompress the next bytes.

        Parameters
        ----------
        size : int
            How many at most.

        Returns
        -------
        bytes
            At least one, unless the file ends here.

        Raises
        ------
        zlib.error
            If it is no gzip file or is damaged.
        """
        data = b""
        while not data:
            if self._inflate.eof:  # another gzip file may follow
                packed = self._inflate.unused_data.lstrip(b"\0") or self._file.read(PIECE)
                self._inflate = zlib.decompressobj(GZIP)
            else:
                packed = self._inflate.unconsumed_tail or self._file.read(PIECE)
            data = self._inflate.decompress(packed, size)
            if not packed:
                break
        return data

    def close(self):
        """Forget what was read."""
        self._inflate = None
