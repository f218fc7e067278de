"""What an ablation found: as a table, as CSV and as a figure."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from tomoseg_tf.evaluation import format_score
from tomoseg_tf.plots import new_axes, save_figure
from tomoseg_tf.studies.study_folder import say_where
from tomoseg_tf.table import aligned
from tomoseg_tf.volume import staged_file

DRAWN = ("dice", "recall", "precision")
STYLES = ("o-", "s--", "^:", "D-.")


@dataclass(frozen=True)
class NetScores:
    """One network of an ablation; a score that is not defined is None.

    Attributes
    ----------
    levels, base_features : int
        Size of the network.
    parameters : int
        Trainable or not.
    minutes_per_epoch : float
        Median over the epochs, with the validation after each.
    accuracy : float or None
        Share of the voxels with the right class.
    recall, precision, dice : float or None
        Of the object class; for several, the mean over those for which it is defined.
    epochs : int
        Epochs trained.
    best_epoch : int
        Epoch of the weights that were scored, from 1.
    weights : str
        Their folder.
    """

    levels: int
    base_features: int
    parameters: int
    minutes_per_epoch: float
    accuracy: float | None
    recall: float | None
    precision: float | None
    dice: float | None
    epochs: int
    best_epoch: int
    weights: str


@dataclass(frozen=True)
class Ablation:
    """Networks of several sizes, trained and scored alike.

    Attributes
    ----------
    folder : Path
        Where the runs are.
    split : str
        Split of the records that the scores are of, "test" or "validation".
    patches : int
        Number of its patches.
    patch : (int, int, int)
        Their sides (Z, Y, X) in voxels.
    criterion : str
        Validation score by which the epoch of each network was chosen.
    classes : tuple of str
        Names of the classes, background first.
    nets : list of NetScores
        One per network.
    """

    folder: Path
    split: str
    patches: int
    patch: tuple
    criterion: str
    classes: tuple
    nets: list

    def to_dict(self):
        """All of it as plain values for JSON; what is not defined is None."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {"folder": str(self.folder), "patch": list(self.patch), "classes": [*self.classes]}
        return {**found, **plain, "nets": [asdict(net) for net in self.nets]}

    def table(self):
        """Text in the columns of the paper, and below it how the scores were taken."""
        rows = [
            (
                *(str(net.levels), str(net.base_features), f"{net.parameters:,}"),
                f"{net.minutes_per_epoch:.3g}",
                *(format_score(score) for score in (net.accuracy, net.recall, net.precision)),
            )
            for net in self.nets
        ]
        head = ("Levels", "Base", "Parameters", "Min/epoch", "Accuracy", "Recall", "Precision")
        return "\n".join([aligned([head, *rows], left=(), rule=1), "", *self.describe()])

    def describe(self):
        """Say in a few lines which voxels, weights and classes the scores are of."""
        objects = self.classes[1:]
        whose = f"of the class {objects[0]}"
        if len(objects) > 1:
            whose = f"macro, means over the classes {', '.join(objects)}"
        return [
            say_where(self.split, self.patches, self.patch),
            f"Weights: the epoch of each net with the best validation {self.criterion}.",
            f"Recall and precision: {whose}.",
            "Min/epoch: median over the epochs on this machine, validation included.",
        ]


def net_scores(scores, **known):
    """Reduce the scores of a network to its row.

    Parameters
    ----------
    scores : tomoseg_tf.evaluation.Scores
        Of all voxels.
    **known
        The other attributes of `NetScores`.

    Returns
    -------
    NetScores
        The row.
    """
    means = {name: _mean([getattr(one, name) for one in scores.classes[1:]]) for name in DRAWN}
    return NetScores(accuracy=scores.accuracy, **means, **known)


def write_csv(result, path):
    """Write a line for each network; an undefined score is left empty.

    Parameters
    ----------
    result : Ablation
        What to write.
    path : Path
        The file; an earlier one is replaced.
    """
    common = {"split": result.split, "criterion": f"validation {result.criterion}"}
    with (
        staged_file(path, overwrite=True) as partial,
        open(partial, "w", newline="", encoding="utf-8") as file,
    ):
        names = [field.name for field in fields(NetScores)]
        writer = csv.DictWriter(file, [*names, *common], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(net), **common} for net in result.nets)


def plot_ablation(result, path=None):
    """Draw Dice, recall and precision against the number of parameters.

    Parameters
    ----------
    result : Ablation
        What to draw.
    path : Path, optional
        File to save the figure in; an earlier one is replaced.

    Returns
    -------
    (3,) ndarray of Axes
        One for each score, with a line for each number of levels.
    """
    axes = new_axes(1, len(DRAWN), size=(7.2, 2.9))
    depths = sorted({net.levels for net in result.nets}, reverse=True)
    for ax, score in zip(axes, DRAWN, strict=True):
        for index, levels in enumerate(depths):
            nets = [net for net in result.nets if net.levels == levels]
            _draw_line(ax, nets, score, STYLES[index % len(STYLES)], f"C{index}")
        ax.set_title(score.capitalize(), size=9.5)
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _thousands(value)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.margins(x=0.18, y=0.15)
        ax.tick_params(labelsize=8)
        ax.grid(alpha=0.3, lw=0.5)
    axes[1].set_xlabel(f"Parameters (numbers: base features); {result.split} split", size=8.5)
    axes[0].legend(fontsize=8, frameon=False)
    if path is not None:
        save_figure(axes[0], path, overwrite=True)
    return axes


def _draw_line(ax, nets, score, style, colour):
    """Draw the networks of one depth, each point named by its base features."""
    nets = sorted(nets, key=lambda net: net.parameters)
    values = [np.nan if getattr(net, score) is None else getattr(net, score) for net in nets]
    label = f"{nets[0].levels} levels"
    ax.plot([net.parameters for net in nets], values, style, color=colour, label=label, ms=4, lw=1)
    for net, value in zip(nets, values, strict=True):
        if np.isfinite(value):
            ax.annotate(
                str(net.base_features),
                (net.parameters, value),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                size=7.5,
                color=colour,
                path_effects=[withStroke(linewidth=2, foreground="white")],
            )


def _thousands(value):
    return f"{value / 1000:g} k" if value >= 1000 else f"{value:g}"


def _mean(values):
    """Mean of the scores that are defined, None without any."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
