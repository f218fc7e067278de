"""Export weights: write the graph, run it, and keep it only if it gives what Keras gives."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tomoseg_tf.export.explanation import explain
from tomoseg_tf.export.formats import find_format
from tomoseg_tf.export.graph import CLASSES, GREY, OFFSET, PROBABILITIES, SCALE, make_graph
from tomoseg_tf.prediction import predict_volume, to_segmentation
from tomoseg_tf.volume import check_destination, measure, staged_folder
from tomoseg_tf.volume.storage.staging import staged_files
from tomoseg_tf.weights import open_weights

TOLERANCE = 1e-4
README = "README.md"


def export_weights(weights, path, *, format=None, overwrite=False):
    """Export weights as a graph from grey levels to probabilities and classes, and check it.

    Parameters
    ----------
    weights : str or path
        Weights folder, or the name of shipped weights.
    path : path
        A ``.onnx`` file, an ``.xml`` file for OpenVINO (its ``.bin`` beside it), or a folder for a
        SavedModel. How to call it is explained in a README.md in the folder, or in
        ``NAME.README.md`` beside the file.
    format : str, optional
        "savedmodel", "onnx" or "openvino"; by the suffix of the path if not given.
    overwrite : bool
        Whether an existing output may be replaced.

    Returns
    -------
    dict
        ``path``, ``format``, ``difference`` (the largest between a probability of the exported
        graph and one of Keras), ``tolerance``, ``shapes`` (of the grey levels tried), ``readme``.

    Raises
    ------
    ValueError
        If the weights cannot be opened, a package is missing, the output exists, or what was
        exported differs from Keras by more than 1e-4.

    Notes
    -----
    The network is given noise in blocks, of the grey levels of the training scan if these are
    known. What it should give is predicted with `tomoseg_tf.prediction.predict_volume`.
    """
    path = Path(path)
    chosen = find_format(path, format)
    fitted = open_weights(weights)
    paths = _paths(path, chosen)
    for each in paths:
        check_destination(each, overwrite, folder=not chosen.suffix, marker="saved_model.pb")
    chosen.check_packages()
    graph = make_graph(fitted)
    defaults = training_scan(fitted.config)
    with _staged(paths, overwrite) as (partial, readme):
        chosen.write(graph, partial)
        difference, shapes = _check(chosen.open(partial), fitted, graph)
        if not difference <= TOLERANCE:
            raise ValueError(
                f"{path}: {chosen.title} differs from Keras by {difference:.2g}, more than "
                f"{TOLERANCE:g}; nothing was written, try another format"
            )
        text = explain(fitted, graph, chosen, path.name, defaults, difference)
        readme.write_text(text, encoding="utf-8")
    return {
        "path": str(path),
        "format": chosen.name,
        "difference": difference,
        "tolerance": TOLERANCE,
        "shapes": shapes,
        "readme": str(path / README if len(paths) == 1 else paths[-1]),
    }


def training_scan(config):
    """Offset and scale of the normalisation for the grey levels of the training scan.

    Parameters
    ----------
    config : tomoseg_tf.weights.WeightsConfig
        Of the weights.

    Returns
    -------
    dict of str to (1,) ndarray of float32
        By the names of the inputs; empty if the grey levels are not known or not needed.
    """
    if config.normalisation.method == "none" or config.intensity is None:
        return {}
    try:
        found = config.normalisation.intensity(config.intensity)
    except ValueError:  # a percentile that was not measured
        return {}
    return _numbers(found)


def _numbers(intensity):
    values = {OFFSET: intensity.shift, SCALE: intensity.scale}
    return {name: np.array([value], np.float32) for name, value in values.items()}


def _check(run, fitted, graph):
    """Compare with the prediction of Keras; return the largest difference and the shapes tried."""
    config, network, worst, shapes = fitted.config, fitted.build(), 0.0, []
    for number in (1, 2):
        volume = _noise(config, graph, number)
        normalisation = config.normalisation
        inputs = {GREY: volume if volume.ndim > len(graph.step) else volume[None]}
        if normalisation.method != "none":
            statistics = measure(volume, normalisation.percentiles)
            inputs |= _numbers(normalisation.intensity(statistics))
        found = run(inputs)
        expected = predict_volume(
            network, volume, normalisation=normalisation, mask="none", axes=config.axes
        )
        _check_shapes(found, (*inputs[GREY].shape, expected.shape[-1]))
        probabilities = found[PROBABILITIES].reshape(expected.shape)
        worst = max(worst, float(abs(probabilities - expected).max()))
        if np.isnan(probabilities).any():
            worst = float("nan")
        classes = to_segmentation(probabilities, config.threshold)
        if not np.array_equal(found[CLASSES].reshape(classes.shape), classes):
            raise ValueError("the classes are not those of the probabilities; try another format")
        shapes.append(list(inputs[GREY].shape))
    return worst, shapes


def _check_shapes(found, shape):
    """Refuse outputs with other axes; a converter may leave out the last step of a graph."""
    for name, wanted in ((PROBABILITIES, shape), (CLASSES, shape[:-1])):
        if found[name].shape != wanted:
            raise ValueError(
                f"the exported graph gives {name} of shape {found[name].shape} in place of "
                f"{wanted}; nothing was written, try again or another format"
            )


def _noise(config, graph, number):
    """Make a volume of blocks of grey, (Z, Y, X); of slices as many as its number."""
    rng, rank = np.random.default_rng(number), len(graph.step)
    sides = graph.sides or [
        least + (number + axis) * step
        for axis, (least, step) in enumerate(zip(graph.smallest, graph.step, strict=True))
    ]
    shape = tuple(sides) if rank == 3 else (number, *sides)
    mean, std = (
        (128, 40)
        if config.intensity is None
        else (
            config.intensity.mean,
            config.intensity.std,
        )
    )
    noise = rng.standard_normal(shape)
    blocks = rng.standard_normal([-(-side // 4) for side in shape])
    for axis in range(3):
        blocks = blocks.repeat(4, axis)
    return (mean + std * (0.3 * noise + blocks[tuple(map(slice, shape))])).astype(np.float32)


def _paths(path, chosen):
    """Name what is written: the main one first, the explanation last."""
    if not chosen.suffix:
        return [path]
    more = [path.with_suffix(".bin")] if path.suffix.lower() == ".xml" else []
    return [path, *more, path.with_name(f"{path.name}.{README}")]


@contextmanager
def _staged(paths, overwrite):
    """Give temporary names of the graph and of its explanation."""
    if len(paths) == 1:
        with staged_folder(paths[0], overwrite=overwrite, marker="saved_model.pb") as folder:
            yield folder, folder / README
        return
    with (
        staged_files(*paths, overwrite=overwrite) as partials,
        tempfile.TemporaryDirectory() as folder,  # converters go by suffixes
    ):
        made = [Path(folder, path.name) for path in paths]
        yield made[0], made[-1]
        for source, partial in zip(made, partials, strict=True):
            shutil.copyfile(source, partial)
