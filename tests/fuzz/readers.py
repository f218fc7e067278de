"""Fuzz the readers of volumes and weights with atheris, guided by their coverage.

    pip install atheris
    python tests/fuzz/readers.py -max_total_time=3600 -timeout=20 -rss_limit_mb=3000

Options are those of libFuzzer. The files begin from small valid ones of each format. A reader may
give a volume, or refuse in one line that names the file: everything else, an endless loop and too
much memory among it, stops the fuzzer and leaves the input behind.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tomoseg_tf", "tifffile"]):
    import tifffile

    import tomoseg_tf.volume.hdf5.volume
    import tomoseg_tf.volume.tiff.volume
    import tomoseg_tf.volume.zarr.volume  # noqa: F401
    from tomoseg_tf.volume import create_volume, open_volume

import h5py
import numpy as np

ARRAY = np.random.default_rng(0).integers(0, 9, (3, 5, 6)).astype(np.uint16)
PLACES = ("a.tif", "a.npy", "a.nrrd", "a.h5", "a.zarr/zarr.json", "a.zarr/.zarray")
ROOT = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def seeds():
    """Yield valid files: the number of their place, and their bytes."""
    folder = ROOT / "seeds"
    folder.mkdir()
    options = {"photometric": "minisblack"}
    for index, more in enumerate(
        (
            {"imagej": True},
            {"ome": True, "metadata": {"axes": "ZYX"}},
            {"compression": "zlib", "tile": (16, 16)},
            {"bigtiff": True, "byteorder": ">"},
        )
    ):
        tifffile.imwrite(folder / f"{index}.tif", ARRAY, **options, **more)
        yield 0, (folder / f"{index}.tif").read_bytes()
    for place, name in ((1, "w.npy"), (2, "w.nrrd"), (3, "w.h5")):
        with create_volume(folder / name, ARRAY.shape, "u2", spacing=(1, 2, 3)) as writer:
            writer.write(0, ARRAY)
        yield place, (folder / name).read_bytes()
    with h5py.File(folder / "c.h5", "w") as file:
        file.create_dataset("entry/data", data=ARRAY, chunks=(1, 5, 3), compression="gzip")
    yield 3, (folder / "c.h5").read_bytes()
    with h5py.File(folder / "v.h5", "w", libver="latest") as file:
        file["part"], layout = ARRAY[None, None], h5py.VirtualLayout(ARRAY.shape, ARRAY.dtype)
        layout[:] = h5py.VirtualSource(".", "part", (1, 1, *ARRAY.shape))[0, 0]
        file.create_virtual_dataset("virtual", layout).attrs["content"] = "classes"
        file.attrs.update({f"name{index}": "text" for index in range(12)} | {"signal": "virtual"})
    yield 3, (folder / "v.h5").read_bytes()
    with create_volume(folder / "w.zarr", ARRAY.shape, "u2", spacing=(1, 2, 3)) as writer:
        writer.write(0, ARRAY)
    for path in sorted((folder / "w.zarr").rglob("zarr.json")):
        yield 4, path.read_bytes()
    yield (
        5,
        b'{"shape":[3,5,6],"chunks":[3,5,6],"dtype":"<u2","zarr_format":2,"order":"C",'
        + (b'"compressor":null,"filters":null,"fill_value":0}'),
    )


def try_file(data):
    """Write the bytes as the file that the first one chooses, and read it."""
    if not data:
        return
    path = ROOT / PLACES[data[0] % len(PLACES)]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data[1:])
    name = ROOT / path.relative_to(ROOT).parts[0]
    try:
        volume = open_volume(name)
        if volume.nbytes < 2**22:
            volume.read(0, volume.shape[0])
        else:
            volume.read(0, 1)
    except ValueError as error:
        message = str(error)
        if "\n" in message or name.name not in message:
            raise RuntimeError(f"not one line that names the file: {message}") from error
    finally:
        path.unlink()


def main():
    """Write the seeds as a corpus and fuzz until told to stop."""
    warnings.simplefilter("ignore")
    corpus = ROOT / "corpus"
    corpus.mkdir()
    for index, (place, data) in enumerate(seeds()):
        (corpus / str(index)).write_bytes(bytes([place]) + data)
    atheris.Setup([sys.argv[0], *sys.argv[1:], str(corpus), "-max_len=20000"], try_file)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
