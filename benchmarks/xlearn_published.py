"""Compare the published prediction of xlearn with what is computed here from the same weights.

    python benchmarks/xlearn_published.py weights_seg.h5 train_input.tif prd.tiff

All three files are in commit 787eb23 of tomography/xlearn. The weights are imported and the image
is segmented with ``--step 1``, as published: patches of 32 x 32 pixels around every pixel, and
their mean. Printed are the largest difference from the published prediction, the seconds from
file to file, and those of ``model.predict`` on the same patches: of the middle rows of the image,
in batches of 512, times all rows, without gathering, summing or averaging.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from tomoseg_tf.prediction import segment_file
from tomoseg_tf.volume import Normalisation, open_volume
from tomoseg_tf.weights import import_weights, load

ROWS, BATCH = 8, 512


def main():
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", help="weights_seg.h5")
    parser.add_argument("image", help="train_input.tif")
    parser.add_argument("prediction", help="prd.tiff")
    given = parser.parse_args()
    normalisation = Normalisation(method="minmax")
    with tempfile.TemporaryDirectory() as folder:
        weights, result, values = (Path(folder, name) for name in ("weights", "s.tif", "p.npy"))
        import_weights(given.weights, weights, model="xlearn_unet", normalisation=normalisation)
        began = time.perf_counter()
        settings = {"weights": weights, "step": 1, "probabilities": values}
        segment_file(given.image, result, **settings)
        seconds = time.perf_counter() - began
        found = np.load(values)[0]
        plain = time_plain(load(weights), open_volume(given.image).read(0, 1)[0])
    published = open_volume(given.prediction).read(0, 1)[0]
    difference = np.abs(found - published)
    print(f"largest difference from the published prediction: {difference.max():.2e}")
    print(f"mean difference: {difference.mean():.2e}")
    print(f"segment --step 1, file to file: {seconds:.1f} s")
    print(f"model.predict of its patches: {plain:.1f} s, {plain / seconds:.1f} times as long")


def time_plain(model, image):
    """Time ``model.predict`` of the patches of some rows; give the seconds of all rows."""
    model.compile(jit_compile=False)  # XLA is far slower on a processor
    grey = image.astype("float32")
    grey = (grey - grey.min()) / np.ptp(grey)
    side = model.input_shape[1]
    rows = image.shape[0] - side + 1
    first = (rows - ROWS) // 2
    windows = np.lib.stride_tricks.sliding_window_view(grey, (side, side))[first : first + ROWS]
    patches = windows.reshape(-1, side, side, 1)
    model.predict(patches[:BATCH], batch_size=BATCH, verbose=0)  # compiles
    began = time.perf_counter()
    model.predict(patches, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - began) * rows / ROWS


if __name__ == "__main__":
    main()
