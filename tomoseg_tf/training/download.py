"""Files from public addresses, kept in a folder and checked."""

import hashlib
import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tomoseg_tf.weights.cache import cache_folder

SECONDS = 60  # without an answer


def fetch(address, md5):
    """Download a file once, and check it each time.

    Parameters
    ----------
    address : str
        Its address.
    md5 : str
        Its checksum, as hexadecimal digits.

    Returns
    -------
    Path
        The file in `tomoseg_tf.weights.cache.cache_folder`.

    Raises
    ------
    ValueError
        If it cannot be downloaded, or is not the file that the checksum is of.
    """
    path = cache_folder() / address.rsplit("/", 1)[-1]
    there = path.is_file()
    if there and _md5(path) == md5:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
        partial = Path(folder) / path.name
        try:
            with (
                urllib.request.urlopen(address, timeout=SECONDS) as source,
                open(partial, "wb") as file,
            ):
                shutil.copyfileobj(source, file)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            damaged = f"; {path} is damaged, its MD5 is not {md5}" if there else ""
            raise ValueError(
                f"{address} cannot be downloaded ({reason}){damaged}; copy it to {path} from "
                "elsewhere, or leave model.encoder out (--set model.encoder=null)"
            ) from None
        if _md5(partial) != md5:
            raise ValueError(
                f"what was downloaded from {address} is not the file that was published, or not "
                f"all of it ({partial.stat().st_size} bytes): its MD5 is not {md5}; try again, or "
                f"copy it to {path} from elsewhere"
            )
        os.replace(partial, path)
    return path


def _md5(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
