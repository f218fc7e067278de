"""Reading and writing speed of each format against the plain call of its library.

    python benchmarks/formats.py [--shape 256,1024,1024] [--dtype uint16] [--repeats 5]
    python benchmarks/formats.py --only nrrd

Ours goes slab by slab and the library takes the volume as a whole, both on the same file, in turns;
the medians are compared. What is written is flushed to the disk by both. Only the ratios mean
something on a machine that others use, too. The memory is the peak of a process of its own that
copies the volume by slabs, less what it had when it began; the volume itself is larger.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SPACING = (0.5, 0.25, 0.25)


@dataclass(frozen=True)
class Case:
    """A format; `write` is None where the plain library writes the file that is read."""

    name: str
    file: str
    read: Callable
    write: Callable
    ours: bool = True


def read_tiff(path, _):
    """Read a TIFF file as tifffile does."""
    import tifffile

    return tifffile.imread(path)


def write_tiff(path, array, **options):
    """Write a TIFF file as tifffile does."""
    import tifffile

    tifffile.imwrite(path, array, photometric="minisblack", **options)


def write_imagej(path, array):
    """Write a TIFF file for ImageJ, as ours are, as tifffile does."""
    import tifffile

    tifffile.imwrite(path, array, imagej=True, metadata={"axes": "ZYX"})


def read_hdf5(path, _):
    """Read the first volume of an HDF5 file as h5py does."""
    import h5py

    with h5py.File(path) as file:
        found = []
        file.visititems(
            lambda _, item: found.append(item) if getattr(item, "ndim", 0) == 3 else None
        )
        return found[0][:]


def write_hdf5(path, array):
    """Write a contiguous dataset as h5py does."""
    import h5py

    with h5py.File(path, "w") as file:
        file["data"] = array


def read_zarr(path, _):
    """Read the first level of a store as zarr does."""
    import zarr

    return zarr.open_group(path, mode="r")["0"][:]


def write_zarr(path, array):
    """Write a store as zarr does, in the chunks and with the codec of ours."""
    import zarr

    from tomoseg_tf.volume.zarr.writer import chunk_shape

    group = zarr.create_group(path)
    codec = zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle")
    chunks = chunk_shape(array.shape, array.dtype)
    group.create_array("0", data=array, chunks=chunks, compressors=codec)


def read_nrrd(path, _):
    """Read an NRRD file as pynrrd does."""
    import nrrd

    return nrrd.read(str(path), index_order="C")[0]


def write_nrrd(path, array, encoding="raw"):
    """Write an NRRD file as pynrrd does."""
    import nrrd

    nrrd.write(str(path), array, {"encoding": encoding}, index_order="C")


def read_raw(path, like):
    """Read a RAW file as NumPy does."""
    return np.fromfile(path, like.dtype).reshape(like.shape)


CASES = (
    Case("NPY", "a.npy", lambda path, _: np.load(path), np.save),
    Case("RAW", "a.raw", read_raw, lambda path, array: array.tofile(path)),
    Case("TIFF", "a.tif", read_tiff, write_imagej),
    Case("OME-TIFF", "a.ome.tif", read_tiff, write_tiff),
    Case("HDF5", "a.h5", read_hdf5, write_hdf5),
    Case("OME-Zarr", "a.ome.zarr", read_zarr, write_zarr),
    Case("NRRD", "a.nrrd", read_nrrd, write_nrrd),
    Case("TIFF, LZW", "lzw.tif", read_tiff, lambda *a: write_tiff(*a, compression="lzw"), False),
    Case("TIFF, ZSTD", "zstd.tif", read_tiff, lambda *a: write_tiff(*a, compression="zstd"), False),
    Case("NRRD, gzip", "gzip.nrrd", read_nrrd, lambda *a: write_nrrd(*a, "gzip"), False),
)


def volume_of(path, like):
    """Open a volume as a user does."""
    from tomoseg_tf.volume import open_volume

    told = {"shape": like.shape, "dtype": like.dtype} if path.suffix == ".raw" else {}
    return open_volume(path, **told)


def read_ours(path, like):
    """Read a volume slab by slab."""
    for _ in volume_of(path, like).slabs():
        pass


def write_ours(path, array):
    """Write a volume slab by slab, in slabs of 16 slices."""
    from tomoseg_tf.volume import create_volume

    with create_volume(path, array.shape, array.dtype, spacing=SPACING) as writer:
        for start in range(0, len(array), 16):
            writer.write(start, array[start : start + 16])


def write_plain(case, path, array):
    """Write a volume with the plain call of the library, and flush it as ours is."""
    case.write(path, array)
    for name in [path, *path.rglob("*")] if path.is_dir() else [path]:
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def remove(path):
    """Remove a file or folder if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def seconds(function, *arguments):
    """Time one call."""
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def compare(case, folder, array, repeats):
    """Median seconds of reading and writing, ours and plain, in turns."""
    times = {"read": [], "read plain": [], "write": [], "write plain": []}
    target, plain = folder / case.file, folder / f"plain_{case.file}"
    (write_ours if case.ours else case.write)(target, array)
    for read in (read_ours, case.read):  # imports, and the cache of the system
        read(target, array)
    for _ in range(repeats):
        times["read"].append(seconds(read_ours, target, array))
        times["read plain"].append(seconds(case.read, target, array))
        if case.ours:
            copy = folder / f"copy_{case.file}"
            times["write"].append(seconds(write_ours, copy, array))
            times["write plain"].append(seconds(write_plain, case, plain, array))
            remove(copy)
            remove(plain)
    return {key: statistics.median(values) for key, values in times.items() if values}


