"""What `predict.py` times: our own ways to predict, and the others'; each in its own process."""

import os
import time
from pathlib import Path

import numpy as np

OVERLAP = 0.25  # of the windows of MONAI
TENFOLD = 1.2e9  # bytes of a process that segments a scan ten times larger
PLANES = 512, 512  # of the scan that is ten times larger than the memory


def time_stream(scan, target, weights, options):
    """Time `segment_file` from file to file."""
    from tomoseg_tf.prediction import segment_file

    summary = segment_file(
        scan,
        target,
        weights=weights,
        overwrite=True,
        max_memory=options.max_memory,
        precision=options.precision,
    )
    voxels = np.prod(summary["shape"])
    return {"voxels": voxels, **{key: summary[key] for key in ("seconds", "overhead")}}


def double_of(scan):
    """Name the scan of twice the slices."""
    return Path(scan).with_name("double.tif")


def time_double(scan, target, weights, options):
    """Time the same of a scan of twice the slices."""
    return time_stream(double_of(scan), target, weights, options)


def time_tenfold(scan, target, weights, options):
    """Time a scan that is ten times larger than the memory of the process: a sparse file."""
    from tomoseg_tf.volume import open_volume

    options.max_memory = options.max_memory or TENFOLD
    depth = int(10 * options.max_memory / 8 / np.prod(PLANES)) + 1
    large = Path(scan).with_name("large.raw")
    with open(large, "wb") as file:
        os.truncate(file.fileno(), 8 * depth * int(np.prod(PLANES)))
    volume = open_volume(large, shape=(depth, *PLANES), dtype="float64")
    return time_stream(volume, target, weights, options)


def time_tiles(scan, target, weights, options):
    """Time the same in tiles: read, normalise, compute and write, after the start-up."""
    from tomoseg_tf.prediction.arrays import measured_intensity
    from tomoseg_tf.prediction.device import choose_precision
    from tomoseg_tf.prediction.executor import Output, predict_tiles
    from tomoseg_tf.prediction.networks import open_network
    from tomoseg_tf.prediction.plan import make_plan
    from tomoseg_tf.volume import create_volume, open_volume
    from tomoseg_tf.weights import open_weights

    started = time.perf_counter()
    fitted, volume = open_weights(weights), open_volume(scan)
    network = open_network(fitted.build(), precision=choose_precision(options.precision))
    settings = {"roi": tuple((0, side) for side in volume.shape), "voxel_bytes": (1, 1)}
    best = make_plan(network.nodes, volume.shape, max_memory=options.max_memory, **settings)
    engine, plan = network.plan(volume.shape, tile=best.tile, **settings)
    intensity = measured_intensity(fitted.config.normalisation, volume)
    with create_volume(target, volume.shape, "uint8") as writer:
        output = Output(lambda values: (values[..., 0] > 0.5).astype("uint8"), writer, "uint8")
        predict_tiles(engine, plan, volume, intensity, [output])
    seconds = time.perf_counter() - started
    return {"voxels": np.prod(options.shape), "seconds": seconds, "overhead": best.overhead}


def time_graph(scan, target, weights, options):
    """Time the inference graph on one block in memory, after a small one."""
    from tomoseg_tf.prediction.device import choose_precision
    from tomoseg_tf.prediction.engine import Engine
    from tomoseg_tf.prediction.graph import inference_graph
    from tomoseg_tf.weights import open_weights

    precision = choose_precision(options.precision)
    engine = Engine(inference_graph(open_weights(weights).build()), precision=precision)

    def call(side):
        block = np.random.default_rng(0).standard_normal((side,) * 3).astype("float32")
        engine.run(block, ((0, side),) * 3, block.shape)

    return _timed(call, options.block)


def time_plain(scan, target, weights, options):
    """Time ``model.predict`` on one block in memory, after a small one."""
    from tomoseg_tf.weights import open_weights

    model = open_weights(weights).build()

    def call(side):
        block = np.random.default_rng(0).standard_normal((1, *(side,) * 3, 1)).astype("float32")
        model.predict(block, verbose=0)

    return _timed(call, options.block)


