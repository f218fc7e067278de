"""A table of mistakes: each ends in one line that says what, where and what to do."""

import hashlib
import json
import os
import shutil
import struct

import h5py
import numpy as np
import pytest
import tifffile
import zarr


def listing(folder):
    """Every file below a folder with its hash, and every folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return found


def put(name, content):
    """Write a file: bytes, a text, or an array as NPY."""

    def make():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        if isinstance(content, np.ndarray):
            np.save(name, content)
        else:
            with open(name, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)

    return make


def tiff(name, array, **options):
    """Write a TIFF file."""
    return lambda: tifffile.imwrite(name, array, photometric="minisblack", **options)


def change(name, edit):
    """Change the bytes of a file."""

    def make():
        with open(name, "rb") as file:
            content = file.read()
        put(name, edit(content))()

    return make


def rewrite(name, edit):
    """Change the values of a JSON file; that of weights gets its new SHA-256."""

    def make():
        with open(name) as file:
            values = json.load(file)
        edit(values)
        put(name, json.dumps(values))()
        sums = os.path.join(os.path.dirname(name), "SHA256SUMS")
        if os.path.exists(sums):
            rehash(sums, name)

    return make


def rehash(sums, name):
    """Put the new SHA-256 of a file into SHA256SUMS, as one does who changes it on purpose."""
    with open(sums) as file:
        lines = [line.split("  ") for line in file.read().splitlines()]
    with open(name, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    base = os.path.basename(name)
    put(sums, "".join(f"{digest if b == base else a}  {b}\n" for a, b in lines))()


def npy_header(shape, descr="|u1"):
    """The beginning of a NPY file, without any data."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def hdf5(name, fill):
    """Write an HDF5 file."""

    def make():
        with h5py.File(name, "w") as file:
            fill(file)

    return make


def looping_tiff():
    """A TIFF whose only page names itself as the next one."""
    tifffile.imwrite("one.tif", np.zeros((8, 8), np.uint8))
    with open("one.tif", "rb") as file:
        data = bytearray(file.read())
    os.remove("one.tif")
    (first,) = struct.unpack("<I", data[4:8])
    (entries,) = struct.unpack("<H", data[first : first + 2])
    end = first + 2 + 12 * entries
    data[end : end + 4] = struct.pack("<I", first)
    put("loop.tif", bytes(data))()


def zarr_array(name, array):
    return lambda: zarr.save_array(name, array)


def two_volumes(file):
    file["a"] = np.zeros((4, 4, 4), "u1")
    file["b"] = np.zeros((4, 4, 4), "u1")


def linked(file):
    file["a"] = h5py.ExternalLink("/etc/passwd", "/x")


A = np.arange(4**3, dtype=np.uint8).reshape(4, 4, 4)
PAIR = "--pair scan.tif truth.tif --patch 8,8,8"
RECORDS = f"records out {PAIR} --split block --fractions 0.5,0.5,0 --guard 0"
TRAIN = "train recipe.yaml --records records -o run"
SEGMENT = "segment scan.tif out.tif -w fitted"
IMPORT = """weights import net.weights.h5 out --arguments {"levels":2,"base_features":2}"""
NRRD = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: raw\n\n"

