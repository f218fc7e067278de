"""Opening TIFF files: what tifffile only logs about a damaged one is an error here."""

import logging
import re
import threading
from contextlib import contextmanager

import tifffile

from tomoseg_tf.volume.storage.damage import DAMAGE
from tomoseg_tf.volume.tiff.chain import check_chain

HARMLESS = "coercing invalid ASCII"  # a remark in the encoding of some vendor
SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@contextmanager
def open_tiff(path):
    """Parse a TIFF file with tifffile; what that logs or raises becomes one `ValueError`.

    Parameters
    ----------
    path : str or Path
        File.

    Yields
    ------
    tifffile.TiffFile
        Open file with at least one page.

    Raises
    ------
    ValueError
        If it is empty, no TIFF file, or tifffile warns of damage; also where the body of the
        ``with`` statement meets it.
    """
    with open(path, "rb") as file:
        signature = file.read(4)
    if not signature:
        raise ValueError(f"{path}: is empty (0 bytes); copy or write it again")
    if signature not in SIGNATURES:
        raise ValueError(f"{path}: is not a TIFF file; its first bytes are {signature!r}")
    check_chain(path)
    messages = _Messages()
    logger = tifffile.logger()
    logger.addHandler(messages)
    try:
        with tifffile.TiffFile(path) as tif:
            if not tif.pages:
                raise ValueError("no page can be read")
            yield tif
    except DAMAGE as error:
        text = str(error)
        if text.startswith(f"{path}"):
            raise
        reason = messages.first or text or type(error).__name__
        raise ValueError(_damaged(path, reason)) from error
    finally:
        logger.removeHandler(messages)
    if messages.first:
        raise ValueError(_damaged(path, messages.first))


class _Messages(logging.Handler):
    """Keeps the first warning that tifffile logs in this thread."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.first = ""
        self._thread = threading.get_ident()

    def emit(self, record):
        message = record.getMessage()
        if record.thread == self._thread and HARMLESS not in message:
            self.first = self.first or message


def _damaged(path, reason):
    """Say that a file cannot be read, with tifffile's reason less its object names."""
    reason = " ".join(re.sub(r"<[^<>]*>", "", reason).split())
    return (
        f"{path}: is damaged, cut short or of no kind that can be read ({reason[:120]}); "
        "copy or write it again"
    )
