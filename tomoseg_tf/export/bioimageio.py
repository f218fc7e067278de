"""Weights as a model of bioimage.io: the network as ONNX, described so that other programs run it.

The format is that of https://bioimage.io, version 0.5 of its model description.
"""

import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from tomoseg_tf.backend import load_keras
from tomoseg_tf.evaluation.held_out import DENDRITES, MICROPILLAR
from tomoseg_tf.export.bioimageio_description import (
    EPSILON,
    check_possible,
    describe,
    describe_texts,
)
from tomoseg_tf.export.formats import FORMATS
from tomoseg_tf.export.graph import GREY, make_graph
from tomoseg_tf.phantom import Dendrites, Micropillar
from tomoseg_tf.prediction import to_segmentation
from tomoseg_tf.prediction.geometry import needed_boxes
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.volume import as_volume, check_destination, staged_file
from tomoseg_tf.volume.normalisation import NORMAL_QUARTILES
from tomoseg_tf.weights import open_weights
from tomoseg_tf.weights.archive import DAY
from tomoseg_tf.weights.picture import without_picture

TOLERANCE = 1e-4
SIMULATED = {MICROPILLAR: Micropillar, DENDRITES: Dendrites}
COVER = 360  # pixels of a side of each of its two squares
SLICE = 256  # pixels of a side of a test image at most


def export_bioimageio(
    weights, path, *, authors, citations=(), licence=None, name=None, overwrite=False
):
    """Export weights as a model of bioimage.io, and check it by running it.

    Parameters
    ----------
    weights : str or path
        Weights folder, or whatever else `tomoseg_tf.weights.find_weights` takes.
    path : path
        The archive, ``.zip``.
    authors : sequence of str
        Who fitted the weights, each as ``NAME`` or ``NAME, AFFILIATION``.
    citations : sequence of str, optional
        Publications as ``TEXT|DOI``, before that of the network.
    licence : str, optional
        Its SPDX identifier; by default the one that the weights state.
    name : str, optional
        Title; by default the name of the weights.
    overwrite : bool
        Replace an existing archive.

    Returns
    -------
    dict
        ``path``, ``bytes``, ``difference`` (the largest between a probability of ONNX and one of
        Keras) and ``shape`` of the test input.

    Raises
    ------
    ValueError
        If the weights cannot be opened or cannot be described so, a package is missing, the output
        exists, or ONNX differs from Keras by more than 1e-4.
    """
    path = Path(path)
    if path.suffix.lower() != ".zip":
        raise ValueError(f"{path}: name an archive that ends in .zip")
    check_destination(path, overwrite)
    fitted = open_weights(weights)
    check_possible(fitted.config)
    said = {"authors": authors, "citations": citations, "licence": licence, "name": name}
    texts = describe_texts(fitted, **said)
    FORMATS["onnx"].check_packages()
    files, difference, shape = _make(fitted, path, texts)
    with staged_file(path, overwrite=overwrite) as partial:
        _write_archive(partial, files)
    size = path.stat().st_size
    return {"path": str(path), "bytes": size, "difference": difference, "shape": list(shape)}


def _make(fitted, path, texts):
    """Make the files of the archive; return also the difference from Keras and the shape tried."""
    graph = _channels_last(fitted, make_graph(fitted))
    halo = _halo(graph, fitted.config.axes)
    smallest = _smallest(graph, halo)
    sides = {"smallest": smallest, "step": graph.step, "fixed": graph.sides, "halo": halo}
    grey = _test_input(fitted, graph, smallest)
    normalised = _normalised(fitted.config.normalisation, grey)
    expected = np.asarray(graph.model.predict_on_batch(normalised), np.float32)
    content, found, opset = _as_onnx(graph, normalised)
    difference = float(abs(found - expected).max())
    if not difference <= TOLERANCE:
        raise ValueError(
            f"{path}: ONNX differs from Keras by {difference:.2g}, more than {TOLERANCE:g}; "
            "nothing was written"
        )
    description = describe(fitted, texts, sides=sides, opset=opset)
    files = {
        "rdf.yaml": yaml.safe_dump(description, sort_keys=False, allow_unicode=True).encode(),
        "weights.onnx": content,
        "test_input.npy": _npy(grey),
        "test_output.npy": _npy(expected),
        "cover.png": _cover(fitted.config, grey, expected),
        "README.md": _documentation(fitted).encode(),
        "config.json": fitted.config.to_json().encode(),
    }
    return files, difference, grey.shape


def _channels_last(fitted, graph):
    """Graph from normalised grey (B, Z, Y, X, 1) or (B, Y, X, 1) to probabilities."""
    keras = load_keras()
    ops, rank, channels = keras.ops, len(graph.step), graph.network.input_shape[-1]
    turned = (0, 3, 2, 1, 4) if fitted.config.axes == "XYZ" else None
    grey = keras.Input((*(graph.sides or (None,) * rank), 1), name=GREY)
    x = grey if turned is None else ops.transpose(grey, turned)
    found = graph.network(x if channels == 1 else ops.concatenate([x] * channels, axis=-1))
    if turned is not None:
        found = ops.transpose(found, turned)
    return replace(graph, model=keras.Model(grey, found))


def _halo(graph, axes):
    """Voxels at each border that depend on what is beyond, per axis; 0 for slices."""
    if len(graph.step) == 2:
        return 0, 0
    nodes = inference_graph(graph.network)
    far = tuple(1024 * step for step in graph.step)
    steps = graph.step[::-1] if axes == "XYZ" else graph.step
    box = tuple((start, start + step) for start, step in zip(far, steps, strict=True))
    (needed, *_) = needed_boxes(nodes, box, tuple(2 * side for side in far))
    halo = tuple(
        max(start - low, high - stop)
        for (start, stop), (low, high) in zip(box, needed, strict=True)
    )
    return halo[::-1] if axes == "XYZ" else halo


