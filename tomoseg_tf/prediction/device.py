"""Where a prediction runs, and in which number format."""

import contextlib
import re

from tomoseg_tf.backend import find_gpus, load_keras

PRECISIONS = ("float32", "bfloat16", "float16")


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
