"""The metadata of Zarr stores, versions 2 and 3, read and checked before any library sees them.

What could run code (pickled objects) or is not known is refused here.
"""

import json
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tomoseg_tf.volume.storage.damage import reason
from tomoseg_tf.volume.storage.staging import check_destination
from tomoseg_tf.volume.zarr.ome import find_multiscales
from tomoseg_tf.volume.zarr.strangers import first_stranger

MARK = "tomoseg-tf"  # attribute of the arrays that we write: {"complete": true, ...} at the end
MAX_METADATA = 64 * 2**20  # bytes
MAX_CHUNK = 2**31  # bytes of a chunk, which is decoded as a whole; Blosc has the same limit
MAX_AXES = 8
TYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TYPES += ("float16", "float32", "float64")
BYTES_CODECS = {"blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd", "shuffle", "crc32", "crc32c"}
BYTES_CODECS |= {"adler32", "fletcher32"}
ARRAY_CODECS = {"bytes", "transpose", "delta", "fixedscaleoffset", "bitround", "quantize"}
CODECS = BYTES_CODECS | ARRAY_CODECS


@dataclass(frozen=True)
class Node:
    """An array or a group of a store, with its metadata and attributes as stored."""

    folder: Path
    version: int
    is_array: bool
    metadata: dict
    attributes: dict


