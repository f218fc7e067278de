import sys

import numpy as np
import pytest
import tifffile

from tomoseg_tf.cli.main import main

RECIPE = """
model: {name: unet_3d, arguments: {levels: 2, base_features: 2}}
batches: {batch_size: 2}
schedule: {epochs: 2}
"""


@pytest.fixture(autouse=True)
def no_bfloat16(monkeypatch):
    """Compute in float32 on every processor, so that results are exact."""
    from tomoseg_tf.prediction import device

    monkeypatch.setattr(device, "PROCESSOR", "/none")


@pytest.fixture
def run(monkeypatch, capfd, request):
    """Run the command line; return its exit status and what it printed.

    A test module that names its ``COMMAND`` leaves it out of the arguments.
    """
    command = getattr(request.module, "COMMAND", ())

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tomoseg-tf", *command, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capfd.readouterr()
        return end.value.code, printed.out, printed.err

    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A folder of things that are as they should be, for the mistakes to begin with."""
    from tomoseg_tf.models import unet_3d
    from tomoseg_tf.records import write_records
    from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

    folder = tmp_path_factory.mktemp("template")
    rng = np.random.default_rng(0)
    truth = (rng.random((16, 16, 16)) < 0.1).astype(np.uint8)
    scan = (150 - 90 * truth + rng.integers(0, 20, truth.shape)).astype(np.uint8)
    for name, array in (("scan", scan), ("truth", truth)):
        tifffile.imwrite(folder / f"{name}.tif", array, photometric="minisblack")
        np.save(folder / f"{name}.npy", array)
    (folder / "slices").mkdir()
    for z, image in enumerate(scan):
        tifffile.imwrite(folder / "slices" / f"{z:02d}.tif", image)
    options = {"patch": (8, 8, 8), "split": "block", "fractions": (0.5, 0.5, 0), "guard": 0}
    write_records(folder / "records", [(scan, truth)], **options)
    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    network = unet_3d(**arguments)
    network.save_weights(folder / "net.weights.h5")
    classes = class_entries(("background", "object"))
    config = WeightsConfig(model="unet_3d", arguments=arguments, classes=classes)
    save_weights(folder / "fitted", network, config, card="# Net\n")
    (folder / "recipe.yaml").write_text(RECIPE)
    return folder