def _smallest(graph, halo):
    """Shortest sides that leave something within the halo."""
    return tuple(
        max(least, -(-(2 * rim + 1) // step) * step)
        for least, rim, step in zip(graph.smallest, halo, graph.step, strict=True)
    )


def _test_input(fitted, graph, smallest):
    """Cut a test input (1, [Z,] Y, X, 1) from a scan that was not trained on, else make noise."""
    rank = len(graph.step)
    scan = _scan(fitted, smallest if rank == 3 else (1, *smallest))
    sides = graph.sides
    if sides is None:
        limits = scan.shape[-rank:] if rank == 3 else [min(SLICE, side) for side in scan.shape[1:]]
        sides = [
            max(least, limit // step * step) if rank == 2 else least
            for least, limit, step in zip(smallest, limits, graph.step, strict=True)
        ]
        spacing = fitted.config.spacing or ()
        sides = [
            _unrounded(side, step, spacing) for side, step in zip(sides, graph.step, strict=True)
        ]
    shape = tuple(sides) if rank == 3 else (1, *sides)
    pads = [(0, max(0, side - have)) for side, have in zip(shape, scan.shape, strict=True)]
    scan = np.pad(scan, pads, mode="symmetric")
    starts = [(have - side) // 2 for side, have in zip(shape, scan.shape, strict=True)]
    box = tuple(slice(start, start + side) for start, side in zip(starts, shape, strict=True))
    cut = np.ascontiguousarray(scan[box], np.float32)
    return cut[None, ..., None] if rank == 3 else cut[..., None]


def _unrounded(side, step, spacing):
    """Lengthen a side until it stays itself in µm and back, as the validator wants it to."""
    while any(side * size / size != side for size in spacing):
        side += step
    return side


def _scan(fitted, shape):
    """Grey levels (Z, Y, X) that the weights are for."""
    if fitted.held_out is not None:
        held_out = as_volume(fitted.held_out[0])
        return held_out.read(0, held_out.shape[0])
    for row in fitted.config.scores:
        if row.get("data") in SIMULATED:
            whole = tuple(max(side, 64) for side in shape)
            return SIMULATED[row["data"]](whole, row["seed"]).slab(0, whole[0])[0]
    intensity = fitted.config.intensity
    mean, std = (128.0, 40.0) if intensity is None else (intensity.mean, intensity.std)
    rng = np.random.default_rng(0)
    blocks = rng.standard_normal([-(-side // 4) for side in shape])
    for axis in range(3):
        blocks = blocks.repeat(4, axis)
    return mean + std * (blocks[tuple(map(slice, shape))] + 0.3 * rng.standard_normal(shape))


def _normalised(normalisation, grey):
    """Normalise as the description tells other programs to."""
    method = normalisation.method
    if method == "none":
        return grey
    if method == "zscore":
        return ((grey - grey.mean()) / (grey.std() + EPSILON)).astype(np.float32)
    low, high = np.percentile(grey, normalisation.percentiles or (0, 100))
    x = (grey - low) / (high - low + EPSILON)
    if method == "robust":
        return (NORMAL_QUARTILES * (x - 0.5)).astype(np.float32)
    x = np.clip(x, 0, 1) if method == "percentile" else x
    return (normalisation.top * x).astype(np.float32)


def _as_onnx(graph, normalised):
    """Write and run the graph; return the file, what it gives, and its version of operators."""
    import onnx
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.onnx"
        FORMATS["onnx"].write(graph, path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {session.get_inputs()[0].name: normalised})
        versions = [each.version for each in onnx.load(path).opset_import if each.domain == ""]
        return path.read_bytes(), found, versions[0]


def _npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _cover(config, grey, probabilities):
    """Draw the middle slice of the test input beside its classes, each a square."""
    classes = to_segmentation(probabilities[0], config.threshold)
    plane, found = grey[0, ..., 0], classes
    if plane.ndim == 3:
        plane, found = plane[len(plane) // 2], found[len(found) // 2]
    low, high = np.percentile(plane, (1, 99))
    shown = np.clip((plane - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    colours = [tuple(bytes.fromhex(entry.colour[1:])) for entry in config.classes]
    painted = np.array(colours, np.uint8)[found]
    cover = Image.new("RGB", (2 * COVER, COVER), "white")
    for place, image in enumerate((Image.fromarray(shown), Image.fromarray(painted))):
        side = min(image.size)
        square = image.crop((0, 0, side, side)).convert("RGB")
        how = Image.Resampling.NEAREST if place else Image.Resampling.BILINEAR
        cover.paste(square.resize((COVER - 4, COVER - 4), how), (place * COVER + 2, 2))
    content = io.BytesIO()
    cover.save(content, format="png", optimize=True)
    return content.getvalue()


def _documentation(fitted):
    """Write the card with what other programs cannot know."""
    notes = [
        "The scores above are of what was not trained on. On a scan of yours, draw the truth of "
        "some slices by hand and compare.",
        "Normalise over the whole scan, not tile by tile: the statistics of a tile depend on "
        "what happens to lie in it.",
    ]
    config = fitted.config
    if config.threshold is not None:
        name = config.class_names[1]
        notes.append(f"Above the probability of {config.threshold:g} a voxel is {name}.")
    if config.normalisation.outside == "left_out":
        notes.append(
            "In training what lies outside the sample was in no statistics and 0 to the network; "
            "other programs normalise with it."
        )
    listed = "\n".join(f"- {note}" for note in notes)
    return f"{without_picture(fitted.read_card()).rstrip()}\n\n## Validation\n\n{listed}\n"


def _write_archive(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, DAY)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
