"""What a batch is computed on: the backend's own choice, or several devices."""

import contextlib

from tomoseg_tf.backend import find_gpus, load_keras, load_tensorflow

keras = load_keras()


def choose_devices(recipe, devices=None, validation_patches=None):
    """Choose what to train on, and check that the precision suits it.

    Parameters
    ----------
    recipe : Recipe
        Gives the precision and the batch size.
    devices : sequence of str, optional
        TensorFlow devices, such as ``["GPU:0", "GPU:1"]``; all GPUs by default.
    validation_patches : int, optional
        How many there are: each device must get one.

    Returns
    -------
    tuple of str
        Devices to spread a batch over; empty for the backend's own choice.

    Raises
    ------
    ValueError
        If float16 is asked for without a GPU, several devices without
        TensorFlow, or batches that they cannot share.
    """
    backend = keras.backend.backend()
    gpus = [name.upper() for name in find_gpus()]
    on_gpu = bool(gpus) if devices is None else all("GPU" in name.upper() for name in devices)
    if recipe.precision == "mixed_float16" and not on_gpu:
        raise ValueError(
            "precision is 'mixed_float16', which needs a GPU (a processor trains 9 times slower "
            "in it); use float32"
        )
    if devices is None:
        devices = gpus if backend == "tensorflow" and len(gpus) > 1 else ()
    if devices and backend != "tensorflow":
        raise ValueError(f"several devices need the TensorFlow backend, not {backend}")
    if devices and recipe.batches.batch_size % len(devices):
        raise ValueError(
            f"batches.batch_size is {recipe.batches.batch_size}, no multiple of the "
            f"{len(devices)} devices that share a batch"
        )
    if validation_patches is not None and validation_patches < len(devices):
        raise ValueError(
            f"the records have {validation_patches} validation patches, too few for the "
            f"{len(devices)} devices that share them"
        )
    return tuple(devices)


def distribution(devices):
    """Spread what is built inside over several devices.

    Parameters
    ----------
    devices : sequence of str
        As `choose_devices` gives them.

    Returns
    -------
    context manager
        The scope of a ``MirroredStrategy``, or one that does nothing.
    """
    if not devices:
        return contextlib.nullcontext()
    return load_tensorflow().distribute.MirroredStrategy(list(devices)).scope()
