"""The card of a weights folder: what a person must know before using it."""

from tomoseg_tf.weights.config import WeightsConfig
from tomoseg_tf.weights.fingerprint import describe_fingerprint
from tomoseg_tf.weights.outputs import has_open_output

_TRAINING = {
    "volume": "statistics of the whole volume",
    "patch": "statistics of each patch",
}
_LINEAR = "Grey levels: on any linear scale, 8-bit, 16-bit or float; "
_SCALES = {
    "zscore": f"{_LINEAR}mean and standard deviation of the scan are taken out.",
    "robust": f"{_LINEAR}the quartiles of the scan set the scale, so that few very dark or bright "
    "voxels do not move it.",
    "minmax": f"{_LINEAR}the darkest and brightest voxels of the scan set the scale, so that hot "
    "pixels must be gone.",
    "percentile": f"{_LINEAR}the percentiles of the scan set the scale.",
    "none": "Grey levels: as they are; a scan must be on the scale of those above.",
}


def card(config: WeightsConfig, *, title=None, description="", limits=()):
    """Write the card of fitted weights.

    Parameters
    ----------
    config : WeightsConfig
        What is known of them.
    title : str, optional
        Heading; default: the name of the network.
    description : str, optional
        What they are for, in Markdown; its first line stands in lists of weights.
    limits : sequence of str, optional
        Where they fail or were never tried, one sentence each.

    Returns
    -------
    str
        Markdown.
    """
    parts = [
        f"# {title or config.model}",
        description.strip() or _describe(config),
        "## Fitted on",
        _data(config),
        *([describe_fingerprint(config.fingerprint)] if config.fingerprint else []),
        "## Input",
        _input(config),
        "## Output",
        _output(config),
        "## Scores",
        _scores(config.scores),
        "## Where they fail",
        _list(limits) or "Not studied. Check them on your own scans, with truth drawn by hand.",
        "## Settings",
        _settings(config),
    ]
    return "\n\n".join(parts) + "\n"


def summary(text):
    """Find the line of a card that says in short what the weights are for.

    Parameters
    ----------
    text : str
        The card.

    Returns
    -------
    str
        Its first line that is neither blank nor a heading, without the marks of code;
        "" if there is none.
    """
    lines = (line.strip().replace("`", "") for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def _describe(config):
    names = ", ".join(config.class_names)
    return f"Weights of `{config.model}` for {len(config.classes)} classes: {names}."


def _data(config):
    nature = {True: "Simulated scans", False: "Real scans", None: "Simulated or real: not recorded"}
    lines = [
        f"{nature[config.simulated]}. {config.data or 'No description.'}",
        f"Voxel size (z, y, x): {_spacing(config.spacing)}.",
        _grey(config.intensity, behind=config.filters),
    ]
    if config.spacing or config.intensity:
        lines.append("Scans whose voxel size or contrast differ much from these need a new fit.")
    return _list(lines)


def _spacing(spacing):
    if spacing is None:
        return "not recorded; compare how many voxels wide the objects are"
    return " × ".join(f"{side:g}" for side in spacing) + " µm"


def _grey(statistics, *, behind=()):
    if statistics is None:
        return "Grey levels: not recorded."
    text = f"Grey levels{' behind the filters' if behind else ''}: "
    text += f"{statistics.mean:.4g} ± {statistics.std:.4g}"
    text += f" (mean ± standard deviation), from {statistics.minimum:g} to {statistics.maximum:g}"
    inner = [percent for percent in (1.0, 99.0) if percent in statistics.percentiles]
    if len(inner) == 2:
        low, high = (statistics.percentiles[percent] for percent in inner)
        text += f", 98 % of the voxels from {low:g} to {high:g}"
    return f"{text}."


def _input(config):
    normalisation = config.normalisation
    method = text = normalisation.method
    if method == "percentile":
        text += f" ({normalisation.low:g} to {normalisation.high:g})"
    if normalisation.top != 1:
        text += f", from 0 to {normalisation.top:g}"
    lines = [
        _seen(config),
        _SCALES[method],
        f"Normalisation: {text}; in training {_TRAINING[normalisation.training]}, in "
        f"prediction {_TRAINING[normalisation.prediction]}.",
    ]
    if normalisation.outside == "left_out":
        lines.append("What lies outside the sample is in no statistics and 0 to the network.")
    if config.filters:
        lines.append(f"Filters before all that: {', '.join(config.filters)}.")
    return _list(lines)


def _seen(config):
    """Tell in which form a network sees a volume."""
    shape = config.arguments.get("input_shape", ())
    if len(shape) != 3:
        return f"Axis order of the network: {', '.join(config.axes)}."
    channels = "grey as 1 channel" if shape[-1] == 1 else f"grey repeated as {shape[-1]} channels"
    return f"Slices (Y, X) along z, {channels}."


def _output(config):
    rows = [
        {"index": index, "class": entry.name, "colour": entry.colour}
        for index, entry in enumerate(config.classes)
    ]
    return f"{_table(rows)}\n\n{_rule(config)}"


def _rule(config):
    """Tell how the output of the network becomes a class."""
    if not config.binary:
        return "One probability per class; the likeliest class is taken."
    value = "One probability per voxel"
    if has_open_output(config.model, config.arguments):
        value = (
            "One value per voxel, the grey level of a label from 0 (the darkest) to 1 (the "
            "brightest), as the network was fitted by regression; it may exceed 1"
        )
    return f"{value}; above {config.threshold:g} it is {config.class_names[1]}."


def _scores(scores):
    """Tables of scores, one for each kind of data; the scores go down, the scans across."""
    kinds = {}
    for row in scores:
        kinds.setdefault(str(row.get("data", "data")), []).append(row)
    return "\n\n".join(_scores_of(kind, rows) for kind, rows in kinds.items()) or "Not measured."


def _scores_of(kind, rows):
    """Table of the scores on one kind of data."""
    seeds = len({row.get("seed") for row in rows} - {None}) == len(rows)
    heads = [f"seed {row['seed']}" if seeds else f"{number}" for number, row in enumerate(rows, 1)]
    if len(rows) == 1 and not seeds:
        heads = ["value"]
    named = ("data", "seed") if seeds else ("data",)
    keys = dict.fromkeys(key for row in rows for key in row if key not in named)
    return _table([{kind: key, **_across(rows, heads, key)} for key in keys])


def _across(rows, heads, key):
    """Find what each scan has of a score, by the heads of their columns."""
    return {head: row.get(key) for head, row in zip(heads, rows, strict=True)}


def _settings(config):
    arguments = ", ".join(f"{key}={value}" for key, value in config.arguments.items())
    versions = ", ".join(f"{name} {version}" for name, version in config.versions.items())
    return _list(
        [
            f"Network: `{config.model}({arguments})`",
            f"Seed: {'not recorded' if config.seed is None else config.seed}",
            f"Versions: {versions or 'not recorded'}",
            f"Recipe: {'in `config.json`' if config.recipe else 'not recorded'}",
            f"Licence: {config.licence or 'not stated'}",
        ]
    )


def _list(lines):
    return "\n".join(f"- {line}" for line in lines)


def _table(rows):
    """Markdown table of dicts; its columns are all their keys in order of appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [[_cell(column) for column in columns], ["---"] * len(columns)]
    lines += [[_cell(row.get(column)) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value):
    if value is None:
        return "-"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
