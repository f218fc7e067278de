"""What `predict.py` times: our own ways to predict, and the others'; each in its own process."""

import os
import time
from pathlib import Path

import numpy as np

OVERLAP = 0.25  # of the windows of MONAI
EPSILON = 1e-3  # of the batch normalisation of Keras
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


def time_prepare(scan, target, weights, options):
    """Save the same network as the others read it, which is nobody's time."""
    from tomoseg_tf.weights import open_weights

    model = open_weights(weights).build()
    values = {weight.path: np.array(weight) for layer in model.layers for weight in layer.weights}
    np.savez(Path(scan).with_name("network.npz"), **values)
    if "openvino" in options.rivals:
        import openvino
        import torch

        example = torch.zeros(1, 1, 32, 32, 32)
        made = openvino.convert_model(torch_network(torch, values), example_input=example)
        openvino.save_model(made, Path(scan).with_name("network.xml"), compress_to_fp16=False)
    return {"voxels": 0, "seconds": 1}


def time_monai(scan, target, weights, options):
    """Time MONAI's sliding window in PyTorch from file to file, the volume in memory."""
    started = time.perf_counter()
    import torch
    from monai.inferers import sliding_window_inference

    torch.set_num_threads(os.cpu_count())
    network = torch_network(torch, np.load(Path(scan).with_name("network.npz")))
    dtype = getattr(torch, options.monai_precision)
    network = network.to(dtype, memory_format=torch.channels_last_3d)
    volume = torch.from_numpy(_normalised(scan)[None, None]).to(dtype)
    with torch.inference_mode():
        found = sliding_window_inference(volume, (options.block,) * 3, 1, network, overlap=OVERLAP)
        segmentation = (found[0, 0] > 0.5).numpy()
    _write(target, segmentation)
    return {"voxels": segmentation.size, "seconds": time.perf_counter() - started}


def time_openvino(scan, target, weights, options):
    """Time OpenVINO from file to file on exact tiles, as large as a plan for our engine allows.

    All tiles have the sides of the largest, so that it is compiled once; those at the ends of
    the volume see more of the inside instead.
    """
    from tomoseg_tf.prediction.geometry import needed_boxes
    from tomoseg_tf.prediction.graph import inference_graph
    from tomoseg_tf.prediction.plan import make_plan
    from tomoseg_tf.weights import open_weights

    nodes, shape = inference_graph(open_weights(weights).build()), options.shape
    roi = tuple((0, side) for side in shape)
    plan = make_plan(nodes, shape, roi=roi, max_memory=options.openvino_memory)
    boxes = [box for _, layer in plan.layers() for box in layer]
    tiles = [needed_boxes(nodes, box, plan.padded)[0] for box in boxes]
    sides = [
        min(side, max(-(-(high - low // 8 * 8) // 8) * 8 for low, high in ranges))
        for side, ranges in zip(shape, zip(*tiles, strict=True), strict=True)
    ]
    started = time.perf_counter()
    import openvino

    made = openvino.Core().read_model(Path(scan).with_name("network.xml"))
    made.reshape([1, 1, *sides])
    hints = {"INFERENCE_PRECISION_HINT": options.openvino_precision}
    network = openvino.compile_model(made, "CPU", {**hints, "PERFORMANCE_HINT": "LATENCY"})
    volume = _normalised(scan)
    segmentation = np.empty(shape, np.uint8)
    for box, tile in zip(boxes, tiles, strict=True):
        starts = [
            min(low // 8 * 8, whole - side)
            for (low, _), side, whole in zip(tile, sides, shape, strict=True)
        ]
        cuts = tuple(slice(low, low + side) for low, side in zip(starts, sides, strict=True))
        (found,) = network(np.ascontiguousarray(volume[cuts][None, None])).values()
        inside = tuple(
            slice(low - start, high - start) for (low, high), start in zip(box, starts, strict=True)
        )
        segmentation[tuple(slice(*each) for each in box)] = found[0, 0][inside] > 0.5
    _write(target, segmentation)
    return {"voxels": segmentation.size, "seconds": time.perf_counter() - started}


def _normalised(scan):
    """Read a scan into memory, with mean 0 and standard deviation 1."""
    import tifffile

    volume = tifffile.imread(scan).astype(np.float32)
    volume -= volume.mean()
    volume /= volume.std()
    return volume


def _write(target, segmentation):
    """Write a segmentation."""
    import tifffile

    tifffile.imwrite(target, segmentation.astype(np.uint8))


def torch_network(torch, values):
    """Build the published network in PyTorch from the weights of the Keras model, by path."""
    from torch import nn

    def convolution(name, activation=True):
        kernel, bias = values[f"{name}/kernel"], values[f"{name}/bias"]
        made = nn.Conv3d(kernel.shape[3], kernel.shape[4], kernel.shape[0], padding="same")
        made.weight.data = torch.from_numpy(kernel.transpose(4, 3, 0, 1, 2).copy())
        made.bias.data = torch.from_numpy(bias.copy())
        if not activation:
            return made
        same = nn.BatchNorm3d(kernel.shape[4], eps=EPSILON)
        for to, kind in (
            (same.weight, "gamma"),
            (same.bias, "beta"),
            (same.running_mean, "moving_mean"),
            (same.running_var, "moving_variance"),
        ):
            to.data = torch.from_numpy(values[f"{name.replace('conv', 'norm')}/{kind}"].copy())
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


def _timed(call, side, first=None):
    """Seconds and voxels of a call on a cube, after one on a small one."""
    call(first or min(side, 32))
    started = time.perf_counter()
    call(side)
    return {"voxels": side**3, "seconds": time.perf_counter() - started}
