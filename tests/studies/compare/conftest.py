import numpy as np
import pytest
import tifffile

from tomoseg_tf.records import write_records
from tomoseg_tf.studies.compare.entries import parse_entries
from tomoseg_tf.studies.compare.study import compare

TINY = """
model: {name: unet_3d, arguments: {levels: 1, base_features: 2}}
batches: {batch_size: 2}
normalisation: {method: zscore, outside: kept}
optimiser: {learning_rate: 0.01}
loss: {name: crossentropy_dice}
schedule: {epochs: 2, steps_per_epoch: 2}
monitor: loss
"""
CLASSES = ("matrix", "inclusion", "precipitate")


def scan(seed=0):
    """A scan of 24 x 16 x 16 voxels, bright and dark boxes in noise, and its truth."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((24, 16, 16), np.uint8)
    for index, (z, y, x) in enumerate(rng.integers(0, 12, (40, 3)) * (2, 1, 1)):
        truth[z : z + 2, y : y + 3, x : x + 3] = 2 if index % 4 == 0 else 1
    grey = rng.normal(120, 6, truth.shape) + 60 * (truth == 1) - 60 * (truth == 2)
    return grey.clip(0, 255).astype(np.uint8), truth


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """A folder with two scans, their truth, records of 4 x 8 x 8 and a recipe of tiny steps."""
    folder = tmp_path_factory.mktemp("compare")
    pairs = [scan(0), scan(1)]
    for number, (grey, truth) in enumerate(pairs):
        tifffile.imwrite(folder / f"scan{number}.tif", grey, photometric="minisblack")
        tifffile.imwrite(folder / f"truth{number}.tif", truth, photometric="minisblack")
    settings = {"split": "block", "fractions": (1 / 3, 1 / 3, 1 / 3), "guard": 0}
    write_records(folder / "records", pairs, patch=(4, 8, 8), classes=CLASSES, **settings)
    (folder / "tiny.yaml").write_text(TINY)
    return folder


@pytest.fixture(scope="session")
def run(study):
    """Compare in this process, to save the time of starting others."""

    def compare_here(folder, *models, **options):
        given = options.pop("arguments", {}), options.pop("ensembles", ())
        settings = {"recipe": study / "tiny.yaml", "isolated": False, **options}
        records = settings.pop("records", study / "records")
        return compare(parse_entries(models, *given), records, folder, **settings)

    return compare_here


@pytest.fixture(scope="session")
def foreign(study):
    """Name files as the segmentations of another program."""

    def name_files(name="truth", label="theirs", folder=study):
        return ",".join(f"{label}={folder / f'{name}{number}.tif'}" for number in (0, 1))

    return name_files


@pytest.fixture(scope="session")
def done(run, foreign, tmp_path_factory):
    """A comparison of a net, a method without one, and the truth as another program's result."""
    folder, told = tmp_path_factory.mktemp("done") / "out", []
    result = run(folder, "unet_3d,otsu", foreign(), notify=told.append)
    return result, folder, told