# what makes the mistake (or None), the command, what its line must hold
TABLE = [
    # volumes
    (None, "info nothing.tif", ["nothing.tif", "does not exist"]),
    (None, "info scan.jpg", ["scan.jpg"]),
    (put("a.xyz", "x"), "info a.xyz", ["a.xyz", ".xyz", ".tif"]),
    (put("a.tif", b""), "info a.tif", ["a.tif", "empty"]),
    (put("a.tif", "no tiff"), "info a.tif", ["a.tif"]),
    (put("a.tif", b"II*\0\x08\0\0\0"), "info a.tif", ["a.tif"]),
    (change("scan.tif", lambda data: data[:-900]), "info scan.tif", ["scan.tif"]),
    (looping_tiff, "info loop.tif", ["loop.tif"]),
    (tiff("a.tif", np.zeros((4, 4, 4), "c8")), "info a.tif", ["a.tif", "complex64"]),
    (tiff("a.tif", np.zeros((2, 3, 4, 5), "u1")), "info a.tif", ["a.tif"]),
    (put("a.npy", b""), "info a.npy", ["a.npy"]),
    (put("a.npy", np.zeros((4, 4))), "info a.npy", ["a.npy", "(4, 4)"]),
    (put("a.npy", np.array([[[None]]])), "info a.npy", ["a.npy", "object"]),
    (put("a.npy", npy_header((1 << 20, 1 << 20, 1 << 20))), "info a.npy", ["a.npy", "bytes"]),
    (put("a.npy", npy_header((-4, 4, 4))), "info a.npy", ["a.npy"]),
    (put("a.npy", npy_header((4, 4, 4), "|O")), "info a.npy", ["a.npy"]),
    (put("empty/x.txt", "x"), "info empty", ["empty", "no TIFF slices"]),
    (tiff("slices/07.tif", np.zeros((9, 9), "u1")), "info slices", ["07.tif", "(9, 9)"]),
    (tiff("slices/07.tif", np.zeros((16, 16), "u2")), "info slices", ["07.tif", "uint16"]),
    (put("slices/07.tif", b"II"), "info slices", ["07.tif"]),
    (None, "info scan.tif --shape 4,4,4", ["scan.tif"]),
    (put("a.raw", bytes(60)), "info a.raw", ["a.raw", "--shape"]),
    (put("a.raw", bytes(60)), "info a.raw --shape 4,4,4 --dtype uint8", ["a.raw", "60", "64"]),
    (put("a.raw", bytes(64)), "info a.raw --shape 4,4,4 --dtype nonsense", ["nonsense"]),
    (put("a.h5", "x"), "info a.h5", ["a.h5"]),
    (hdf5("a.h5", two_volumes), "info a.h5", ["a.h5", "/a", "/b"]),
    (hdf5("a.h5", two_volumes), "info a.h5::/c", ["a.h5", "/c"]),
    (hdf5("a.h5", linked), "info a.h5::/a", ["a.h5", "/etc/passwd"]),
    (None, "info scan.tif::/a", ["scan.tif", "/a"]),
    (zarr_array("a.zarr", np.zeros((4, 4), "u1")), "info a.zarr", ["a.zarr"]),
    (lambda: os.mkdir("a.zarr"), "info a.zarr", ["a.zarr"]),
    (put("a.nrrd", "no nrrd"), "info a.nrrd", ["a.nrrd"]),
    (put("a.nrrd", NRRD), "info a.nrrd", ["a.nrrd", "64"]),
    # simulated scans
    (None, "simulate micropillar scan.tif b.tif --shape 2,64,64", ["scan.tif already exists"]),
    (None, "simulate micropillar a.tif a.tif --shape 2,64,64", ["a.tif"]),
    (None, "simulate micropillar no/a.tif b.tif --shape 2,64,64", ["no does not exist"]),
    (None, "simulate micropillar a.jpg b.tif --shape 2,64,64", ["a.jpg"]),
    (None, "simulate micropillar a.tif b.tif --shape 2,2,2", ["2"]),
    # records
    (None, f"{RECORDS} --overwrite --palette 7:1", ["truth.tif", "0: ", "'0:2"]),
    (None, f"records records {PAIR}", ["records already exists", "--overwrite"]),
    (None, f"records slices {PAIR} --overwrite", ["slices", "manifest.json"]),
    (None, f"records no/out {PAIR}", ["no does not exist"]),
    (None, f"{RECORDS} --palette rainbow", ["rainbow", "auto"]),
    (None, f"{RECORDS} --palette 0:0,1", ["1"]),
    (None, f"{RECORDS} --classes a,a", ["different names"]),
    (None, "records out --pair scan.tif truth.tif", ["192", "16 x 16 x 16"]),
    (None, "records out --pair no.tif truth.tif", ["no.tif", "does not exist"]),
    (put("a.npy", A), "records out --pair scan.tif a.npy --patch 8,8,8", ["a.npy", "(4, 4, 4)"]),
    (None, f"records out {PAIR} --fractions 0.9,0.9,0", ["fractions"]),
    (None, f"records out {PAIR} --test 3", ["test sample 3"]),
    (None, f"records out {PAIR} --split block --guard 99", ["99"]),
    (
        put("a.npy", np.full((16, 16, 16), np.inf)),
        RECORDS.replace("scan.tif", "a.npy"),
        ["a.npy", "inf"],
    ),
    # training
    (None, "train nothing.yaml --records records -o run", ["nothing.yaml", "train --list"]),
    (None, "train micropilar --records records -o run", ["did you mean micropillar"]),
    (put("a.yaml", "model: ["), "train a.yaml --records records -o run", ["a.yaml"]),
    (put("a.yaml", "modle: {}"), "train a.yaml --records records -o run", ["a.yaml", "modle"]),
    (put("a.yaml", "- 1"), "train a.yaml --records records -o run", ["a.yaml"]),
    (
        put("a.yaml", "x: !!python/object/apply:os.mkdir [pwned]"),
        "train a.yaml --records records -o run",
        ["a.yaml"],
    ),
    (None, f"{TRAIN} --set optimiser.rate=1", ["'rate'", "in optimiser"]),
    (None, f"{TRAIN} --set seed=x", ["seed is 'x'"]),
    (None, f"{TRAIN} --set nonsense", ["nonsense"]),
    (None, f"{TRAIN} --from nowhere", ["nowhere"]),
    (None, f"{TRAIN} --set batches.crop=[8,8,7]", ["8,8,7"]),
    (None, "train recipe.yaml --records slices -o run", ["slices", "manifest.json"]),
    (None, "train recipe.yaml --records records -o slices", ["slices already exists"]),
    (None, "train recipe.yaml --records records -o no/run", ["no does not exist"]),
    (lambda: os.remove("records/training-00000.tfrecord"), TRAIN, ["training-00000", "missing"]),
    (change("records/training-00000.tfrecord", lambda data: data[:-1]), TRAIN, ["shortened"]),
    (
        change("records/training-00000.tfrecord", lambda data: data[:-1] + b"\xaa"),
        TRAIN,
        ["training-00000", "damaged"],
    ),
    (put("records/manifest.json", "{"), TRAIN, ["manifest.json", "JSON"]),
    (rewrite("records/manifest.json", lambda v: v.update(format=9)), TRAIN, ["format 9"]),
    # segmentation
    (None, "segment scan.tif out.tif -w nothing", ["'nothing'", "unet_3d_micropillar"]),
    (None, "segment scan.tif out.tif -w net.weights.h5", ["weights import"]),
    (None, "segment scan.tif out.tif -w slices", ["slices", "config.json"]),
    (None, "segment scan.tif scan.tif -w fitted --overwrite", ["scan.tif", "named twice"]),
    (None, "segment scan.tif truth.tif -w fitted", ["truth.tif already exists"]),
    (None, "segment scan.tif out.jpg -w fitted", ["out.jpg"]),
    (None, "segment scan.tif no/out.tif -w fitted", ["no does not exist"]),
    (None, "segment slices/ slices/ -w fitted --overwrite", ["slices"]),
    (None, f"{SEGMENT} --roi 0:99,0:4,0:4", ["0:99", "0:16"]),
    (None, f"{SEGMENT} --roi 4:4,0:4,0:4", ["4:4"]),
    (None, f"{SEGMENT} --device gpu:77", ["gpu:77"]),
    (None, f"{SEGMENT} --grey-levels", ["probabilities"]),
    (None, f"{SEGMENT} --mask no.tif", ["no.tif"]),
    (put("a.npy", A), f"{SEGMENT} --mask a.npy", ["a.npy", "4"]),
    (put("a.npy", np.full((8, 8, 8), np.nan)), "segment a.npy out.tif -w fitted", ["a.npy"]),
    (change("fitted/model.weights.h5", lambda data: data[:-9]), SEGMENT, ["not what was saved"]),
    (lambda: os.remove("fitted/SHA256SUMS"), SEGMENT, ["SHA256SUMS is missing"]),
    (rewrite("fitted/config.json", lambda v: v.update(axes="YX")), SEGMENT, ["axes is 'YX'"]),
    (rewrite("fitted/config.json", lambda v: v.update(model="evil")), SEGMENT, ["'evil'"]),
    # evaluation and figures
    (None, "evaluate truth.tif nothing.tif", ["nothing.tif", "does not exist"]),
    (put("a.npy", A), "evaluate truth.tif a.npy", ["shape"]),
    (None, "evaluate truth.tif scan.tif", ["scan.tif"]),
    (None, "evaluate truth.tif truth.npy --names a", ["a"]),
    (None, "evaluate truth.tif truth.npy --figure out.doc", ["out.doc", ".png"]),
    (None, "evaluate truth.tif truth.npy --figure no/out.png", ["no does not exist"]),
    (None, "evaluate truth.tif truth.npy --figure scan.npy --overwrite", ["scan.npy", ".png"]),
    (None, "preview scan.tif truth.tif scan.tif --overwrite", ["scan.tif"]),
    (None, "preview scan.tif truth.tif out.png --slices 99", ["99"]),
    (None, "truth out.tif --label nothing.tif", ["nothing.tif"]),
    (None, "filter scan.tif out.tif --filter blur:3", ["blur", "median"]),
    (None, "filter scan.tif out.tif --filter median:0", ["median"]),
    # networks and weights
    (None, "models unet", ["'unet'", "unet_3d"]),
    (None, """models unet_3d --arguments {"level":3}""", ["'level'", "levels"]),
    (None, """models unet_3d --arguments {"levels":99}""", ["99"]),
    (None, "weights info nothing", ["'nothing'", "unet_3d_micropillar"]),
    (None, "weights verify slices", ["slices", "config.json"]),
    (None, "weights list nothing", ["nothing"]),
    (None, "weights import nothing.h5 out", ["nothing.h5"]),
    (None, "weights import scan.tif out", ["scan.tif", "HDF5"]),
    (None, "weights import net.weights.h5 out", ['"levels": 2, "base_features": 2']),
    (None, f"{IMPORT} --classes a,b,c", ["3 entries"]),
    (None, f"{IMPORT} --model unet", ["'unet'"]),
    (change("net.weights.h5", lambda data: data[:9000]), IMPORT, ["net.weights.h5", "damaged"]),
    (put("net.weights.h5", b"PK\x03\x04"), IMPORT, [".keras archive"]),
    (None, IMPORT.replace(" out ", " slices ") + " --overwrite", ["slices", "config.json"]),
    # the demonstration
    (None, "demo slices", ["slices already exists"]),
    (None, "demo slices --overwrite", ["slices", "scores.json"]),
    (None, "demo no/out", ["no does not exist"]),
    (None, "demo scan.tif --overwrite", ["scan.tif"]),
]


