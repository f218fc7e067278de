"""The number format inside the network: what is chosen, and what it does to a result."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.prediction import device, segment_file
from tomoseg_tf.prediction.device import choose_precision, find_kernels

PILLAR = Path(__file__).parents[2] / "examples" / "micropillar" / "pillar.tif"


@pytest.mark.parametrize(
    ("flags", "chosen", "most"),
    [
        ("fpu avx2", "float32", 16),
        ("fpu avx2 avx512f", "float32", 0),
        ("fpu avx512f avx512_bf16", "bfloat16", 0),
        ("amx_tile amx_bf16", "bfloat16", 16),
    ],
)
def test_the_processor_decides(tmp_path, monkeypatch, flags, chosen, most):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n")
    monkeypatch.setattr(device, "PROCESSOR", str(tmp_path / "cpuinfo"))
    monkeypatch.setattr(device, "find_gpus", lambda: [])
    assert choose_precision("auto", "cpu") == chosen
    assert choose_precision("auto", "auto") == chosen
    assert choose_precision("auto", "gpu:0") == "float32"
    kernels = {"stacked": most, "lanes": 1 if most else 16}
    assert find_kernels("cpu") == find_kernels("auto") == kernels
    assert choose_precision("float16", "cpu") == "float16"
    monkeypatch.setattr(device, "PROCESSOR", str(tmp_path / "none"))
    assert choose_precision("auto", "cpu") == "float32"
    assert find_kernels("cpu") == {"stacked": 16, "lanes": 1}


def test_bfloat16_changes_few_voxels_and_no_object_of_the_shipped_weights(tmp_path, capsys):
    found = {}
    for precision in ("float32", "bfloat16"):
        path = tmp_path / f"{precision}.npy"
        segment_file(PILLAR, path, weights="unet_3d_micropillar", precision=precision)
        found[precision] = np.load(path)
    exact, rounded = found["float32"], found["bfloat16"]
    changed = np.count_nonzero(exact != rounded) / np.count_nonzero(exact)
    objects = [ndimage.label(each)[1] for each in (exact, rounded)]
    with capsys.disabled():
        print(f" {100 * changed:.2f} % of the foreground changed, objects {objects} ", end="")
    assert changed <= 0.01
    assert abs(objects[1] - objects[0]) <= 0.005 * objects[0]
    assert objects[0] > 5