def time_monai(scan, target, weights, options):
    """Time MONAI's sliding window in PyTorch, on windows in memory, after a small one.

    The seconds are those of as many windows as MONAI lays over the whole scan, which overlap more
    often than few do.
    """
    os.environ["KERAS_BACKEND"] = "torch"
    import torch
    from monai.inferers import sliding_window_inference

    from tomoseg_tf.weights import open_weights

    torch.set_num_threads(os.cpu_count())
    network = torch_network(torch, open_weights(weights).build())
    network = network.to(memory_format=torch.channels_last_3d)
    dtype = getattr(torch, options.monai_precision)
    network = network.to(dtype)

    def call(side):
        volume = torch.randn(1, 1, *(side,) * 3, dtype=dtype)
        with torch.inference_mode():
            sliding_window_inference(volume, (options.block,) * 3, 1, network, overlap=OVERLAP)

    step = int(options.block * (1 - OVERLAP))
    found = _timed(call, options.block + step * (options.windows - 1), options.block)
    windows = np.prod(
        [1 - (options.block - max(side, options.block)) // step for side in options.shape]
    )
    seconds = found["seconds"] * windows / options.windows**3
    return {"voxels": np.prod(options.shape), "seconds": seconds}


def time_openvino(scan, target, weights, options):
    """Time OpenVINO on an exact tile in memory, the largest that a plan for our engine allows."""
    os.environ["KERAS_BACKEND"] = "torch"
    import openvino
    import torch

    from tomoseg_tf.prediction.geometry import needed_boxes
    from tomoseg_tf.prediction.graph import inference_graph
    from tomoseg_tf.prediction.plan import make_plan
    from tomoseg_tf.weights import open_weights

    model = open_weights(weights).build()
    nodes, shape = inference_graph(model), options.shape
    roi = tuple((0, side) for side in shape)
    plan = make_plan(nodes, shape, roi=roi, max_memory=options.openvino_memory)
    _, boxes = list(plan.layers())[len(list(plan.layers())) // 2]
    box = boxes[len(boxes) // 2]
    sides = [-(-(high - low) // 8) * 8 for low, high in needed_boxes(nodes, box, plan.padded)[0]]
    made = openvino.convert_model(
        torch_network(torch, model), example_input=torch.zeros(1, 1, *sides)
    )
    hints = {"INFERENCE_PRECISION_HINT": options.openvino_precision}
    network = openvino.compile_model(made, "CPU", {**hints, "PERFORMANCE_HINT": "LATENCY"})
    tile = np.random.default_rng(0).standard_normal((1, 1, *sides)).astype("float32")
    network(tile)
    started = time.perf_counter()
    network(tile)
    seconds = time.perf_counter() - started
    return {"voxels": np.prod([high - low for low, high in box]), "seconds": seconds}


def torch_network(torch, model):
    """Build the published network in PyTorch from the weights of the Keras model."""
    from torch import nn

    def convolution(name, activation=True):
        layer = model.get_layer(name)
        kernel, bias = (
            np.array(variable.detach().cpu()) for variable in map(_value, layer.weights)
        )
        made = nn.Conv3d(kernel.shape[3], kernel.shape[4], kernel.shape[0], padding="same")
        made.weight.data = torch.from_numpy(kernel.transpose(4, 3, 0, 1, 2).copy())
        made.bias.data = torch.from_numpy(bias.copy())
        if not activation:
            return made
        norm = model.get_layer(name.replace("conv", "norm"))
        same = nn.BatchNorm3d(norm.gamma.shape[0], eps=norm.epsilon)
        for to, variable in (
            (same.weight, norm.gamma),
            (same.bias, norm.beta),
            (same.running_mean, norm.moving_mean),
            (same.running_var, norm.moving_variance),
        ):
            to.data = _value(variable).detach().cpu().clone()
        return nn.Sequential(made, same, nn.ReLU())

    def both(name):
        return nn.Sequential(convolution(f"{name}_conv0"), convolution(f"{name}_conv1"))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.analysis = nn.ModuleList(both(f"analysis{level}") for level in range(3))
            self.bottom = both("bottom")
            self.synthesis = nn.ModuleList(both(f"synthesis{level}") for level in range(3))
            self.head = convolution("head_conv", activation=False)

        def forward(self, x):
            shortcuts = []
            for step in self.analysis:
                shortcuts.append(step(x))
                x = nn.functional.max_pool3d(shortcuts[-1], 2)
            x = self.bottom(x)
            for level in (2, 1, 0):
                x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
                x = self.synthesis[level](torch.cat([shortcuts[level], x], 1))
            return torch.sigmoid(self.head(x))

    return Network().eval()


def _value(variable):
    """Tensor of a Keras variable on the PyTorch backend."""
    return variable.value


def _timed(call, side, first=None):
    """Seconds and voxels of a call on a cube, after one on a small one."""
    call(first or min(side, 32))
    started = time.perf_counter()
    call(side)
    return {"voxels": side**3, "seconds": time.perf_counter() - started}
