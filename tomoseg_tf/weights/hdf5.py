"""HDF5 weights files from elsewhere, opened only if they hold plain arrays."""

import contextlib
import math
import re
from pathlib import Path

import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextlib.contextmanager
def open_arrays(path: Path):
    """Open an HDF5 file of weights, after checking that it is data and nothing else.

    Links to other files or places, virtual, external and compressed datasets,
    values other than plain numbers, and arrays larger than the file are refused:
    a weights file has none of them, and each could make the reader open another
    file or claim memory without end.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    h5py.File
        Open for reading.

    Raises
    ------
    ValueError
        If the file is no HDF5 file, damaged, or holds one of the above.
    """
    with path.open("rb") as raw:
        start = raw.read(len(SIGNATURE))
    if start != SIGNATURE:
        raise ValueError(f"{path}: not an HDF5 weights file{_hint(start)}")
    try:
        with h5py.File(path, "r") as file:
            _check_group(file, path, path.stat().st_size, set())
            yield file
    except UnicodeDecodeError as error:  # in the text of an error of HDF5, which h5py decodes
        raise ValueError(f"{path}: damaged HDF5 file; copy it again") from error
    except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: damaged HDF5 file ({_first_line(error)}); copy it again"
        ) from error


def list_arrays(file):
    """List the datasets of an open file.

    Parameters
    ----------
    file : h5py.File or h5py.Group
        Checked by `open_arrays`.

    Returns
    -------
    dict of str to h5py.Dataset
        By path below `file`, in natural order (conv3d_2 before conv3d_10).
    """
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item

    file.visititems(visit)
    return dict(sorted(found.items(), key=lambda pair: _natural(pair[0])))


def _check_group(group, path, size, seen):
    """Check what lies in a group and below; return the bytes its arrays declare."""
    _check_attributes(group, path, size)
    total = 0
    for name in group:
        where = f"{group.name.rstrip('/')}/{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(
                f"{path}: {where} is a link to another place; weights are plain arrays"
            )
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise ValueError(f"{path}: {where} is stored under two names; weights are plain arrays")
        seen.add(address)
        if isinstance(item, h5py.Group):
            total += _check_group(item, path, size, seen)
        elif isinstance(item, h5py.Dataset):
            total += _check_dataset(item, path)
        else:
            raise ValueError(f"{path}: {where} is neither a group nor an array")
        if total > size:
            raise ValueError(
                f"{path}: arrays declare more than the {size} bytes of the file; copy it again"
            )
    return total


def _check_dataset(dataset, path):
    _check_attributes(dataset, path, path.stat().st_size)
    where = f"{path}: {dataset.name}"
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{where} takes its values from another file; weights are plain arrays")
    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{where} holds {dataset.dtype}, not plain numbers")
    if dataset.id.get_create_plist().get_nfilters():
        raise ValueError(f"{where} is compressed; save the weights without compression")
    stored = dataset.id.get_storage_size()
    if stored < dataset.nbytes:
        raise ValueError(f"{where} declares {dataset.nbytes} bytes but stores {stored}")
    return dataset.nbytes


def _check_attributes(item, path, size):
    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        if math.prod(attribute.shape or ()) * attribute.dtype.itemsize > size:
            raise ValueError(f"{path}: attribute {name!r} of {item.name} is larger than the file")


def _hint(start):
    if not start:
        return "; it is empty"
    if start.startswith(b"PK"):
        return (
            "; if it is a .keras archive, save the weights of its model alone with "
            "model.save_weights('NAME.weights.h5')"
        )
    return ""


def _first_line(error):
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _natural(text):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]