@pytest.mark.parametrize(("make", "command", "parts"), TABLE)
def test_a_mistake_is_one_line_and_harms_nothing(
    run, template, tmp_path, monkeypatch, make, command, parts
):
    folder = tmp_path / "place"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    if make:
        make()
    before = listing(folder)
    code, out, err = run(*command.split())
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert len(err) < 600
    for part in parts:
        assert part in err
    assert listing(folder) == before


@pytest.mark.parametrize(
    "command",
    [
        "info",
        "info scan.tif --spacing 1,1",
        "info scan.tif --spacing 1,0,1",
        "info scan.tif --spacing 1,1,nan",
        "records out",
        "records out --pair scan.tif truth.tif --patch 8,8",
        "records out --pair scan.tif truth.tif --split random",
        "train recipe.yaml",
        "train recipe.yaml --records records -o run --epochs 0",
        "segment scan.tif out.tif",
        "segment scan.tif out.tif -w fitted --threshold 2",
        "segment scan.tif out.tif -w fitted --roi 0:1",
        "evaluate truth.tif",
        "weights import net.weights.h5 out --arguments levels=2",
        "simulate micropillar a.tif",
        "nonsense",
    ],
)
def test_wrong_usage_is_exit_2_and_ends_in_one_line(run, template, monkeypatch, command):
    monkeypatch.chdir(template)
    before = listing(template)
    code, out, err = run(*command.split())
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: ")
    assert err.startswith("Usage: ")
    assert listing(template) == before


def test_the_table_is_long():
    assert len(TABLE) >= 60
