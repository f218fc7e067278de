"""Where a prediction runs, and in which number format."""

import contextlib
import os
import re

from tomoseg_tf.backend import find_gpus, load_keras

PRECISIONS = ("float32", "bfloat16", "float16")
PROCESSOR = "/proc/cpuinfo"  # on Linux
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # its instructions, as named there
AVX512 = "avx512f"
LANES = 16  # of its vectors: values in which products are added up
FEW_CHANNELS = 16  # with no more, slices beside one another cost less than they save elsewhere


def choose_precision(precision, device="auto"):
    """Choose the number format that is fast on a device and safe.

    Parameters
    ----------
    precision : str
        One of `PRECISIONS`, which is taken, or "auto": bfloat16 on a processor that has
        instructions for it, which halves the tensors; else float32, which is at least as fast
        there. GPUs multiply float32 by their tensor cores where these can (TF32).
    device : str
        As for `find_device`.

    Returns
    -------
    str
        One of `PRECISIONS`.
    """
    if precision != "auto":
        return precision
    on_gpu = device.startswith("gpu") or (device == "auto" and find_gpus())
    return "bfloat16" if not on_gpu and has_bfloat16() else "float32"


def has_bfloat16():
    """Tell whether the processor multiplies bfloat16, and the backend makes use of it."""
    return load_keras().backend.backend() != "jax" and not BFLOAT16.isdisjoint(_instructions())


def find_kernels(device):
    """Choose how a stream computes convolutions of few channels.

    Parameters
    ----------
    device : str
        As for `find_device`.

    Returns
    -------
    dict
        ``stacked`` and ``lanes`` for `tomoseg_tf.prediction.streaming.plan_stream`: on processors
        with AVX-512, whose convolutions of volumes are as fast as others, none is stacked, but
        vectors are filled.
    """
    native = load_keras().backend.backend() != "jax" and AVX512 in _instructions()
    if native and on_processor(find_device(device, "float32")):
        return {"stacked": 0, "lanes": LANES}
    return {"stacked": FEW_CHANNELS, "lanes": 1}


def _instructions():
    """Names of the processor's sets of instructions; none where they cannot be read."""
    if not os.path.exists(PROCESSOR):
        return []
    with open(PROCESSOR, encoding="utf-8", errors="replace") as file:
        return next((line for line in file if line.startswith("flags")), "").split()


def value_bytes(precision):
    """Bytes per value inside the network."""
    return 4 if precision == "float32" else 2


def find_device(device, precision):
    """Check a device and a precision, and name the device for Keras.

    Parameters
    ----------
    device : str
        "auto" for the backend's choice, "cpu", "gpu" or "gpu:N".
    precision : str
        One of `PRECISIONS`.

    Returns
    -------
    str or None
        Such as "cpu:0"; None for the backend's choice.

    Raises
    ------
    ValueError
        If the precision is unknown, the device is not there, or float16 is
        asked of a processor.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    gpus = find_gpus()
    wanted = {"auto": None, "cpu": "cpu:0", "gpu": "gpu:0"}.get(device, device)
    if wanted is not None and not re.fullmatch(r"(cpu:0|gpu:\d+)", wanted):
        raise ValueError(f"device must be auto, cpu, gpu or gpu:N, got {device!r}")
    if wanted is not None and wanted.startswith("gpu") and int(wanted[4:]) >= len(gpus):
        raise ValueError(f"no device {wanted} here, {len(gpus)} GPUs found; use --device cpu")
    if precision == "float16" and (wanted == "cpu:0" or not gpus):
        raise ValueError("float16 is for GPUs; on a processor use float32 or bfloat16")
    return wanted


def place(device):
    """Make a context in which Keras computes on a device.

    Parameters
    ----------
    device : str or None
        As `find_device` names it.

    Returns
    -------
    context manager
    """
    return load_keras().device(device) if device else contextlib.nullcontext()


def on_processor(device):
    """Tell whether a device is a processor rather than a GPU.

    Parameters
    ----------
    device : str or None
        As `find_device` names it.

    Returns
    -------
    bool
    """
    return device == "cpu:0" or (device is None and not find_gpus())
