"""The memory of the whole process, on paper and in a real one."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tomoseg_tf.prediction import budget
from tomoseg_tf.prediction.budget import (
    highest,
    memory_for_tiles,
    parse_memory,
    process_memory,
    resident,
)


@pytest.mark.parametrize(
    ("text", "memory"),
    [("2GB", 2e9), ("512 MB", 512e6), ("2.5", 2.5e9), ("1.5GiB", 1.5 * 2**30), (".5tb", 5e11)],
)
def test_amounts_of_memory(text, memory):
    assert parse_memory(text) == memory


@pytest.mark.parametrize("text", ["", "0", "0GB", "2 G B", "-1", "two", "2XB", "1e9", "nan"])
def test_what_is_no_amount_of_memory(text):
    with pytest.raises(ValueError, match="must be a number above 0 and a unit"):
        parse_memory(text)


def test_what_is_left_for_tiles_and_what_the_process_takes_are_inverse():
    left = memory_for_tiles(3e9, base=1e9)
    assert 0 < left < 2e9
    assert process_memory(left, base=1e9) == pytest.approx(3e9)
    assert memory_for_tiles(None, base=1e9) == memory_for_tiles(budget.MAX_MEMORY, base=1e9)
    assert memory_for_tiles(None, base=4e9) == memory_for_tiles(4e9 + budget.SPARE, base=4e9) > 1e9


def test_too_little_memory_is_refused_with_the_least():
    with pytest.raises(ValueError, match=r"0\.5 GB of memory are too little: .* take 0\.80 GB"):
        memory_for_tiles(5e8, base=8e8)
    least = 1.001 * process_memory(budget.LEAST, base=8e8)
    assert memory_for_tiles(least, base=8e8) == pytest.approx(budget.LEAST, rel=0.1)


def test_memory_of_this_process():
    assert 1e7 < resident() <= highest() + 1e6
    array = np.ones(2**26, np.uint8)
    assert highest() >= resident() - 1e6 > 2**26
    assert array.any()


CHILD = """
import json, sys
from pathlib import Path
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.budget import process_memory
from tomoseg_tf.models import unet_3d
from tomoseg_tf.volume import open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

def save(name, folder, **arguments):
    arguments |= {"input_shape": [None, None, None, 1], "num_classes": 1}
    config = WeightsConfig(model="unet_3d", arguments=arguments,
        classes=class_entries(("a", "b")), normalisation={"method": "none"})
    save_weights(folder / name, unet_3d(**arguments), config, card="# Random")
    return {"weights": folder / name}

folder = Path(sys.argv[1])
settings = save("flat", folder, levels=1, base_features=1)
scan = open_volume(folder / "large.raw", shape=(800, 250, 250), dtype="float64")
allowed = process_memory(4e7)
large = segment_file(scan, folder / "l.npy", max_memory=allowed, **settings)["memory"]
settings = save("deep", folder)
scan = open_volume(folder / "small.raw", shape=(40, 256, 256), dtype="uint8")
expected = segment_file(scan, folder / "s.npy", dry_run=True, **settings)["memory"]
small = segment_file(scan, folder / "s.npy", **settings)["memory"]
print(json.dumps([allowed, large, expected, small]))
"""


def test_the_memory_of_a_process_is_what_was_planned_and_never_more(tmp_path):
    """A scan of ten times what is left for tiles, to its end; and the published network."""
    for name, size in (("large", 800 * 250 * 250 * 8), ("small", 40 * 256 * 256)):
        with open(tmp_path / f"{name}.raw", "wb") as file:
            os.truncate(file.fileno(), size)  # a sparse file of zeros
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    allowed, large, expected, small = json.loads(done.stdout)
    assert 0.75 * allowed < large < allowed
    assert 0.75 * expected < small < expected, (expected, small)
    assert np.load(tmp_path / "l.npy", mmap_mode="r").shape == (800, 250, 250)


SLICES = """
import json, sys
from pathlib import Path
from tomoseg_tf.models import unet_2d
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.budget import process_memory
from tomoseg_tf.volume import open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

folder = Path(sys.argv[1])
arguments = {"input_shape": [None, None, 1], "num_classes": 3, "batch_norm": True}
config = WeightsConfig(model="unet_2d", arguments=arguments,
    classes=class_entries(("a", "b", "c")), normalisation={"method": "none"})
save_weights(folder / "weights", unet_2d(**arguments), config, card="# Random")
side = int(sys.argv[4])
scan = open_volume(folder / "scan.raw", shape=(1, side, side), dtype="uint8")
settings = {"weights": folder / "weights", "precision": sys.argv[2]}
if sys.argv[3] == "tiles":
    settings["max_memory"] = process_memory(9e8)  # less than a slice takes
plan = segment_file(scan, folder / "s.npy", dry_run=True, **settings)
taken = segment_file(scan, folder / "s.npy", **settings)["memory"]
print(json.dumps([plan["memory"], taken, plan["plans"][0]["reason"]]))
"""


@pytest.mark.parametrize(
    ("precision", "way", "side"),
    [("float32", "whole", 448), ("bfloat16", "whole", 448), ("float32", "tiles", 640)],
)
def test_a_large_network_of_slices_takes_no_more_than_expected(tmp_path, precision, way, side):
    """The published U-Net, whose 31 million weights count as well."""
    with open(tmp_path / "scan.raw", "wb") as file:
        os.truncate(file.fileno(), side * side)
    command = [sys.executable, "-c", SLICES, str(tmp_path), precision, way, str(side)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected, taken, reason = json.loads(done.stdout)
    assert ("in exact tiles" in (reason or "")) == (way == "tiles")
    assert 0.6 * expected < taken < expected, (taken, expected)
