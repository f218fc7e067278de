"""The README.md beside an exported graph: how it is called, for people and for machines."""

import json

from tomoseg_tf.export.graph import CLASSES, GREY, OFFSET, PROBABILITIES, SCALE

_STATISTICS = {
    "zscore": ("the mean", "the standard deviation of the population"),
    "robust": ("the mean of both quartiles", "(third quartile - first quartile) / 1.34898"),
    "minmax": ("the minimum", "(maximum - minimum){over_top}"),
    "percentile": (
        "percentile {low:g}",
        "(percentile {high:g} - percentile {low:g}){over_top}",
    ),
}
_CALLS = {
    "savedmodel": """import tensorflow as tf

serve = tf.saved_model.load("{name}").serve
found = serve({values})
probabilities, classes = found["probabilities"].numpy(), found["classes"].numpy()""",
    "onnx": """import onnxruntime

session = onnxruntime.InferenceSession("{name}")
outputs = ["probabilities", "classes"]
probabilities, classes = session.run(outputs, {pairs})""",
    "openvino": """import openvino

settings = {{"INFERENCE_PRECISION_HINT": "f32"}}  # else bfloat16 on some processors
model = openvino.Core().compile_model("{name}", "CPU", settings)
found = model({pairs})
probabilities, classes = found["probabilities"], found["classes"]""",
}


def explain(fitted, graph, chosen, name, defaults, difference):
    """Explain an exported graph.

    Parameters
    ----------
    fitted : tomoseg_tf.weights.Weights
        What was exported.
    graph : Graph
        As what.
    chosen : Format
        The format.
    name : str
        Of the file or folder.
    defaults : dict of str to (1,) ndarray
        Offset and scale of the training scan, if they are known.
    difference : float
        The largest from Keras.

    Returns
    -------
    str
        Markdown, which ends with the same as JSON.
    """
    config = fitted.config
    parts = [
        f"# {name}",
        f"`{fitted.name}` (`{config.model}`) as {chosen.title}: from grey levels as they are "
        f"stored to probabilities and classes. The largest difference from Keras was "
        f"{difference:.2g}.",
        "## Inputs",
        _inputs(config, graph, defaults),
        "## Outputs",
        _outputs(config, graph),
        "## A call",
        _call(graph, chosen, name),
        "## For machines",
        f"```json\n{_facts(fitted, graph, defaults)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _inputs(config, graph, defaults):
    volumes = len(graph.step) == 3
    lines = [
        f"- `{GREY}`, float32, {_shape(graph)}: {'volumes' if volumes else 'slices'} with the grey "
        f"levels as they are stored, cast to float32. {_sides(graph)}"
    ]
    if config.normalisation.method != "none":
        lines += _numbers(config.normalisation, defaults)
    if config.normalisation.outside == "left_out":
        lines.append(
            f"- Outside the sample, give `{GREY}` the value of `{OFFSET}`, leave these voxels out "
            "of the statistics, and take them for background."
        )
    if config.filters:
        lines.append(
            f"- The filters {', '.join(config.filters)} are not part of the graph: the scan must "
            "have gone through them before (`tomoseg-tf filter`)."
        )
    if config.spacing:
        spacing = ", ".join(f"{side:g}" for side in config.spacing)
        lines.append(f"- Voxels (z, y, x) of the training scans: {spacing} µm.")
    return "\n".join(lines)


def _numbers(normalisation, defaults):
    values = {"low": normalisation.low, "high": normalisation.high}
    values["over_top"] = "" if normalisation.top == 1 else f" / {normalisation.top:g}"
    offset, scale = (text.format(**values) for text in _STATISTICS[normalisation.method])
    clipped = (
        f", clipped to 0 to {normalisation.top:g}" if normalisation.method == "percentile" else ""
    )
    lines = [
        f"- `{OFFSET}` and `{SCALE}`, float32, (1,): the network sees ({GREY} - {OFFSET}) / "
        f"{SCALE}{clipped}. Offset is {offset} and scale is {scale} of the whole scan, not of the "
        "tile that is given, so that the result does not depend on the tiles. A scale of 0 gives "
        "zeros."
    ]
    if defaults:
        numbers = f"{defaults[OFFSET][0]:.9g} and {defaults[SCALE][0]:.9g}"
        lines.append(
            f"- Those of the training scan are {numbers}: for a scan with the same grey levels."
        )
    return lines


def _sides(graph):
    if graph.sides:
        return f"The sides must be {' x '.join(map(str, graph.sides))}."
    step, least = (" x ".join(map(str, values)) for values in (graph.step, graph.smallest))
    return (
        f"The sides are multiples of {step}, and at least {least}: pad at the high ends with the "
        f"value of `{OFFSET}`, or 0 without one, and crop the result. Tiles need an overlap, as "
        "their borders are seen as the ends of the scan."
    )


def _shape(graph):
    return "(B, Z, Y, X)" if len(graph.step) == 3 else "(B, Y, X)"


def _outputs(config, graph):
    shape, names = (
        _shape(graph),
        ", ".join(f"{index} {name}" for index, name in enumerate(config.class_names)),
    )
    channels = 1 if config.binary else len(config.classes)
    rule = (
        f"1 where the probability is above {config.threshold:g}"
        if config.binary
        else "the class of the largest probability"
    )
    return (
        f"- `{PROBABILITIES}`, float32, {shape[:-1]}, {channels}): "
        f"{'that of ' + config.class_names[1] if config.binary else 'one channel per class'}.\n"
        f"- `{CLASSES}`, uint8, {shape}: {rule}. {names}."
    )


def _call(graph, chosen, name):
    names = graph.input_names
    pairs = "{" + ", ".join(f'"{each}": {each}' for each in names) + "}"
    code = _CALLS[chosen.name].format(name=name, values=", ".join(names), pairs=pairs)
    return f"```python\n{code}\n```"


def _facts(fitted, graph, defaults):
    config = fitted.config
    facts = {
        "weights": fitted.name,
        "arrays_sha256": fitted.hashes["model.weights.h5"],
        "inputs": graph.input_names,
        "axes": _shape(graph),
        "sides": graph.sides,
        "multiples": list(graph.step),
        "smallest": list(graph.smallest),
        "normalisation": config.normalisation.to_dict(),
        "training_scan": {key: float(value[0]) for key, value in defaults.items()},
        "filters": list(config.filters),
        "classes": list(config.class_names),
        "threshold": config.threshold,
        "spacing": None if config.spacing is None else list(config.spacing),
    }
    return json.dumps(facts, indent=2, ensure_ascii=False)