def peak_memory():
    """Peak memory of this process in bytes (Linux; getrusage would count its parent's, too)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def copy_file(source, target, shape, dtype):
    """Copy a volume by slabs and print by how many bytes the memory grew."""
    from tomoseg_tf.volume import create_volume

    like = np.empty((0,), dtype)
    volume = volume_of(Path(source), np.broadcast_to(like.dtype.type(0), shape))
    first, last = volume.read(0, 1), volume.shape[0]
    with create_volume(target, volume.shape, volume.dtype) as writer:
        before = peak_memory()
        writer.write(last - 1, first)
        for start, slab in volume.slabs():
            writer.write(start, slab)
    print(json.dumps(peak_memory() - before))


def growth(case, folder, array):
    """Peak memory of a copy in a process of its own, above that at its start, in bytes."""
    target = folder / f"copy_{case.file}"
    shape = ",".join(map(str, array.shape))
    words = ["--copy", str(folder / case.file), str(target), "--shape", shape]
    command = [sys.executable, __file__, *words, "--dtype", array.dtype.name]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    remove(target)
    return json.loads(result.stdout.splitlines()[-1])


def report(case, folder, array, repeats):
    """One row of the table."""
    times = compare(case, folder, array, repeats)
    size = array.nbytes / 2**20
    cells = [f"{size / times['read']:.0f}", f"{times['read plain'] / times['read']:.2f}"]
    if case.ours:
        cells += [f"{size / times['write']:.0f}", f"{times['write plain'] / times['write']:.2f}"]
    else:
        cells += ["", ""]
    cells.append(f"{growth(case, folder, array) / 2**20:.0f}")
    print("| " + " | ".join([case.name, *cells]) + " |", flush=True)
    for path in folder.iterdir():
        remove(path)


def main():
    """Print the table, or copy one volume where another process asks for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="256,1024,1024")
    parser.add_argument("--dtype", default="uint16")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="formats whose names contain this")
    parser.add_argument("--folder", help="where the files are made; a temporary one by default")
    parser.add_argument("--copy", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    shape = tuple(int(side) for side in options.shape.split(","))
    if options.copy:
        copy_file(*options.copy, shape, options.dtype)
        return
    chosen = [case for case in CASES if options.only.casefold() in case.name.casefold()]
    if not chosen:
        parser.error(f"--only {options.only}: use one of {', '.join(case.name for case in CASES)}")
    noise = np.random.default_rng(0).normal(170, 20, shape[1:])
    array = np.empty(shape, options.dtype)
    for z in range(shape[0]):
        array[z] = np.roll(noise, 7 * z, axis=1).clip(0, 255)
    print(f"{shape} {array.dtype}, {array.nbytes / 2**20:.0f} MiB, medians of {options.repeats}\n")
    print("| format | read MiB/s | of plain | write MiB/s | of plain | memory MiB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for case in chosen:
            report(case, Path(folder), array, options.repeats)


if __name__ == "__main__":
    main()
