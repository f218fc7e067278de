"""Collect the scores of the study into a table and draw them over the share of labels.

    python curve.py OUT

OUT has KIND_SHARE_SEED.json, as ``tomoseg-tf evaluate --json`` prints it, and beside it
KIND_SHARE_SEED.labels, as ``tomoseg-tf truth --json`` does. Writes OUT/curve.csv, curve.png and
curve.md, and prints the latter.
"""

import json
import sys
from pathlib import Path

import numpy as np

from tomoseg_tf.plots import save_figure
from tomoseg_tf.plots.figure import label_axes, new_axes

COLOURS = {"slices": "#0072b2", "boxes": "#d55e00", "scribbles": "#009e73"}
MARKERS = {"slices": "o", "boxes": "s", "scribbles": "^"}
FIELDS = (
    "kind",
    "share_percent",
    "labelled_voxels",
    "object_voxels",
    "seed",
    "dice",
    "recall",
    "precision",
)


def main(out):
    """Write table and figure."""
    rows = sorted(
        map(read, out.glob("*_*_*.json")), key=lambda row: (row["kind"], row["labelled_voxels"])
    )
    if not rows:
        raise SystemExit(f"{out}: holds no scores yet; run.sh writes them")
    save_figure(
        draw(rows),
        out / "curve.png",
        True,
        dpi=200,
        data={name: [row[name] for row in rows] for name in FIELDS},
    )
    lines = [
        "| " + " | ".join(name.replace("_", " ") for name in FIELDS) + " |",
        "| --- " * len(FIELDS) + "|",
    ]
    lines += ["| " + " | ".join(text(row[name]) for name in FIELDS) + " |" for row in rows]
    (out / "curve.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def read(path):
    """Scores and labels of one training: dict."""
    kind, _, seed = path.stem.split("_")
    found = json.loads(path.read_text(encoding="utf-8"))
    objects = found["classes"][1:]
    objects = [each for each in objects if each["dice"] is not None] or objects  # of none: no score
    scores = {
        name: np.mean([each[name] or 0.0 for each in objects])
        for name in ("dice", "recall", "precision")
    }
    labels = json.loads(path.with_suffix(".labels").read_text(encoding="utf-8"))
    voxels = [each["voxels"] for each in labels["classes"]]
    whole = np.prod(labels["shape"])
    return {
        "kind": kind,
        "share_percent": 100 * sum(voxels) / whole,
        "labelled_voxels": sum(voxels),
        "object_voxels": sum(voxels[1:]),
        "seed": int(seed),
        **scores,
    }


def draw(rows):
    """Draw Dice over the share of the voxels that is labelled."""
    ax = new_axes(size=(3.4, 2.8))
    for row in rows:
        if row["kind"] == "all":
            ax.axhline(row["dice"], color="0.5", linewidth=0.8, linestyle="--")
            across = ax.get_yaxis_transform()
            ax.text(0.02, row["dice"], "all voxels", transform=across, va="bottom", size=7)
    for kind, colour in COLOURS.items():
        these = [row for row in rows if row["kind"] == kind]
        shares = [row["share_percent"] for row in these]
        line = "-" if len({row["seed"] for row in these}) < 2 else ""
        dice = [row["dice"] for row in these]
        if these:
            ax.plot(
                shares, dice, line, marker=MARKERS[kind], color=colour, markersize=4, label=kind
            )
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    label_axes(ax, "labelled voxels (%)", "Dice on another scan")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize=7)
    return ax


def text(value):
    """Text of a cell."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