@dataclass(frozen=True)
class ArrayLayout:
    """What an array declares; `chunks` are those that are files, `inner` those that are decoded."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    inner: tuple[int, ...]
    dtype: Any
    names: tuple[str, ...] | None
    codecs: tuple[str, ...]
    prefix: str
    separator: str
    fill: Any


def read_node(folder):
    """Read what a folder of a store is.

    Parameters
    ----------
    folder : Path
        Folder.

    Returns
    -------
    Node or None
        None if it is neither an array nor a group.

    Raises
    ------
    ValueError
        If its metadata cannot be read.
    """
    if (folder / "zarr.json").exists():
        metadata = read_json(folder / "zarr.json")
        kind, attributes = metadata.get("node_type"), metadata.get("attributes") or {}
        if metadata.get("zarr_format") != 3 or kind not in ("array", "group"):
            raise ValueError(f"{folder / 'zarr.json'}: is no metadata of Zarr version 3")
        return Node(folder, 3, kind == "array", metadata, _mapping(folder, attributes))
    for name in (".zarray", ".zgroup"):
        if (folder / name).exists():
            metadata = read_json(folder / name)
            if metadata.get("zarr_format") != 2:
                version = metadata.get("zarr_format")
                raise ValueError(f"{folder / name}: its Zarr version {version} is not known")
            stored = folder / ".zattrs"
            attributes = read_json(stored) if stored.exists() else {}
            return Node(folder, 2, name == ".zarray", metadata, attributes)
    return None


def read_json(path):
    """Read a JSON object from a file of a store.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    dict
        The object.

    Raises
    ------
    ValueError
        If it is no regular file, too large, or no JSON object.
    """
    if not path.is_file() or path.stat().st_size > MAX_METADATA:
        raise ValueError(f"{path}: is no metadata file of Zarr; write the store again")
    try:
        return _mapping(path, json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: is damaged ({reason(error)}); copy or write the store again"
        ) from error


def read_array_layout(node):
    """Check what an array declares.

    Parameters
    ----------
    node : Node
        Array.

    Returns
    -------
    ArrayLayout
        Its shape, chunks, type, codecs and the names of its chunks.

    Raises
    ------
    ValueError
        If it is damaged, of a type that holds no voxels, or encoded in a way that is not known.
    """
    try:
        layout = _layout_3(node) if node.version == 3 else _layout_2(node)
        axes = {len(layout.shape), len(layout.chunks), len(layout.inner)}
        axes |= {len(layout.names)} if layout.names else set()
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        if str(error).startswith(f"{node.folder}: "):
            raise
        raise ValueError(
            f"{node.folder}: its metadata is damaged ({type(error).__name__}: {reason(error)}); "
            "copy or write the store again"
        ) from error
    if len(axes) != 1 or min((*layout.shape, *layout.chunks, *layout.inner), default=0) < 1:
        raise ValueError(
            f"{node.folder}: shape {layout.shape} in chunks {layout.chunks} is not that of a volume"
        )
    size = prod(layout.inner) * layout.dtype.itemsize
    if size > MAX_CHUNK or len(layout.shape) > MAX_AXES:
        raise ValueError(
            f"{node.folder}: a chunk {layout.inner} of {layout.dtype} takes {size / 2**30:.3g} GiB "
            "in memory; write it again with smaller chunks"
        )
    return layout


def check_zarr_destination(path, overwrite=False, *, folder=True, inside=None):
    """Check that a store may be written; only one that holds nothing else is replaced.

    Parameters
    ----------
    path : Path
        Folder to be written.
    overwrite : bool, optional
        Whether an existing store may be replaced.
    folder : bool, optional
        As for `check_destination`.
    inside : str, optional
        Place in the store, which is refused.

    Raises
    ------
    ValueError
        If it exists (and may not be replaced, is no Zarr store, or holds anything but what
        `ZarrWriter` writes), its parent folder does not exist, or a place inside is named.
    """
    if inside is not None:
        raise ValueError(f"{path}: a store is written as a whole; leave out ::{inside}")
    check_destination(path, overwrite, folder=folder)
    if not path.is_dir() or not any(path.iterdir()):
        return
    node = read_node(path)
    if node is None:
        raise ValueError(f"{path} already exists and is no Zarr store; choose another name")
    stranger = first_stranger(node, _levels(path, node))
    if stranger:
        raise ValueError(
            f"{path} already exists and holds {stranger}: the whole store would be replaced; "
            "choose another name"
        )


def _levels(path, group):
    """Arrays of the image of a store that bear our mark, by name; ``0`` in any case."""
    image = find_multiscales(group.attributes)
    names = [str(level["path"]) for level in image["datasets"]] if image else []
    found = {name: read_node(path / name) for name in names if re.fullmatch("[0-9]{1,2}", name)}
    ours = {name: node for name, node in found.items() if node and MARK in node.attributes}
    return {"0": read_node(path / "0")} | ours


def _layout_3(node):
    """Layout of an array of version 3."""
    stored = node.metadata
    grid, keys = stored["chunk_grid"], stored.get("chunk_key_encoding", {"name": "default"})
    if grid["name"] != "regular" or keys["name"] not in ("default", "v2"):
        raise ValueError(f"{node.folder}: its grid of chunks is not known; write it again")
    if stored["data_type"] not in TYPES:
        raise _no_voxels(node, stored["data_type"])
    if stored.get("storage_transformers"):
        raise ValueError(f"{node.folder}: storage transformers are not known; write it again")
    dtype = np.dtype(stored["data_type"])
    chunks = inner = tuple(int(side) for side in grid["configuration"]["chunk_shape"])
    codecs, nested = _names_3(stored["codecs"])
    if nested:
        inner = tuple(int(side) for side in nested[0]["configuration"]["chunk_shape"])
    endian = next((item for item in codecs if item == "big"), None)
    codecs = tuple(name for name in codecs if name not in ("big", "little"))
    _check_codecs(node, codecs)
    names = stored.get("dimension_names")
    default = keys["name"] == "default"
    separator = (keys.get("configuration") or {}).get("separator", "/" if default else ".")
    return ArrayLayout(
        shape=tuple(int(side) for side in stored["shape"]),
        chunks=chunks,
        inner=inner,
        dtype=dtype.newbyteorder(">") if endian else dtype,
        names=None if names is None else tuple(str(name or "") for name in names),
        codecs=codecs,
        prefix="c" + separator if default else "",
        separator=separator,
        fill=stored["fill_value"],
    )


def _layout_2(node):
    """Layout of an array of version 2."""
    stored = node.metadata
    codecs = [*(stored.get("filters") or ()), stored.get("compressor")]
    codecs = tuple(str(codec["id"]) for codec in codecs if codec)
    _check_codecs(node, codecs)
    if not isinstance(stored["dtype"], str):
        raise _no_voxels(node, stored["dtype"])
    dtype = np.dtype(stored["dtype"])
    if dtype.newbyteorder("=").name not in TYPES:
        raise _no_voxels(node, dtype)
    chunks = tuple(int(side) for side in stored["chunks"])
    names = node.attributes.get("_ARRAY_DIMENSIONS")
    return ArrayLayout(
        shape=tuple(int(side) for side in stored["shape"]),
        chunks=chunks,
        inner=chunks,
        dtype=dtype,
        names=None if names is None else tuple(str(name) for name in names),
        codecs=codecs,
        prefix="",
        separator=str(stored.get("dimension_separator", ".")),
        fill=stored.get("fill_value"),
    )


def _names_3(codecs):
    """Names of codecs, those inside shards too, byte orders among them; and the shardings."""
    names, shards = [], []
    for codec in codecs:
        codec = {"name": codec} if isinstance(codec, str) else codec
        options = codec.get("configuration") or {}
        if codec["name"] == "sharding_indexed":
            if shards:
                raise ValueError("shards within shards")
            shards.append(codec)
            within, deeper = _names_3(options["codecs"])
            index, _ = _names_3(options.get("index_codecs") or [])
            if deeper or not {*index} <= {"bytes", "little", "big", "crc32c"}:
                raise ValueError("codecs of shards that are not known")
            names += within
            continue
        names.append(str(codec["name"]).removeprefix("numcodecs."))
        if codec["name"] == "bytes":
            names.append(str(options.get("endian", "little")))
    return names, shards


def _check_codecs(node, names):
    """Refuse codecs that are not known, those that unpickle objects among them."""
    for name in names:
        if name not in CODECS:
            raise ValueError(
                f"{node.folder}: is encoded with {name!r}, which is not supported; write it again "
                f"with one of {', '.join(sorted(BYTES_CODECS))}"
            )


def _no_voxels(node, dtype):
    """Error for a type that is no integer or float."""
    return ValueError(
        f"{node.folder}: voxels of type {str(dtype)[:60]} are not supported; convert them to "
        "integers or floats"
    )


def _mapping(path, value):
    """Check that a JSON value is an object."""
    if not isinstance(value, dict):
        raise ValueError(f"{path}: is no JSON object")
    return value
