"""The description of a model of bioimage.io: its ``rdf.yaml``."""

import inspect
import re

from tomoseg_tf.models import BUILDERS
from tomoseg_tf.volume.normalisation import NORMAL_QUARTILES
from tomoseg_tf.weights import summary

FORMAT = "0.5.12"  # of the description of models
EPSILON = 1e-6  # that its normalisations add to what they divide by
REFERENCE = re.compile(
    r"\.\. \[\d+\] (?P<text>.+?)(?P<kind>doi:|arXiv:)(?P<id>[^\s]+)", re.IGNORECASE | re.DOTALL
)
NAMED = re.compile(r"[A-Za-z0-9_+\- ()]{5,128}")
SPDX = re.compile(r"[A-Za-z0-9.+-]+")
DOI = re.compile(r"10\.\d{4,9}/\S+")
UNIT = "micrometer"


def check_possible(config):
    """Refuse weights whose input the format cannot describe.

    Parameters
    ----------
    config : WeightsConfig
        Of the weights.

    Raises
    ------
    ValueError
        If the scans went through filters.
    """
    if config.filters:
        raise ValueError(
            f"the weights expect filtered scans ({', '.join(config.filters)}), which a model of "
            "bioimage.io cannot say; export them with tomoseg-tf export"
        )


def describe_texts(fitted, *, authors, citations, licence, name):
    """Say what weights are, by whom, and under which licence.

    Parameters
    ----------
    fitted : Weights
        The weights.
    authors, citations, licence, name
        As for `tomoseg_tf.export.bioimageio.export_bioimageio`.

    Returns
    -------
    dict
        Plain values for YAML.

    Raises
    ------
    ValueError
        If a text is not what the format takes.
    """
    config = fitted.config
    return {
        "name": _name(fitted.name if name is None else name),
        "description": summary(fitted.read_card())[:512],
        "authors": [_author(text) for text in authors],
        "license": _licence(config.licence if licence is None else licence),
        "cite": _citations(citations, config.model),
    }


def describe(fitted, texts, *, sides, opset):
    """Describe weights for other programs.

    Parameters
    ----------
    fitted : Weights
        The weights.
    texts : dict
        From `describe_texts`.
    sides : dict
        ``smallest``, ``step`` and ``halo`` per axis, ``fixed`` or None.
    opset : int
        Version of the operators of ONNX.

    Returns
    -------
    dict
        Plain values for YAML.
    """
    config = fitted.config
    return {
        "format_version": FORMAT,
        "type": "model",
        **texts,
        "tags": _tags(config),
        "documentation": {"source": "README.md"},
        "covers": [{"source": "cover.png"}],
        "attachments": [{"source": "config.json"}],
        "inputs": [_input(config, sides)],
        "outputs": [_output(config, sides)],
        "weights": {"onnx": {"source": "weights.onnx", "opset_version": opset}},
        "config": {"bioimageio": _details(fitted)},
    }


def _input(config, sides):
    axes = [{"type": "batch"}]
    for letter, least, step, fixed, scale in _spatial(config, sides):
        size = fixed if fixed else {"min": least, "step": step}
        concatenable = {} if fixed else {"concatenable": True}
        axes.append({"type": "space", "id": letter, "size": size, **scale, **concatenable})
    axes.append({"type": "channel", "channel_names": ["grey"]})
    return {
        "id": "grey",
        "description": "grey levels as reconstructed",
        "axes": axes,
        "test_tensor": {"source": "test_input.npy"},
        "data": {"type": "float32"},
        "preprocessing": _preprocessing(config.normalisation, [each["id"] for each in axes[1:-1]]),
    }


def _output(config, sides):
    axes = [{"type": "batch"}]
    for number, (letter, _, _, fixed, scale) in enumerate(_spatial(config, sides)):
        halo = sides["halo"][number]
        size = fixed if fixed else {"tensor_id": "grey", "axis_id": letter}
        rim = {"halo": halo} if halo and not fixed else {}
        axes.append({"type": "space", "id": letter, "size": size, **scale, **rim})
    names = config.class_names[1:] if config.binary else config.class_names
    axes.append({"type": "channel", "channel_names": list(names)})
    return {
        "id": "probabilities",
        "description": "probability of each class",
        "axes": axes,
        "test_tensor": {"source": "test_output.npy"},
        "data": {"type": "float32", "range": [0.0, 1.0]},
    }


