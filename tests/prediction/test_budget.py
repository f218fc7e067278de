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
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights


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


def test_a_scan_larger_than_the_memory_is_segmented_within_it(random_unet, tmp_path):
    """A sparse file of 1.3 GB, of which a part is segmented in a process of its own."""
    network = random_unet(levels=2, base_features=2)
    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    classes = class_entries(("background", "object"))
    config = WeightsConfig(
        model="unet_3d",
        arguments=arguments,
        classes=classes,
        normalisation={"method": "none"},
    )
    save_weights(tmp_path / "weights", network, config, card="# Random\n")
    scan = tmp_path / "scan.raw"
    with open(scan, "wb") as file:
        os.truncate(file.fileno(), 1300 * 1000 * 1000)
    command = [sys.executable, "-m", "tomoseg_tf", "segment", scan, tmp_path / "s.npy"]
    command += ["--shape", "5200,500,500", "--dtype", "uint8", "-w", tmp_path / "weights"]
    command += ["--roi", "640:656,0:500,0:500", "--max-memory", "1.2GB", "--json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 0.5e9 < json.loads(done.stdout)["memory"] < 1.2e9
    assert np.load(tmp_path / "s.npy", mmap_mode="r").shape == (16, 500, 500)
