"""The Keras backend, loaded late and quietly.

Importing TensorFlow takes seconds and writes a dozen lines of its own on
standard error. The modules that need Keras or TensorFlow load them here, so
that nothing else pays for them and nobody reads those lines.
"""

import contextlib
import gc
import importlib
import os
import sys
import tempfile
from functools import cache
from math import prod

import numpy as np

ALIGNED = 64  # bytes at multiples of which TensorFlow takes the memory of others


def load_keras():
    """Import Keras on the backend that ``KERAS_BACKEND`` names.

    Returns
    -------
    module
        Keras 3; its backend is TensorFlow unless the environment or
        ``keras.json`` says otherwise.

    Raises
    ------
    ValueError
        If that backend does not exist or is not installed.
    """
    return _load("keras")


def load_tensorflow():
    """Import TensorFlow, for ``tf.data`` pipelines and TFRecords.

    Returns
    -------
    module
        TensorFlow.
    """
    return _load("tensorflow")


def fuse(function, *signature):
    """Let TensorFlow join the steps of a function of tensors; other backends take each alone.

    Parameters
    ----------
    function : callable
        From tensors to a tensor.
    *signature : (tuple, str)
        Shape and type of each tensor; None for sides that change from call to call.

    Returns
    -------
    callable
        The same function.
    """
    if load_keras().backend.backend() != "tensorflow":
        return function
    tensorflow = load_tensorflow()

    @cache
    def traced():  # when it is first called
        specs = [tensorflow.TensorSpec(*each) for each in signature]
        joined = tensorflow.function(function, input_signature=specs, autograph=False)
        return joined.get_concrete_function()

    return lambda *tensors: traced()(*tensors)


def aligned_array(shape, dtype):
    """Make an array that `as_tensor` need not copy.

    Parameters
    ----------
    shape : tuple of int
        Its sides.
    dtype : dtype
        Its type.

    Returns
    -------
    ndarray
        Whose values are not set.
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    memory = np.empty(size + ALIGNED, np.uint8)
    first = -memory.ctypes.data % ALIGNED
    return memory[first : first + size].view(dtype).reshape(shape)


def as_tensor(array):
    """Turn an array into a tensor on the processor.

    Parameters
    ----------
    array : ndarray
        From `aligned_array`; not to be changed any more, as the tensor may share its memory.

    Returns
    -------
    tensor
    """
    keras = load_keras()
    half = array.dtype == "bfloat16"
    if keras.backend.backend() == "tensorflow":
        tensorflow = load_tensorflow()
        bits = array.view(np.uint16) if half else array
        tensor = tensorflow.experimental.dlpack.from_dlpack(bits.__dlpack__())
        return tensorflow.bitcast(tensor, tensorflow.bfloat16) if half else tensor
    if keras.backend.backend() == "torch":
        torch = importlib.import_module("torch")
        bits = torch.from_numpy(array.view(np.int16) if half else array)
        return bits.view(torch.bfloat16) if half else bits
    return keras.ops.convert_to_tensor(array)


def as_array(tensor):
    """Turn a tensor on the processor into an array, which shares its memory where it can.

    Parameters
    ----------
    tensor : tensor or ndarray
        Of any number format.

    Returns
    -------
    ndarray
        Not to be changed; the values of its last axis lie beside one another.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    if load_keras().backend.backend() == "torch":
        torch = importlib.import_module("torch")
        tensor = tensor.contiguous()  # a convolution of PyTorch gives its channels far apart
        if tensor.dtype == torch.bfloat16:
            return tensor.view(torch.int16).numpy().view("bfloat16")
        return tensor.numpy()
    return np.asarray(tensor)


def find_gpus():
    """Name the GPUs that the backend of Keras sees.

    Returns
    -------
    list of str
        Such as ``["gpu:0", "gpu:1"]``; empty on a machine without.
    """
    keras = load_keras()
    if keras.backend.backend() == "torch":  # Keras cannot list the devices of PyTorch
        count = importlib.import_module("torch").cuda.device_count()
    else:
        try:
            with quiet_stderr():  # native code reports what it does not find
                count = len(keras.distribution.list_devices("gpu"))
        except RuntimeError:  # JAX knows no devices of a kind that is not there
            count = 0
    return [f"gpu:{index}" for index in range(count)]


class OutOfMemoryError(ValueError):
    """The memory of the device, or of the machine, was not enough."""


class EnoughMemory:
    """A context that says in one line that the memory was not enough, on any backend.

    Parameters
    ----------
    message : str
        What did not fit, and what to do; the text of the `OutOfMemoryError` that is raised.
    """

    def __init__(self, message):
        self.message = message

    def __enter__(self):
        """Enter; nothing is done."""

    def __exit__(self, kind, error, trace):
        """Turn the backend's error, if it is one of memory, into an `OutOfMemoryError`."""
        if error is not None and _is_out_of_memory(error):
            raise OutOfMemoryError(self.message) from None


def _is_out_of_memory(error):
    """Tell by its type or text, as the types of other backends cannot be imported here."""
    if isinstance(error, MemoryError):
        return True
    if type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError"):  # TensorFlow, torch
        return True
    told = ("RESOURCE_EXHAUSTED", "can't allocate memory", "bad_alloc")  # JAX, torch, any native
    return isinstance(error, RuntimeError) and any(text in str(error) for text in told)


def _load(name):
    if name in sys.modules:
        return sys.modules[name]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet_stderr(), _without_collection():
            return importlib.import_module(name)
    except (ImportError, ValueError) as error:  # Keras raises the latter for a name it lacks
        chosen = os.environ.get("KERAS_BACKEND", "of keras.json, or tensorflow")
        raise ValueError(
            f"{name} cannot be loaded: {error}; install what is missing, or set KERAS_BACKEND "
            f"(now {chosen}) to an installed backend"
        ) from error


@contextlib.contextmanager
def _without_collection():
    """Look for no garbage: TensorFlow's thousands of modules load in two thirds of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def quiet_stderr():
    """Hold back what native code writes on file descriptor 2; replay it on failure."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
