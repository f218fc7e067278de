"""The formats: how a graph is written in each, and how it is run again to be checked."""

import importlib
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tomoseg_tf.backend import load_keras, quiet_stderr
from tomoseg_tf.export.graph import CLASSES, PROBABILITIES


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes
    ----------
    name : str
        What the command line calls it.
    title : str
        What people call it.
    suffix : str
        Of the file; "" for a folder.
    packages : tuple of str
        What must be installed to write it and to run it for the check.
    write : callable
        ``write(graph, path)``, in a folder that is empty.
    open : callable
        ``open(path)`` gives a function from a dict of input arrays to one of output arrays.
    """

    name: str
    title: str
    suffix: str
    packages: tuple
    write: Any
    open: Any

    def check_packages(self):
        """Refuse to begin where a package is missing, or TensorFlow is not the backend."""
        backend = load_keras().backend.backend()
        if backend != "tensorflow":
            raise ValueError(
                f"export is done by TensorFlow, but KERAS_BACKEND is {backend}; set it to "
                "tensorflow for this command"
            )
        for name in self.packages:
            try:
                with _quietly():
                    importlib.import_module(name)
            except ImportError as error:
                raise ValueError(
                    f"{self.title} needs the package {name} ({error}); install "
                    "tomoseg-tf[export], or pip install "
                    f"{name}"
                ) from None


def find_format(path, name=None):
    """Choose the format of an export.

    Parameters
    ----------
    path : path
        Where it goes.
    name : str, optional
        Of the format; by the suffix if None: .onnx is ONNX, .xml OpenVINO, none a SavedModel.

    Returns
    -------
    Format

    Raises
    ------
    ValueError
        If the suffix says nothing, or something else.
    """
    suffix = Path(path).suffix.lower()
    found = {item.suffix: item.name for item in FORMATS.values()}.get(suffix)
    if name is None and found is None:
        raise ValueError(
            f"{path}: no format has the suffix {suffix}; name a .onnx or .xml file, or a folder "
            "without suffix for a SavedModel"
        )
    chosen = FORMATS[name or found]
    if chosen.suffix != suffix and (chosen.suffix or found):
        wanted = f"must end in {chosen.suffix}" if chosen.suffix else "is a folder without suffix"
        raise ValueError(f"{path}: {chosen.title} {wanted}")
    return chosen


def _write_saved_model(graph, path):
    with _quietly():
        graph.model.export(str(path), format="tf_saved_model", verbose=False)


def _open_saved_model(path):
    with _quietly():
        layer = load_keras().layers.TFSMLayer(str(path), call_endpoint="serve")

    def run(inputs):
        found = layer(list(inputs.values()))
        return {name: found[name].numpy() for name in (PROBABILITIES, CLASSES)}

    return run


def _write_onnx(graph, path):
    import onnx

    with _quietly():
        keras, inputs = load_keras(), graph.model.inputs
        specs = [keras.InputSpec(shape=x.shape, dtype=x.dtype, name=x.name) for x in inputs]
        graph.model.export(str(path), format="onnx", verbose=False, input_signature=[specs])
    model = onnx.load(path)
    integers = onnx.TensorProto.UINT8
    names = {
        value.name: CLASSES if value.type.tensor_type.elem_type == integers else PROBABILITIES
        for value in model.graph.output
    }
    for node in model.graph.node:
        for names_of in (node.input, node.output):
            names_of[:] = [names.get(name, name) for name in names_of]
    for value in model.graph.output:
        value.name = names[value.name]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _open_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: dict(
        zip((PROBABILITIES, CLASSES), session.run([PROBABILITIES, CLASSES], inputs), strict=True)
    )


def _write_openvino(graph, path):
    import openvino

    raw = Path(path).with_name(f"raw-{Path(path).name}")
    with _quietly():
        graph.model.export(str(raw), format="openvino", verbose=False)
    model = openvino.Core().read_model(raw)
    for output in model.outputs:
        name = CLASSES if output.get_element_type() == openvino.Type.u8 else PROBABILITIES
        output.get_tensor().set_names({name})
    openvino.save_model(model, path, compress_to_fp16=False)
    del model
    for leftover in (raw, raw.with_suffix(".bin")):
        leftover.unlink()


def _open_openvino(path):
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": "f32"}  # some processors would take bfloat16
    compiled = openvino.Core().compile_model(path, "CPU", settings)

    def run(inputs):
        found = compiled(inputs)
        return {name: found[name].copy() for name in (PROBABILITIES, CLASSES)}

    return run


@contextmanager
def _quietly():
    """Hold back what the converters print, warn of and log, unless they fail."""
    with warnings.catch_warnings(), quiet_stderr():
        warnings.simplefilter("ignore")
        yield


FORMATS = {
    item.name: item
    for item in (
        Format("savedmodel", "a SavedModel", "", (), _write_saved_model, _open_saved_model),
        Format(
            "onnx", "ONNX", ".onnx", ("onnx", "onnxruntime", "tf2onnx"), _write_onnx, _open_onnx
        ),
        Format("openvino", "OpenVINO", ".xml", ("openvino",), _write_openvino, _open_openvino),
    )
}
