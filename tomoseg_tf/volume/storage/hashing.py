"""Hashes that tell whether a file is the one that was written."""

import hashlib

from tomoseg_tf.volume.location import split_location


def file_hash(path):
    """SHA-256 of a file, or of all names and files in a folder.

    Parameters
    ----------
    path : str, Path or Location
        The file; of a location with ``::`` the whole file, but none of the files that it links to.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    path = split_location(path).path
    if not path.is_dir():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        whole.update(f"{file.relative_to(path).as_posix()}\0{file_hash(file)}\0".encode())
    return whole.hexdigest()
