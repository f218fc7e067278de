"""From a published file of weights to a weights folder."""

import json
from pathlib import Path

from pydantic import ValidationError

from tomoseg_tf.volume import Normalisation, check_destination, file_hash
from tomoseg_tf.weights.card import card
from tomoseg_tf.weights.config import WeightsConfig, class_entries, explain
from tomoseg_tf.weights.folder import save_weights
from tomoseg_tf.weights.importers.guess import guess_arguments
from tomoseg_tf.weights.importers.keras_h5 import LEGACY, load_keras_h5, read_shapes, sniff
from tomoseg_tf.weights.importers.torch_state import read_state
from tomoseg_tf.weights.importers.torch_state import sniff as sniff_torch
from tomoseg_tf.weights.outputs import has_open_output

PUBLISHED = Normalisation(method="zscore", training="patch", prediction="volume")
XLEARN = Normalisation(method="minmax")
OF_TORCH = {"residual_unet_2d": 2, "residual_unet_3d": 3}  # networks, and their sides


def import_weights(
    source: str | Path,
    folder: str | Path,
    *,
    model="unet_3d",
    arguments=None,
    axes=None,
    normalisation=None,
    classes=None,
    threshold=None,
    spacing=None,
    data="",
    simulated=None,
    licence="",
    overwrite=False,
):
    """Turn a published file of weights into a weights folder.

    Reads Keras 2 files, weights alone or whole model, under any name, the
    ``.weights.h5`` files of Keras 3, and state_dicts of PyTorch in ``.npz`` and
    ``.safetensors`` files.

    Parameters
    ----------
    source : str or Path
        The file.
    folder : str or Path
        The weights folder to write.
    model : str
        Name of the builder.
    arguments : dict, optional
        Keyword arguments of the builder where they differ from its defaults, for
        one channel of any size and a binary net; those of `xlearn_unet` and of the
        residual U-Nets are read off the shapes in the file. One class is taken for the
        published net in `xlearn_unet`, whose output is rectified instead of a
        probability. Dilation and padding of a residual U-Net leave no trace in the file.
    axes : str, optional
        "ZYX" or "XYZ", the axis order of the volumes in training. By default
        "XYZ" for a Keras 2 file of `unet_3d`, as the published code has it, and
        "ZYX" otherwise.
    normalisation : Normalisation, optional
        How the input was normalised. By default as published: z-score, of each patch
        in training and of the whole volume in prediction, or for `xlearn_unet` from the
        minimum 0 to the maximum 1 of the volume.
    classes : sequence of str, optional
        Names, background first. By default "background" and "object", or "class 1" and so on;
        "dark label" and "bright label" for the published `xlearn_unet`, which regresses the
        grey level of a label image, whatever its objects are.
    threshold : float, optional
        Of a binary net; 0.5 by default.
    spacing : tuple of 3 floats, optional
        Voxel size (z, y, x) in µm of the training volumes.
    data : str
        What the weights were fitted on.
    simulated : bool, optional
        Whether that was simulated.
    licence : str
        Licence of the weights.
    overwrite : bool
        Replace existing weights.

    Returns
    -------
    Weights
        The written folder.

    Raises
    ------
    ValueError
        If the file is missing, damaged or does not fit the network, or the
        folder exists. Then nothing is written.
    """
    source, folder = Path(source), Path(folder)
    check_destination(folder, overwrite, folder=True)
    if not source.is_file():
        raise ValueError(f"{source} is no file; name the file of the weights")
    torch_format = sniff_torch(source)
    if torch_format:
        file_format, version = f"PyTorch state_dict, {torch_format}", ""
        network, arguments = _load_torch(source, model, arguments or {})
    else:
        file_format, version = sniff(source)
        network, arguments = _load(source, model, arguments or {})
    if axes is None:
        published = file_format == LEGACY and not version.startswith("3")
        axes = "XYZ" if published and model == "unet_3d" else "ZYX"
    values = {
        "model": model,
        "arguments": arguments,
        "axes": axes,
        "normalisation": normalisation or published_normalisation(model),
        "classes": class_entries(classes or _class_names(model, arguments)),
        "spacing": spacing,
        "data": _describe(data, source, file_format),
        "simulated": simulated,
        "licence": licence,
        "versions": {"keras": version} if version else {},
    }
    if threshold is not None:
        values["threshold"] = threshold
    try:
        config = WeightsConfig(**values)
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    return save_weights(folder, network, config, card=_card(config, source), overwrite=overwrite)


def published_normalisation(model):
    """Normalisation of the published code of a network, for files that do not tell."""
    return XLEARN if model == "xlearn_unet" else PUBLISHED


def _load(source, model, arguments):
    """Build the network and load the file; a misfit tells what the file looks like."""
    from tomoseg_tf.models.summary import build, default_arguments  # loads Keras

    guess = guess_arguments(model, [shape for _, shape in read_shapes(source)])
    given = {**(guess or {}), **arguments} if model == "xlearn_unet" else arguments
    arguments = {**default_arguments(model), **given}
    network = build(model, arguments)
    try:
        load_keras_h5(network, source)
    except ValueError as error:
        differing = {key: value for key, value in (guess or {}).items() if value != arguments[key]}
        if not differing:
            raise
        hint = f"the file looks like {model} with --arguments '{json.dumps(differing)}'"
        raise ValueError(f"{error}; {hint}") from None
    return network, arguments


def _load_torch(source, model, given):
    """Build the residual U-Net of a state_dict and load it."""
    from tomoseg_tf.models.summary import build, default_arguments  # loads Keras
    from tomoseg_tf.weights.importers import residual_unet

    if model not in OF_TORCH:
        raise ValueError(
            f"{source} is a state_dict of PyTorch, which is read for {' and '.join(OF_TORCH)} "
            f"only; set --model"
        )
    state = residual_unet.with_one_name(read_state(source, residual_unet.ANCHOR))
    rank, found = residual_unet.guess_arguments(state, source)
    if rank != OF_TORCH[model]:
        raise ValueError(
            f"{source} does not fit {model}: its kernels have {rank} sides; use --model "
            f"residual_unet_{rank}d"
        )
    for key in given.keys() & found.keys() - {"input_shape"}:
        if given[key] != found[key]:
            raise ValueError(
                f"{source} does not fit {model}: its arrays are of {key} {found[key]!r}, not "
                f"{given[key]!r}; leave {key} out of --arguments"
            )
    residual_unet.check_state(state, rank, found, source)
    arguments = {**default_arguments(model), **found, **given}
    network = build(model, arguments)
    residual_unet.load_state(network, state, rank, found)
    return network, arguments


def _class_names(model, arguments):
    """Names where none are stated; a label regressed as a grey level has no background."""
    num_classes = arguments["num_classes"]
    if num_classes == 1 and has_open_output(model, arguments):
        return ("dark label", "bright label")
    if num_classes == 1:
        return ("background", "object")
    return ("background", *(f"class {index}" for index in range(1, num_classes)))


def _describe(data, source, file_format):
    origin = f"Imported from {source.name} ({file_format}, SHA-256 {file_hash(source)})"
    return f"{data.rstrip('. ')}. {origin}" if data else origin


def _card(config, source):
    names = ", ".join(config.class_names)
    description = (
        f"Weights of `{config.model}` imported from {source.name}; classes: {names}.\n\n"
        "The arrays are those of the file. Normalisation, axis order, classes and threshold are "
        "what was stated at the import or the default of the published code, not read from the "
        "file: check a segmentation before you trust it."
    )
    return card(config, title=f"{config.model}, imported", description=description)
