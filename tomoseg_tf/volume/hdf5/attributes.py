"""Attributes and small datasets of HDF5 files, as plain texts and numbers."""

import os
from math import prod

import h5py
import numpy as np

from tomoseg_tf.volume.hdf5.header import claimed_texts
from tomoseg_tf.volume.hdf5.heap import check_heap, check_heaps
from tomoseg_tf.volume.hdf5.opening import Hdf5Error

MAX_BYTES = 2**16


def texts(node, name):
    """Read an attribute that holds one or several texts.

    Parameters
    ----------
    node : h5py.Group or h5py.Dataset
        What has the attribute.
    name : str
        Name of the attribute.

    Returns
    -------
    list of str
        The texts; empty if there is no such attribute, or it holds something else.
    """
    value = _attribute(node, name)
    if value is None:
        return []
    values = np.asarray(value).reshape(-1).tolist()
    return [_text(item) for item in values if isinstance(item, (str, bytes))]


def text(node, name):
    """Read an attribute that holds one text.

    Parameters
    ----------
    node, name
        As for `texts`.

    Returns
    -------
    str or None
        The text; None if there is no such attribute, or it holds something else.
    """
    found = texts(node, name)
    return found[0] if len(found) == 1 else None


def numbers(node, name):
    """Read an attribute that holds one or several numbers.

    Parameters
    ----------
    node, name
        As for `texts`.

    Returns
    -------
    list of float
        The numbers; empty if there is no such attribute, or it holds something else.
    """
    value = _attribute(node, name)
    return [] if value is None else _numbers(value)


def stored_numbers(dataset, most):
    """Read a small dataset that holds one or several numbers along at most one axis.

    Parameters
    ----------
    dataset : h5py.Dataset
        What to read.
    most : int
        The most numbers that are read.

    Returns
    -------
    list of float
        The numbers; empty if it holds something else, or more.
    """
    shape = dataset.shape
    if shape is None or len(shape) > 1 or dataset.size > most or dataset.dtype.kind not in "iuf":
        return []
    return _numbers(dataset[()])


def _attribute(node, name):
    """Value of an attribute, None if there is none or it is large."""
    if name not in node.attrs:
        return None
    attribute = node.attrs.get_id(name)
    if attribute.shape is None or attribute.get_storage_size() > MAX_BYTES:
        return None
    if attribute.dtype.kind not in "biufSO":
        return None
    if attribute.dtype.kind == "O":
        if h5py.check_string_dtype(attribute.dtype) is None:
            return None  # no text; the library can crash on a damaged one
        _check_texts(node, name, attribute)
    return node.attrs[name]


def _check_texts(node, name, attribute):
    """Refuse texts that claim to be longer than the file, or lie in a heap without an end."""
    path, base = node.file.filename, node.file.userblock_size
    count, size = prod(attribute.shape), os.path.getsize(path)
    length_size = node.file.id.get_create_plist().get_sizes()[1]
    claims = claimed_texts(
        path,
        h5py.h5o.get_info(node.id).addr,
        name,
        count=count,
        width=attribute.get_storage_size() // max(1, count),
        base=base,
    )
    longest = max((length for length, _ in claims), default=0)
    if longest > size:
        raise Hdf5Error(
            f"{path}: attribute {name} of {node.name} claims {longest} bytes, the file has {size}; "
            "it is damaged, copy or write it again"
        )
    for heap in {heap for _, heap in claims if heap}:
        check_heap(path, heap, base=base, length_size=length_size)
    if count and not claims:
        check_heaps(path, base=base, length_size=length_size)


def _numbers(value):
    """List of numbers, empty for what is none."""
    array = np.asarray(value)
    return array.astype(float).reshape(-1).tolist() if array.dtype.kind in "iuf" else []


def _text(value):
    """Text of a fixed or variable string."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