def _spatial(config, sides):
    """Axes of space: letter, shortest side, step, fixed side or None, and voxel size."""
    rank = len(sides["step"])
    letters, spacing = "zyx"[-rank:], (config.spacing or (None,) * 3)[-rank:]
    fixed = sides["fixed"] or (None,) * rank
    scales = [{} if side is None else {"unit": UNIT, "scale": side} for side in spacing]
    return list(zip(letters, sides["smallest"], sides["step"], fixed, scales, strict=True))


def _preprocessing(normalisation, spatial):
    """Say how the grey levels are normalised, each scan by itself."""
    steps = [{"id": "ensure_dtype", "kwargs": {"dtype": "float32"}}]
    axes = [*spatial, "channel"]
    if normalisation.method == "zscore":
        kwargs = {"axes": axes, "eps": EPSILON}
        steps.append({"id": "zero_mean_unit_variance", "kwargs": kwargs})
    elif normalisation.method != "none":
        low, high = normalisation.percentiles or (0.0, 100.0)
        kwargs = {"axes": axes, "min_percentile": low, "max_percentile": high, "eps": EPSILON}
        steps.append({"id": "scale_range", "kwargs": kwargs})
        if normalisation.method == "percentile":
            steps.append({"id": "clip", "kwargs": {"min": 0.0, "max": 1.0}})
        if normalisation.method == "robust":
            kwargs = {"gain": NORMAL_QUARTILES, "offset": -NORMAL_QUARTILES / 2}
            steps.append({"id": "scale_linear", "kwargs": kwargs})
        if normalisation.top != 1:
            steps.append({"id": "scale_linear", "kwargs": {"gain": normalisation.top}})
    return steps


def _details(fitted):
    """Tell what the format keeps for people."""
    config = fitted.config
    nature = {True: "simulated scans", False: "real scans", None: "scans, simulated or real"}
    data = config.data or "not recorded"
    return {
        "reproducibility_tolerance": [{"relative_tolerance": 1e-3, "absolute_tolerance": 1e-3}],
        "architecture_type": config.model[:32],
        "modality": "X-ray tomography",
        "target_structure": list(config.class_names[1:]),
        "task": "semantic segmentation",
        "model_parameter_count": fitted.count_parameters(),
        "bias_risks_limitations": {
            "known_biases": f"Fitted on {nature[config.simulated]}: {data}",
            "risks": "Segmentations of other materials, contrasts or voxel sizes can be wrong "
            "without looking so.",
            "limitations": _section(fitted.read_card(), "Where they fail"),
            "recommendations": "Compare with truth drawn by hand in some slices of the scan.",
        },
    }


def _section(card, heading):
    """Text below a heading of a card."""
    _, _, rest = card.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0].strip() or "not studied"


def _tags(config):
    words = ["x-ray-tomography", "materials-science", "segmentation", f"{config.dimensions}d"]
    return [*words, config.model.replace("_", "-"), "tomoseg-tf"]


def _name(text):
    if not NAMED.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be a title there: take 5 to 128 letters, digits and any of _+-() and "
            "spaces, as --name"
        )
    return text


def _author(text):
    name, _, affiliation = (part.strip() for part in text.partition(","))
    if not name or "/" in name or "\\" in name:
        raise ValueError(f"author {text!r}: write NAME or NAME, AFFILIATION, without slashes")
    return {"name": name, "affiliation": affiliation} if affiliation else {"name": name}


def _licence(text):
    """Find the SPDX identifier at the beginning of a licence."""
    found = SPDX.match(text.strip())
    if found is None or found[0].lower() in ("not", "see", "own", "none", "unknown"):
        raise ValueError(
            f"licence {text!r} does not begin with an SPDX identifier such as BSD-3-Clause; state "
            "one as --licence"
        )
    return found[0]


def _citations(texts, model):
    """Publications given, and those that the code of the network names."""
    given = []
    for text in texts:
        words, _, doi = text.rpartition("|")
        if not words.strip() or not DOI.fullmatch(doi.strip()):
            raise ValueError(f"citation {text!r}: write TEXT|DOI, such as 'Me, 2026|10.1000/182'")
        given.append({"text": words.strip(), "doi": doi.strip()})
    for found in REFERENCE.finditer(inspect.getdoc(BUILDERS[model]) or ""):
        text = " ".join(found["text"].split()).rstrip(" .")
        identifier = found["id"].rstrip(".")
        doi = identifier if found["kind"].lower() == "doi:" else f"10.48550/arXiv.{identifier}"
        given.append({"text": text, "doi": doi})
    return given
