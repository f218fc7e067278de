"""Speed and memory of the streamed prediction against what else could be done, in one run.

    python benchmarks/predict.py [--shape 256,1024,1024] [--block 160] [--repeats 3]

Writes a simulated-like TIFF of the shape and takes turns, each in a process of its own, whose
peak memory the system reports:

- stream: ``segment_file`` from file to file, as it is by default;
- tiles: the same in exact tiles that overlap, ``segment_file`` with ``tile``;
- graph: the inference graph called on one block in memory, batch normalisation folded in;
- plain: ``model.predict`` on such a block;
- monai: ``sliding_window_inference`` of MONAI in PyTorch with the same weights, on as many
  blocks as ``--windows`` along each axis.

Only the ratios of one round mean something on a machine that others use, too: the medians over
the rounds are printed. A rival that cannot be imported, or that does not fit into the memory, is
left out, and that is said.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RIVALS = "stream", "tiles", "graph", "plain", "monai"
OVERLAP = 0.25  # of the windows of MONAI


def write_scan(path, shape):
    """Write uint8 noise around the grey levels of a micropillar."""
    from tomoseg_tf.volume import create_volume

    rng = np.random.default_rng(0)
    with create_volume(path, shape, "uint8", spacing=(0.03,) * 3) as writer:
        for z in range(shape[0]):
            plane = rng.normal(170, 20, (1, *shape[1:]))
            writer.write(z, plane.clip(0, 255).astype("uint8"))


def save_weights(folder):
    """Save the published network with the weights it starts from."""
    from tomoseg_tf.models import unet_3d
    from tomoseg_tf.weights import WeightsConfig, class_entries
    from tomoseg_tf.weights import save_weights as save

    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    config = WeightsConfig(
        model="unet_3d", arguments=arguments, classes=class_entries(("background", "object"))
    )
    save(folder, unet_3d(**arguments), config, card="# Not fitted\n")


def time_stream(scan, target, weights, options):
    """Time `segment_file` from file to file."""
    from tomoseg_tf.prediction import segment_file

    summary = segment_file(
        scan, target, weights=weights, overwrite=True, max_memory=options.max_memory
    )
    return {"voxels": np.prod(options.shape), **{k: summary[k] for k in ("seconds", "overhead")}}


def time_tiles(scan, target, weights, options):
    """Time the same in tiles: read, normalise, compute and write, after the start-up."""
    from tomoseg_tf.prediction.executor import Output, predict_tiles
    from tomoseg_tf.prediction.networks import open_network
    from tomoseg_tf.prediction.plan import make_plan
    from tomoseg_tf.volume import create_volume, open_volume
    from tomoseg_tf.weights import open_weights

    started = time.perf_counter()
    fitted, volume = open_weights(weights), open_volume(scan)
    network = open_network(fitted.build())
    from tomoseg_tf.prediction.arrays import measured_intensity

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
    from tomoseg_tf.prediction.engine import Engine
    from tomoseg_tf.prediction.graph import inference_graph
    from tomoseg_tf.weights import open_weights

    engine = Engine(inference_graph(open_weights(weights).build()))

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
    """Time MONAI's sliding window in PyTorch, on windows in memory, after a small one."""
    import os

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
    return _timed(call, options.block + step * (options.windows - 1), options.block)


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


def peak():
    """Peak memory of this process in bytes (Linux; getrusage would count its parent's, too)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def run(rival, paths, arguments):
    """Run this script in a process of its own; give what it prints, or None if it fails."""
    command = [sys.executable, __file__, *arguments, "--rival", rival, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or [f"exit {result.returncode}"])[-1]
        print(f"{rival}: left out: {reason}")
        return None
    return json.loads(result.stdout.splitlines()[-1])


def main(options, arguments):
    """Take turns, and print what each does and the medians of the ratios."""
    rates, memory = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        paths = folder / "scan.tif", folder / "result.tif", folder / "weights"
        write_scan(paths[0], options.shape)
        save_weights(paths[2])
        for _ in range(options.repeats):
            for rival in options.rivals:
                found = run(rival, paths, arguments)
                paths[1].unlink(missing_ok=True)
                if found is None:
                    continue
                rates.setdefault(rival, []).append(found["voxels"] / found["seconds"] / 1e6)
                memory[rival] = max(memory.get(rival, 0), found["memory"] / 1e9)
                work = f", {found['overhead']:.3f} times the work" if "overhead" in found else ""
                print(
                    f"{rival}: {rates[rival][-1]:.3f} million voxels/s, "
                    f"{found['memory'] / 1e9:.2f} GB{work}",
                    flush=True,
                )
    for rival in rates:
        if rival != "stream" and "stream" in rates:
            pairs = zip(rates["stream"], rates[rival], strict=False)
            ratio = statistics.median(first / second for first, second in pairs)
            print(
                f"stream over {rival}: {ratio:.2f} times the speed, "
                f"{memory['stream'] / memory[rival]:.2f} times the memory"
            )


def parse(text):
    """Read sides such as 256,1024,1024."""
    return tuple(int(side) for side in text.split(","))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=parse, default=(256, 1024, 1024))
    parser.add_argument("--block", type=int, default=160, help="side of a block, and of a window")
    parser.add_argument("--windows", type=int, default=2, help="windows of MONAI along each axis")
    parser.add_argument("--monai-precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--max-memory", type=float, help="bytes; the default of each if left out")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--rivals", type=lambda text: text.split(","), default=RIVALS, help=",".join(RIVALS)
    )
    parser.add_argument("--rival", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rival:
        rival, *paths = options.rival
        found = globals()[f"time_{rival}"](*paths, options)
        found = {name: float(value) for name, value in found.items()}
        print(json.dumps({**found, "memory": peak()}))
    else:
        main(options, sys.argv[1:])
